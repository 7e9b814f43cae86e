/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One pass: list the sockets, walk the flows, and mend what differs, one flow at a time and each only
 * if a second look at its socket says the same.
 */
#include "daemon/reconcile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/clock.h"
#include "core/log.h"
#include "daemon/reconcile_parts.h"
#include "kern/diag.h"
#include "kern/read.h"
#include "kern/steps.h"
#include "policy/reconcile.h"

/* How often within heartbeat_timeout a pass shows that the daemon lives. */
#define BEATS 10

static void end_pass(struct sw_pass *pass)
{
	sw_sockets_free(&pass->sockets);
	free(pass->suspects);
	sw_diag_close(&pass->diag);
	sw_reconcile_lanes_free(&pass->lanes);
}

void sw_pass_show_life(void *arg)
{
	struct sw_pass *pass = arg;
	uint64_t now_ns = sw_clock_monotonic_ns();

	if (now_ns - pass->beaten_ns < pass->daemon->maps->control->heartbeat_timeout_ns / BEATS)
		return;
	pass->beaten_ns = now_ns;
	sw_kern_beat(pass->daemon->kern);
}

int sw_pass_note(struct sw_pass *pass, const struct sw_flow_key *key, const struct sw_flow *flow)
{
	if (pass->suspect_count == pass->suspect_room) {
		size_t room = pass->suspect_room ? 2 * pass->suspect_room : 64;
		void *list = reallocarray(pass->suspects, room, sizeof(*pass->suspects));

		if (!list)
			return -ENOMEM;
		pass->suspects = list;
		pass->suspect_room = room;
	}
	pass->suspects[pass->suspect_count++] = (struct sw_suspect){*key, *flow};
	return 0;
}

static int look_at_flow(void *arg, const struct sw_flow_key *key, const struct sw_flow *flow)
{
	struct sw_pass *pass = arg;
	struct sw_socket *socket = sw_sockets_find(&pass->sockets, key);

	sw_pass_show_life(pass);
	pass->result.flows++;
	if (!socket)
		return sw_reconcile_is_stale(flow, pass->now_ns) ? sw_pass_note(pass, key, flow)
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

int sw_pass_release(struct sw_pass *pass, const struct sw_flow_key *key, uint64_t word,
		    uint8_t service, bool is_drift)
{
	struct sw_flow_op op = {
		.key = *key, .kind = SW_FLOW_OP_SUSPECT, .seen_word = word, .service = service};
	struct sw_flow marked = {.word = word};
	int there;
	int failed = sw_kern_reconcile(pass->daemon->kern, &op);

	if (failed || op.result != SW_FLOW_OP_DONE)
		return failed;
	there = pass->gives_back ? 0 : sw_sockets_has(pass->diag, key);
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

static int release_all(struct sw_pass *pass, size_t from, size_t to)
{
	int failed = 0;

	for (size_t i = from; !failed && i < to; i++) {
		const struct sw_suspect *suspect = &pass->suspects[i];

		sw_pass_show_life(pass);
		failed = sw_pass_release(pass, &suspect->key, suspect->flow.word,
					 suspect->flow.service, pass->is_drift);
	}
	return failed;
}

static int open_diag(struct sw_pass *pass)
{
	pass->diag = sw_diag_open();
	return pass->diag ? 0 : -errno;
}

static int run(struct sw_pass *pass)
{
	struct sw_daemon *daemon = pass->daemon;
	uint64_t began_ns = sw_clock_monotonic_ns();
	int failed = sw_kern_beat(daemon->kern);

	pass->beaten_ns = began_ns;
	pass->sockets.meanwhile = sw_pass_show_life;
	pass->sockets.arg = pass;
	pass->now_ns = __atomic_load_n(&daemon->maps->control->heartbeat_ns, __ATOMIC_RELAXED);
	if (!failed)
		failed = open_diag(pass);
	if (!failed)
		failed = sw_sockets_read(pass->plan->ports, &pass->sockets);
	pass->result.sockets = pass->sockets.count;
	if (!failed)
		failed = sw_read_flows(daemon->maps, look_at_flow, pass);
	pass->stale_count = pass->suspect_count;
	if (!failed)
		failed = sw_pass_adopt_all(pass);
	if (!failed)
		failed = release_all(pass, 0, pass->stale_count);
	pass->result.took_ns = sw_clock_monotonic_ns() - began_ns;
	return failed;
}

int sw_reconcile(struct sw_daemon *daemon, struct sw_reconcile *out, struct sw_error *err)
{
	SW_CLEANUP(end_pass)
	struct sw_pass pass = {.daemon = daemon, .plan = daemon->plan, .is_drift = true};
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

int sw_reconcile_new(struct sw_daemon *daemon, const struct sw_plan *plan, struct sw_error *err)
{
	SW_CLEANUP(end_pass) struct sw_pass pass = {.daemon = daemon, .plan = plan};
	int failed = run(&pass);

	/* They would hold slots of what is not guarded after all. */
	pass.gives_back = true;
	if (failed)
		release_all(&pass, pass.stale_count, pass.suspect_count);
	if (failed)
		return sw_error_set(err, failed,
				    "connections from before the gate cannot be counted: %s",
				    strerror(-failed));
	if (pass.result.adopted)
		sw_log_info("what is guarded from now on: %zu connections were open before, they "
			    "count",
			    pass.result.adopted);
	return 0;
}

void sw_reconcile_late(struct sw_daemon *daemon, const struct sw_plan *plan)
{
	struct sw_error err;

	if (sw_reconcile_new(daemon, plan, &err))
		sw_log_error("%s; trying again within 10 s", err.text);
}
