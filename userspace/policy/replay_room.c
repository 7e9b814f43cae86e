/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting in a replay: policy/queue driven as daemon/room_drain.c and room_end.c drive it. Here a wakeup is never late,
 * and a client that gives up is known to at once.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <stddef.h>
#include <string.h>

#include "core/clock.h"
#include "policy/replay_parts.h"
#include "spillway/address.h"
#include "spillway/chain.h"

/* As the daemon's. */
#define LOOK_NS	    (50 * SW_NS_PER_MS)
#define RAMP_LAG_NS (20 * SW_NS_PER_MS)

static void put(struct sw_parked *parked, size_t at, const void *from, size_t bytes)
{
	memcpy(parked->frame + at, from, bytes);
}

/* A SYN as the gate copies it, whose sequence number is the connection's index. */
static struct sw_parked parked_of(const struct sw_replay_sim *sim, size_t index, uint8_t reason)
{
	const struct sw_replay_connection *connection = &sim->replay->connections[index];
	const struct sw_flow_key *flow = &connection->flow;
	bool is_ipv4 = sw_address_is_ipv4(&flow->client);
	size_t ip_bytes = is_ipv4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	const struct ethhdr eth = {.h_proto = htons(is_ipv4 ? ETH_P_IP : ETH_P_IPV6)};
	struct tcphdr tcp = {.source = flow->client_port_be,
			     .dest = flow->server_port_be,
			     .seq = htonl((uint32_t)index),
			     .doff = 5,
			     .syn = 1};
	struct ipv6hdr ip6 = {.version = 6, .payload_len = htons(sizeof(tcp)), .nexthdr = 6};
	struct iphdr ip4 = {.version = 4, .ihl = 5, .protocol = 6};
	struct sw_parked parked = {
		.kind = SW_WAKEUP_PARKED,
		.ifindex = 1,
		.syn_ns = connection->at_ns,
		.seen_ns = sim->now_ns,
		.where = (uint32_t)(sizeof(eth) | (sizeof(eth) + ip_bytes) << 8),
		.isn = (uint32_t)index,
		.class_id = (uint16_t)sim->places[index].class_id,
		.service = (uint8_t)sim->places[index].service,
		.reason = reason,
		.is_ipv6 = !is_ipv4,
		.length = (uint8_t)(sizeof(eth) + ip_bytes + sizeof(tcp)),
	};

	parked.source_bits = is_ipv4 ? sim->rooms[parked.service].conf.ipv4_bits
				     : sim->rooms[parked.service].conf.ipv6_bits;
	memcpy(&ip4.saddr, &flow->client.bytes[12], sizeof(ip4.saddr));
	memcpy(&ip4.daddr, &flow->server.bytes[12], sizeof(ip4.daddr));
	memcpy(&ip6.saddr, &flow->client, sizeof(ip6.saddr));
	memcpy(&ip6.daddr, &flow->server, sizeof(ip6.daddr));
	put(&parked, 0, &eth, sizeof(eth));
	put(&parked, sizeof(eth), is_ipv4 ? (const void *)&ip4 : &ip6, ip_bytes);
	put(&parked, sizeof(eth) + ip_bytes, &tcp, sizeof(tcp));
	return parked;
}

static size_t index_of(const struct sw_replay_room *room, const struct sw_waiter *waiter)
{
	struct sw_frame frame;

	sw_queue_frame(room->queue, waiter, &frame);
	return sw_frame_isn(frame.bytes, frame.tcp_at);
}

static bool ramps(const struct sw_replay_room *room)
{
	return room->ramp_interval_ns && sw_queue_needs_ramp(room->queue);
}

/* As daemon/room_drain.c: when something is due, or with somebody who waits, the next look of the clock. */
static void schedule(struct sw_replay_sim *sim, uint32_t service)
{
	struct sw_replay_room *room = &sim->rooms[service];
	uint64_t at_ns = sw_queue_deadline_ns(room->queue, sim->now_ns);

	if (at_ns == UINT64_MAX)
		return;
	if (!room->state.hold && sw_queue_next(room->queue))
		at_ns = ramps(room) && room->ramp_next_ns < at_ns ? room->ramp_next_ns : at_ns;
	if (at_ns > sim->now_ns + LOOK_NS)
		at_ns = sim->now_ns + LOOK_NS;
	/* What is due now was done now: this is for what it left. */
	if (at_ns <= sim->now_ns)
		at_ns = sim->now_ns + SW_NS_PER_US;
	if (room->looks_at_ns > sim->now_ns && room->looks_at_ns <= at_ns)
		return;
	room->looks_at_ns = at_ns;
	if (sw_replay_agenda_add(&sim->agenda, at_ns, SW_REPLAY_LOOKS, service))
		sim->is_out_of_memory = true;
}

/* It is no waiter any more. */
static void leave(struct sw_replay_sim *sim, const struct sw_waiter *waiter, size_t index,
		  struct sw_verdict verdict)
{
	struct sw_replay_connection *connection = &sim->replay->connections[index];
	struct sw_replay_place *place = &sim->places[index];
	struct sw_replay_room *room = &sim->rooms[place->service];
	bool is_in = sw_lane_admits(verdict.lane);

	sw_waiting_free(&room->state, &sim->classes[place->class_id]);
	sw_source_leave(&place->source->live.word);
	place->lane = SW_LANE_NONE;
	connection->is.waited_ns = sim->now_ns - connection->at_ns;
	connection->is.lane = verdict.lane;
	connection->is.reason = verdict.reason;
	sw_queue_leave(room->queue, waiter, is_in, sim->now_ns);
	if (is_in)
		sw_replay_admit(sim, index, verdict.lane, verdict.reason);
}

/* A client that dials anew from a port has given up what waited there. */
static void replace(struct sw_replay_sim *sim, const struct sw_parked *parked)
{
	struct sw_replay_room *room = &sim->rooms[parked->service];
	const struct sw_waiter *waiter = sw_queue_find(room->queue, parked);

	if (waiter)
		leave(sim, waiter, index_of(room, waiter),
		      (struct sw_verdict){.lane = SW_LANE_NONE});
}

bool sw_replay_park(struct sw_replay_sim *sim, size_t index, uint8_t reason)
{
	struct sw_parked parked = parked_of(sim, index, reason);
	struct sw_replay_connection *connection = &sim->replay->connections[index];

	replace(sim, &parked);
	if (sw_queue_park(sim->rooms[parked.service].queue, &parked, sim->now_ns) < 0 ||
	    (connection->patience_ns != SW_REPLAY_UNKNOWN &&
	     sw_replay_agenda_add(&sim->agenda, connection->at_ns + connection->patience_ns,
				  SW_REPLAY_GIVES_UP, index)))
		return false;
	sim->places[index].lane = SW_LANE_QUEUE;
	connection->is.waited = true;
	return true;
}

void sw_replay_give_up(struct sw_replay_sim *sim, size_t index)
{
	const struct sw_parked parked = parked_of(sim, index, 0);
	struct sw_replay_place *place = &sim->places[index];
	struct sw_queue *queue = sim->rooms[place->service].queue;
	const struct sw_waiter *waiter;

	if (place->lane != SW_LANE_QUEUE)
		return;
	waiter = sw_queue_find(queue, &parked);
	if (waiter)
		leave(sim, waiter, index, (struct sw_verdict){.lane = SW_LANE_NONE});
	sw_replay_drain(sim, place->service);
}

static void keep(struct sw_replay_sim *sim, struct sw_replay_room *room,
		 const struct sw_waiter *waiter, const struct sw_replay_turn *kept)
{
	sw_queue_set_aside(room->queue, waiter, kept->scope);
	if (kept->scope != SW_QUEUE_SOURCE)
		sw_queue_note_short(room->queue, waiter, sim->now_ns);
}

static void step_ramp(const struct sw_replay_sim *sim, struct sw_replay_room *room)
{
	if (room->ramp_next_ns + RAMP_LAG_NS < sim->now_ns)
		room->ramp_next_ns = sim->now_ns - RAMP_LAG_NS;
	room->ramp_next_ns += room->ramp_interval_ns;
}

static void turn(struct sw_replay_sim *sim, struct sw_replay_room *room,
		 const struct sw_waiter *waiter)
{
	size_t index = index_of(room, waiter);
	struct sw_replay_turn done = sw_replay_decide_waiter(sim, index, SW_RELEASE_ADMIT);
	bool ramped = ramps(room);

	if (done.verdict.lane == SW_LANE_QUEUE) {
		keep(sim, room, waiter, &done);
		return;
	}
	leave(sim, waiter, index, done.verdict);
	if (ramped || ramps(room))
		step_ramp(sim, room);
}

static void send_on_overdue(struct sw_replay_sim *sim, struct sw_replay_room *room)
{
	const struct sw_waiter *waiter;

	while ((waiter = sw_queue_overdue(room->queue, sim->now_ns))) {
		size_t index = index_of(room, waiter);
		struct sw_replay_turn done =
			sw_replay_decide_waiter(sim, index, SW_RELEASE_TIME_OUT);

		leave(sim, waiter, index, done.verdict);
	}
}

void sw_replay_drain(struct sw_replay_sim *sim, uint32_t service)
{
	struct sw_replay_room *room = &sim->rooms[service];
	const struct sw_waiter *waiter;

	while (!room->state.hold && (!ramps(room) || sim->now_ns >= room->ramp_next_ns)) {
		waiter = sw_queue_next(room->queue);
		if (!waiter)
			break;
		turn(sim, room, waiter);
	}
	schedule(sim, service);
}

void sw_replay_look(struct sw_replay_sim *sim, uint32_t service)
{
	struct sw_replay_room *room = &sim->rooms[service];

	if (!sw_queue_count(room->queue))
		return;
	sw_queue_rejoin_some(room->queue, sim->now_ns, NULL, NULL);
	send_on_overdue(sim, room);
	sw_replay_drain(sim, service);
}

void sw_replay_hold(struct sw_replay_sim *sim, uint32_t service, uint64_t hold)
{
	struct sw_replay_room *room = &sim->rooms[service];
	bool ends = room->state.hold && !hold;

	if (ends) {
		room->ramp_next_ns = sim->now_ns;
		sw_queue_begin_ramp(room->queue, sim->now_ns);
	}
	room->state.hold = hold;
	sw_queue_hold(room->queue, hold != 0);
	if (!ends)
		return;
	sw_queue_rejoin_all(room->queue);
	sw_replay_drain(sim, service);
}
