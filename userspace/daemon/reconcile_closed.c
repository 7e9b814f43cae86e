/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections that their process has closed, and whose client answers nothing: a frozen one, or one whose link is
 * gone. The kernel tries to reach it for minutes, and nobody works in the slot.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "daemon/reconcile_parts.h"
#include "kern/read.h"
#include "kern/steps.h"
#include "policy/reconcile.h"

/* Whether the flow is the one that was seen, and not another of the same addresses since. */
static bool is_the_same(const struct sw_pass *pass, const struct sw_seen_flow *seen)
{
	struct sw_flow now;

	return !sw_read_flow(pass->daemon->maps, &seen->key, &now) &&
	       now.syn_ns == seen->flow.syn_ns && now.isn == seen->flow.isn;
}

/*
 * A SYN that met the flow before it was marked may have made another connection of its addresses, where nobody was
 * told of the end of the one that was listed. 1: so it is, 0: not, -errno.
 */
static int is_in_use(struct sw_pass *pass, const struct sw_flow_key *key)
{
	int state = sw_sockets_state(pass->diag, key);

	return state < 0 ? state
			 : state == TCP_SYN_RECV || state == TCP_ESTABLISHED ||
				   state == TCP_CLOSE_WAIT;
}

/* By the two steps that reconciliation has: a SYN that comes between them keeps the flow. */
static int release(struct sw_pass *pass, const struct sw_seen_flow *seen)
{
	struct sw_flow_op op = {.key = seen->key,
				.kind = SW_FLOW_OP_SUSPECT,
				.seen_word = seen->flow.word,
				.service = seen->flow.service};
	struct sw_flow marked = seen->flow;
	int failed = sw_kern_reconcile(pass->daemon->kern, &op);
	int in_use;

	if (failed || op.result != SW_FLOW_OP_DONE || !is_the_same(pass, seen))
		return failed;
	in_use = is_in_use(pass, &seen->key);
	if (in_use)
		return in_use < 0 ? in_use : 0;
	marked.flags |= SW_FLOW_SUSPECT;
	op.kind = SW_FLOW_OP_RELEASE;
	op.seen_word = marked.word;
	failed = sw_kern_reconcile(pass->daemon->kern, &op);
	if (failed || op.result != SW_FLOW_OP_DONE)
		return failed;
	pass->result.closed++;
	return sw_kern_count(pass->daemon->kern, op.service, SW_COUNTER_UNANSWERED, 1);
}

int sw_pass_release_closed(struct sw_pass *pass)
{
	int failed = 0;

	for (size_t i = 0; !failed && i < pass->closed.count; i++) {
		sw_pass_show_life(pass);
		failed = release(pass, &pass->closed.list[i]);
	}
	return failed;
}

/* Direct ones of the service. */
static int note_all(struct sw_pass *pass, uint32_t service)
{
	int failed = 0;

	for (size_t i = 0; !failed && i < pass->sockets.count; i++) {
		const struct sw_socket *socket = &pass->sockets.list[i];
		struct sw_flow flow;

		sw_pass_show_life(pass);
		if (socket->is_closed && !sw_read_flow(pass->daemon->maps, &socket->key, &flow) &&
		    flow.service == service && flow.lane == SW_LANE_DIRECT &&
		    sw_reconcile_is_stale(&flow, pass->now_ns))
			failed = sw_pass_note(&pass->closed, &socket->key, &flow);
	}
	return failed;
}

void sw_reconcile_closed(struct sw_daemon *daemon, uint32_t service)
{
	struct sw_pass pass = {.daemon = daemon, .plan = daemon->plan};
	int failed = sw_kern_beat(daemon->kern);

	pass.beaten_ns = sw_clock_monotonic_ns();
	pass.now_ns = __atomic_load_n(&daemon->maps->control->heartbeat_ns, __ATOMIC_RELAXED);
	pass.sockets.meanwhile = sw_pass_show_life;
	pass.sockets.arg = &pass;
	if (!failed)
		failed = sw_pass_open_diag(&pass);
	if (!failed)
		failed = sw_sockets_read_ending(daemon->plan->ports, &pass.sockets);
	if (!failed)
		failed = note_all(&pass, service);
	if (!failed)
		failed = sw_pass_release_closed(&pass);
	if (pass.result.closed)
		sw_log_info("service %s: %zu connections were closed here and their clients do not "
			    "answer: their slots are free for those who wait",
			    sw_plan_service(daemon->plan, service)->name, pass.result.closed);
	if (failed)
		sw_log_error("which connections are closed already cannot be told: %s",
			     sw_diag_error(failed));
	sw_sockets_free(&pass.sockets);
	sw_flow_list_free(&pass.closed);
	sw_diag_close(&pass.diag);
}
