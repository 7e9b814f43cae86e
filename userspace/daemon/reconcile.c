/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One pass: list the sockets, walk the flows, and mend what differs, one flow at a time and each only
 * if a second look at its socket says the same.
 */
#include "daemon/reconcile.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/clock.h"
#include "core/log.h"
#include "daemon/reconcile_lanes.h"
#include "kern/diag.h"
#include "kern/read.h"
#include "kern/route.h"
#include "kern/sockets.h"
#include "kern/steps.h"
#include "policy/reconcile.h"
#include "spillway/address.h"

struct suspect {
	struct sw_flow_key key;
	struct sw_flow flow;
};

struct pass {
	struct sw_daemon *daemon;
	const struct sw_plan *plan;
	struct sw_sockets sockets;
	struct suspect *suspects;
	size_t suspect_count, suspect_room;
	struct mnl_socket *diag;
	struct sw_reconcile_lanes lanes;
	int extra_ifindex; /* about to be guarded; 0: none */
	bool is_drift;
	uint64_t now_ns; /* the kernel's, from before the listing */
	struct sw_in6 routed;
	int routed_ifindex;
	struct sw_reconcile result;
};

static void end_pass(struct pass *pass)
{
	sw_sockets_free(&pass->sockets);
	free(pass->suspects);
	sw_diag_close(&pass->diag);
	sw_reconcile_lanes_free(&pass->lanes);
}

static int note_suspect(struct pass *pass, const struct sw_flow_key *key,
			const struct sw_flow *flow)
{
	if (pass->suspect_count == pass->suspect_room) {
		size_t room = pass->suspect_room ? 2 * pass->suspect_room : 64;
		void *list = reallocarray(pass->suspects, room, sizeof(*pass->suspects));

		if (!list)
			return -ENOMEM;
		pass->suspects = list;
		pass->suspect_room = room;
	}
	pass->suspects[pass->suspect_count++] = (struct suspect){*key, *flow};
	return 0;
}

static int look_at_flow(void *arg, const struct sw_flow_key *key, const struct sw_flow *flow)
{
	struct pass *pass = arg;
	struct sw_socket *socket = sw_sockets_find(&pass->sockets, key);

	pass->result.flows++;
	if (!socket)
		return sw_reconcile_is_stale(flow, pass->now_ns) ? note_suspect(pass, key, flow)
								 : 0;
	socket->flow = flow->state;
	/* Only this way: a socket that is closed, or whose pooler is, can no longer be told apart. */
	if (flow->state == SW_FLOW_OPEN && flow->flags & SW_FLOW_ADOPTED &&
	    flow->lane == SW_LANE_DIRECT &&
	    sw_reconcile_lanes_of(&pass->lanes, pass->plan, flow->service, socket) ==
		    SW_LANE_POOLER)
		socket->flow = SW_FLOW_NONE;
	return 0;
}

/* Marked, looked for, and only then released: a SYN that comes meanwhile takes the mark off. */
static int release(struct pass *pass, const struct sw_flow_key *key, uint64_t word, uint8_t service,
		   bool is_drift)
{
	struct sw_flow_op op = {
		.key = *key, .kind = SW_FLOW_OP_SUSPECT, .seen_word = word, .service = service};
	struct sw_flow marked = {.word = word};
	int there;
	int failed = sw_kern_reconcile(pass->daemon->kern, &op);

	if (failed || op.result != SW_FLOW_OP_DONE)
		return failed;
	there = sw_sockets_has(pass->diag, key);
	if (there)
		return there < 0 ? there : 0;
	marked.flags |= SW_FLOW_SUSPECT;
	op.kind = SW_FLOW_OP_RELEASE;
	op.seen_word = marked.word;
	op.is_drift = is_drift;
	failed = sw_kern_reconcile(pass->daemon->kern, &op);
	if (!failed && op.result == SW_FLOW_OP_DONE)
		pass->result.released++;
	return failed;
}

static int release_all(struct pass *pass)
{
	int failed = 0;

	for (size_t i = 0; !failed && i < pass->suspect_count; i++)
		failed = release(pass, &pass->suspects[i].key, pass->suspects[i].flow.word,
				 pass->suspects[i].flow.service, pass->is_drift);
	return failed;
}

static bool is_guarded(const struct pass *pass, int ifindex)
{
	if (ifindex == pass->extra_ifindex && ifindex)
		return true;
	for (size_t i = 0; i < pass->daemon->attachment_count; i++)
		if (pass->daemon->attachments[i].ifindex == ifindex)
			return true;
	return false;
}

/* Sockets are sorted by client: one question for each is enough. */
static bool came_by_gate(struct pass *pass, const struct sw_in6 *client)
{
	if (memcmp(&pass->routed, client, sizeof(*client))) {
		pass->routed = *client;
		pass->routed_ifindex = sw_route_interface(client);
	}
	return pass->routed_ifindex > 0 && is_guarded(pass, pass->routed_ifindex);
}

static void fill_in(struct pass *pass, const struct sw_socket *socket,
		    const struct sw_plan_service *service, struct sw_flow_op *op)
{
	struct sw_addr client;

	memcpy(client.bytes, socket->key.client.bytes, sizeof(client.bytes));
	op->key = socket->key;
	op->kind = SW_FLOW_OP_ADOPT;
	op->service = service->id;
	op->class_id = sw_plan_class_of(pass->plan, service, &client)->id;
	op->source_bits = sw_address_is_ipv4(&socket->key.client) ? service->conf.ipv4_bits
								  : service->conf.ipv6_bits;
	op->state = socket->half_open ? SW_FLOW_HALF_OPEN : SW_FLOW_OPEN;
	op->lane = sw_reconcile_lanes_of(&pass->lanes, pass->plan, service->id, socket);
	op->is_drift = pass->is_drift;
}

/*
 * A connection that closed just before its flow was made would hold its slot for ever. That it had none
 * was one difference, and its end is no second one.
 */
static int adopt(struct pass *pass, const struct sw_socket *socket,
		 const struct sw_plan_service *service)
{
	struct sw_flow_op op = {0};
	struct sw_flow made = {
		.tag = sw_flow_tag(&socket->key),
		.state = SW_FLOW_OPEN,
		.flags = SW_FLOW_ADOPTED,
	};
	int failed, there;

	/* One that closed between the two lists ended its flow itself, and is no drift. */
	there = sw_sockets_has(pass->diag, &socket->key);
	if (there <= 0)
		return there;
	fill_in(pass, socket, service, &op);
	failed = sw_kern_reconcile(pass->daemon->kern, &op);
	if (failed)
		return failed;
	pass->result.adopted += op.result == SW_FLOW_OP_DONE;
	pass->result.confirmed += op.result == SW_FLOW_OP_CONFIRMED;
	pass->result.no_room += op.result == SW_FLOW_OP_NO_ROOM;
	if (op.result != SW_FLOW_OP_DONE || socket->half_open)
		return 0;
	there = sw_sockets_has(pass->diag, &socket->key);
	made.lane = op.lane;
	if (there)
		return there < 0 ? there : 0;
	return release(pass, &socket->key, made.word, op.service, false);
}

/* In monitor mode those who would have been refused are in, and have no flow for good reason. */
static bool let_in_anyway(const struct pass *pass)
{
	return pass->is_drift && pass->daemon->config->mode == SW_MODE_MONITOR;
}

static int adopt_all(struct pass *pass)
{
	int failed = 0;

	for (size_t i = 0; !failed && i < pass->sockets.count; i++) {
		const struct sw_socket *socket = &pass->sockets.list[i];
		const struct sw_plan_service *service = sw_plan_service_at(
			pass->plan, &socket->key.server, socket->key.server_port_be);

		if (!service || !sw_reconcile_is_missed(socket->half_open, socket->flow))
			continue;
		if (socket->flow == SW_FLOW_NONE &&
		    (let_in_anyway(pass) || !came_by_gate(pass, &socket->key.client)))
			continue;
		failed = adopt(pass, socket, service);
	}
	return failed;
}

static int open_diag(struct pass *pass)
{
	pass->diag = sw_diag_open();
	return pass->diag ? 0 : -errno;
}

static int run(struct pass *pass)
{
	struct sw_daemon *daemon = pass->daemon;
	uint64_t began_ns = sw_clock_monotonic_ns();
	int failed = sw_kern_beat(daemon->kern);

	pass->now_ns = __atomic_load_n(&daemon->maps->control->heartbeat_ns, __ATOMIC_RELAXED);
	if (!failed)
		failed = open_diag(pass);
	if (!failed)
		failed = sw_sockets_read(pass->plan->ports, &pass->sockets);
	pass->result.sockets = pass->sockets.count;
	if (!failed)
		failed = sw_read_flows(daemon->maps, look_at_flow, pass);
	if (!failed)
		failed = adopt_all(pass);
	if (!failed)
		failed = release_all(pass);
	pass->result.took_ns = sw_clock_monotonic_ns() - began_ns;
	return failed;
}

int sw_reconcile(struct sw_daemon *daemon, struct sw_reconcile *out, struct sw_error *err)
{
	SW_CLEANUP(end_pass)
	struct pass pass = {.daemon = daemon, .plan = daemon->plan, .is_drift = true};
	int failed = run(&pass);

	if (failed)
		return sw_error_set(err, failed, "comparing flows with the kernel's sockets: %s",
				    strerror(-failed));
	if (pass.result.adopted + pass.result.confirmed + pass.result.released)
		sw_log_warn("flows and sockets differed: %zu sockets had no flow, %zu flows had "
			    "missed their handshake, %zu had no socket; put right",
			    pass.result.adopted, pass.result.confirmed, pass.result.released);
	*out = pass.result;
	return 0;
}

void sw_reconcile_interface(struct sw_daemon *daemon, const char *name)
{
	SW_CLEANUP(end_pass)
	struct pass pass = {
		.daemon = daemon, .plan = daemon->plan, .extra_ifindex = (int)if_nametoindex(name)};
	int failed = run(&pass);

	if (failed)
		sw_log_error("interface %s: connections from before are not counted: %s", name,
			     strerror(-failed));
	else if (pass.result.adopted)
		sw_log_info("interface %s: %zu connections were open before, they count", name,
			    pass.result.adopted);
}

void sw_reconcile_plan(struct sw_daemon *daemon, const struct sw_plan *plan)
{
	SW_CLEANUP(end_pass) struct pass pass = {.daemon = daemon, .plan = plan};
	int failed = run(&pass);

	if (failed)
		sw_log_error("what is guarded from now on: connections from before are not "
			     "counted: %s",
			     strerror(-failed));
	else if (pass.result.adopted)
		sw_log_info("what is guarded from now on: %zu connections were open before, they "
			    "count",
			    pass.result.adopted);
}
