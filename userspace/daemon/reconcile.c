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
#include "spillway/fresh.h"

/* How often within heartbeat_timeout a pass shows that the daemon lives. */
#define BEATS 10

static void end_pass(struct sw_pass *pass)
{
	sw_sockets_free(&pass->sockets);
	sw_flow_list_free(&pass->stale);
	sw_flow_list_free(&pass->closed);
	sw_diag_close(&pass->diag);
	sw_reconcile_lanes_free(&pass->lanes);
	sw_stacked_free(&pass->stacked);
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

void sw_flow_list_free(struct sw_flow_list *list)
{
	free(list->list);
	*list = (struct sw_flow_list){0};
}

int sw_pass_note(struct sw_flow_list *list, const struct sw_flow_key *key,
		 const struct sw_flow *flow)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		void *larger = reallocarray(list->list, room, sizeof(*list->list));

		if (!larger)
			return -ENOMEM;
		list->list = larger;
		list->room = room;
	}
	list->list[list->count++] = (struct sw_seen_flow){*key, *flow};
	return 0;
}

/* A reload gave the address that it came to to another service. */
static bool is_others(const struct sw_pass *pass, const struct sw_flow_key *key,
		      const struct sw_flow *flow)
{
	const struct sw_plan_service *service =
		sw_plan_service_at(pass->plan, &key->server, key->server_port_be);

	return service && service->id != flow->service;
}

static int look_at_flow(void *arg, const struct sw_flow_key *key, const struct sw_flow *flow)
{
	struct sw_pass *pass = arg;
	struct sw_socket *socket = sw_sockets_find(&pass->sockets, key);

	sw_pass_show_life(pass);
	pass->result.flows++;
	if (!socket)
		return sw_reconcile_is_stale(flow, pass->now_ns)
			       ? sw_pass_note(&pass->stale, key, flow)
			       : 0;
	socket->flow = flow->state;
	if (socket->is_closed)
		return sw_reconcile_is_stale(flow, pass->now_ns)
			       ? sw_pass_note(&pass->closed, key, flow)
			       : 0;
	socket->is_moved = flow->state == SW_FLOW_OPEN && is_others(pass, key, flow);
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
	there = pass->gives_back ? 0 : sw_sockets_state(pass->diag, key);
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

/* Whatever pass finds it, a flow whose socket is gone was not told of its end. */
static int release_all(struct sw_pass *pass, const struct sw_flow_list *list)
{
	int failed = 0;

	for (size_t i = 0; !failed && i < list->count; i++) {
		const struct sw_seen_flow *seen = &list->list[i];

		sw_pass_show_life(pass);
		failed = sw_pass_release(pass, &seen->key, seen->flow.word, seen->flow.service,
					 !pass->gives_back);
	}
	return failed;
}

int sw_pass_open_diag(struct sw_pass *pass)
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
		failed = sw_pass_open_diag(pass);
	if (!failed)
		failed = sw_sockets_read(pass->plan->ports, &pass->sockets);
	pass->result.sockets = pass->sockets.count;
	if (!failed)
		failed = sw_read_flows(daemon->maps, look_at_flow, pass);
	if (!failed)
		failed = sw_pass_adopt_all(pass);
	if (!failed)
		failed = release_all(pass, &pass->stale);
	if (!failed)
		failed = sw_pass_release_closed(pass);
	pass->result.took_ns = sw_clock_monotonic_ns() - began_ns;
	return failed;
}

static void tell_drift(const struct sw_pass *pass)
{
	size_t missing = pass->is_drift ? pass->result.adopted : 0;

	if (missing + pass->result.confirmed + pass->result.released)
		sw_log_warn("flows and sockets differed: %zu sockets had no flow, %zu flows had "
			    "missed their handshake, %zu had no socket; put right",
			    missing, pass->result.confirmed, pass->result.released);
}

int sw_reconcile(struct sw_daemon *daemon, struct sw_reconcile *out, struct sw_error *err)
{
	SW_CLEANUP(end_pass)
	struct sw_pass pass = {.daemon = daemon, .plan = daemon->plan, .is_drift = true};
	int failed = run(&pass);

	if (failed)
		return sw_error_set(err, failed, "comparing flows with the kernel's sockets: %s",
				    sw_diag_error(failed));
	/* Also after a change-over whose own look failed. */
	if (daemon->maps->control->moving == SW_MOVING_LATE)
		daemon->maps->control->moving = SW_MOVING_DONE;
	tell_drift(&pass);
	if (pass.result.closed)
		sw_log_info("%zu connections were closed here and their clients do not answer: "
			    "their slots are free",
			    pass.result.closed);
	*out = pass.result;
	return 0;
}

int sw_reconcile_new(struct sw_daemon *daemon, const struct sw_plan *plan, bool has_stood,
		     struct sw_flow_list *adopted, struct sw_error *err)
{
	SW_CLEANUP(end_pass)
	struct sw_pass pass = {.daemon = daemon,
			       .plan = plan,
			       .adopted = has_stood ? NULL : adopted,
			       .is_drift = has_stood};
	int failed = run(&pass);

	if (failed)
		return sw_error_set(err, failed,
				    "connections from before the gate cannot be counted: %s",
				    sw_diag_error(failed));
	tell_drift(&pass);
	if (pass.result.adopted && !has_stood)
		sw_log_info("what is guarded from now on: %zu connections were open before, they "
			    "count",
			    pass.result.adopted);
	return 0;
}

int sw_reconcile_late(struct sw_daemon *daemon, const struct sw_plan *plan, bool has_stood,
		      struct sw_flow_list *adopted)
{
	struct sw_error err;
	int failed = sw_reconcile_new(daemon, plan, has_stood, adopted, &err);

	if (failed)
		sw_log_error("%s; trying again within 10 s", err.text);
	return failed;
}

void sw_reconcile_give_back(struct sw_daemon *daemon, struct sw_flow_list *adopted)
{
	struct sw_pass pass = {.daemon = daemon, .gives_back = true};
	int failed = release_all(&pass, adopted);

	if (failed)
		sw_log_error("connections that were to be guarded keep their slots: %s",
			     strerror(-failed));
	sw_flow_list_free(adopted);
}
