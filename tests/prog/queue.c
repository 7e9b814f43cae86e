/* SPDX-License-Identifier: BSD-2-Clause */
#include "queue.h"

#include <bpf/bpf.h>
#include <net/if.h>
#include <string.h>

#include "kern/ring.h"

static void on_parked(void *arg, const struct sw_parked *parked)
{
	struct told *told = arg;

	told->parked = *parked;
	told->parks++;
}

static void on_freed(void *arg, const struct sw_freed *freed)
{
	struct told *told = arg;

	told->freed = *freed;
	told->frees++;
}

static void on_cancel(void *arg, const struct sw_cancel *cancel)
{
	struct told *told = arg;

	told->cancel = *cancel;
	told->cancels++;
}

static void on_told(void *arg, const struct sw_parked *parked)
{
	struct told *told = arg;

	told->told = *parked;
	told->tolds++;
}

static void on_wakeup(void *arg, const void *record, size_t bytes)
{
	static const struct sw_wakeups_handlers handlers = {on_parked, on_freed, on_cancel,
							    on_told};

	sw_wakeups_hand_on(&handlers, arg, record, bytes);
}

struct told queue_hear(struct rig *rig)
{
	struct sw_ring *wakeups;
	struct told told = {0};

	assert_int_equal(sw_ring_open(rig->maps->wakeups_fd, on_wakeup, &told, &wakeups), 0);
	while (!sw_ring_read(wakeups, 100))
		;
	sw_ring_close(wakeups);
	return told;
}

int queue_open(struct rig *rig, uint32_t budget)
{
	const struct packet packet = {.client = CLIENT};
	struct sw_service_conf *conf = &rig->maps->service_conf[0];

	conf->budget = conf->shared_limit = budget;
	/* Where there is a limit, though nobody comes near it, each source counts its own; both have to do. */
	conf->queue_per_source = rig->ipv6 ? 0 : SW_FLOWS_MAX;
	rig->maps->class_conf[0].lanes = CHAIN3(SW_LANE_DIRECT, SW_LANE_QUEUE, SW_LANE_REFUSE);
	assert_int_equal(sw_kern_beat(rig->kern), 0);
	queue_hear(rig);
	return listener_open_at(rig, &packet);
}

/* Those of the packet's source that wait; *listed: those that its entry has to count. */
static uint32_t waiting_of(const struct rig *rig, const struct packet *packet, uint32_t *listed)
{
	struct sw_flow_key key, *last = NULL;
	struct packet whole = *packet;
	struct sw_in6 client;
	struct sw_flow flow;
	uint32_t own = 0;

	whole.ipv6 = rig->ipv6;
	client = packet_client(&whole);
	*listed = 0;
	for (; !bpf_map_get_next_key(rig->maps->flows_fd, last, &key); last = &key) {
		assert_int_equal(bpf_map_lookup_elem(rig->maps->flows_fd, &key, &flow), 0);
		if (flow.state != SW_FLOW_WAITING || memcmp(&key.client, &client, sizeof(client)))
			continue;
		own++;
		*listed += !(flow.flags & SW_FLOW_UNLISTED);
	}
	return own;
}

void queue_assert_waiting(const struct rig *rig, const struct packet *packet, uint32_t in_all,
			  uint32_t own)
{
	uint32_t listed;

	assert_int_equal(rig->maps->service_state[0].waiting, in_all);
	assert_int_equal(rig->maps->class_state[0].waiting, in_all);
	assert_int_equal(waiting_of(rig, packet, &listed), own);
	assert_int_equal(sw_source_waiting_count(rig_source(rig, 0, packet)), listed);
}

struct sw_released queue_release_since(struct rig *rig, const struct packet *packet,
				       enum sw_release_op op, uint64_t since_ns)
{
	struct packet whole = *packet;
	uint8_t frame[PACKET_MAX];
	struct sw_released out;
	struct sw_release what = {
		.op = op,
		.ifindex = if_nametoindex("lo"),
		.frame = frame,
		.since_ns = since_ns,
	};

	whole.ipv6 = rig->ipv6;
	what.bytes = packet_build(&whole, frame);
	assert_int_equal(sw_kern_release(rig->kern, &what, &out), 0);
	return out;
}

struct sw_released queue_release(struct rig *rig, const struct packet *packet,
				 enum sw_release_op op)
{
	return queue_release_since(rig, packet, op, 0);
}

void queue_connect(struct rig *rig)
{
	const struct packet inside = {.client = CLIENT, .client_port = 1, .ipv6 = rig->ipv6};
	struct sw_flow_op op = {
		.key = packet_flow(&inside),
		.kind = SW_FLOW_OP_ADOPT,
		.lane = SW_LANE_DIRECT,
		.state = SW_FLOW_OPEN,
	};

	assert_int_equal(sw_kern_reconcile(rig->kern, &op), 0);
	assert_int_equal(op.result, SW_FLOW_OP_CONFIRMED);
}
