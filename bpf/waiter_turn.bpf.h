/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A waiter's turn, or its end. Used by release_waiter.
 */
#ifndef SPILLWAY_WAITER_TURN_BPF_H
#define SPILLWAY_WAITER_TURN_BPF_H

#include "class.bpf.h"
#include "forget.bpf.h"
#include "rate.bpf.h"
#include "request.bpf.h"
#include "waiter_admit.bpf.h"
#include "spillway/waiter.h"

/* The waiter's request. Its source is cut as when it was counted. -1: its class or service is gone. */
static __always_inline int waiter_request(struct gate *gate, struct sw_request *request,
					  const struct sw_flow *flow)
{
	__u32 service = flow->service, class = flow->class_id;

	gate->control = bpf_map_lookup_elem(&control, &the_only);
	gate->service_id = service;
	gate->class_id = class;
	gate->source_bits = flow->source_bits;
	gate->isn = flow->isn;
	gate->now_ns = bpf_ktime_get_ns();
	request->env = gate;
	request->service_conf = bpf_map_lookup_elem(&service_conf, &service);
	request->service = bpf_map_lookup_elem(&service_state, &service);
	request->class_conf = bpf_map_lookup_elem(&class_conf, &class);
	request->class_state = bpf_map_lookup_elem(&class_state, &class);
	if (!gate->control || !request->service_conf || !request->service || !request->class_conf ||
	    !request->class_state)
		return -1;
	gate->answers_as = request->service_conf->answers_as;
	request_begin(gate, request);
	return 0;
}

/* What is to be done with everybody of the client's class by now, enum sw_action. */
static __always_inline __u8 action_now(const struct gate *gate, const struct sw_request *request)
{
	__u32 class = class_of(request->service_conf, gate->service_id, &gate->flow.client);
	struct sw_class_conf *conf = bpf_map_lookup_elem(&class_conf, &class);

	return conf ? conf->action : SW_ACTION_LIMIT;
}

/* True while no arrival of the source would conform. */
static __noinline int source_exceeds(const struct sw_source_key *key,
				     const struct sw_class_conf *conf, __u64 now_ns)
{
	struct sw_source_rate *rate = bpf_map_lookup_elem(&source_rate, key);

	return rate && conf->interval_ns &&
	       !sw_gcra_next(rate->theoretical_ns, now_ns, conf->interval_ns, conf->tolerance_ns);
}

/*
 * Which limit of its source a waiter that came over one is over still, enum sw_reason, or one that has its
 * arrival to take yet. That is only looked at: an arrival that it takes in vain would be gone.
 */
static __always_inline __u8 still_over(struct gate *gate, struct sw_request *request, __u8 flags,
				       enum sw_release_op op)
{
	int is_end = op != SW_RELEASE_ADMIT;

	if ((flags & SW_FLOW_OVER_RATE && is_end) ||
	    (flags & SW_FLOW_OWES_RATE &&
	     source_exceeds(&request->source, request->class_conf, gate->now_ns)))
		return sw_hide(request, SW_REASON_RATE);
	if (flags & SW_FLOW_OVER_LIVE && (is_end || sw_decide_is_over_live(request)))
		return sw_hide(request, SW_REASON_SOURCE_LIVE);
	return sw_hide(request, 0);
}

/* Another CPU took the arrival between the look and now: what the lane cost goes back. */
static __always_inline struct sw_verdict outrun(struct gate *gate, struct sw_request *request,
						struct sw_verdict verdict, int is_end)
{
	if (!source_arrives(&request->source, request->class_conf, gate->now_ns) || is_end)
		return verdict;
	give_back(gate, request, verdict.lane);
	request->kept_by = SW_KEPT_BY_SOURCE | SW_KEPT_SILENTLY;
	return (struct sw_verdict){.lane = SW_LANE_QUEUE, .reason = SW_REASON_RATE};
}

static __always_inline struct sw_verdict
waiter_verdict(struct gate *gate, struct sw_request *request, __u8 flags, enum sw_release_op op)
{
	__u8 action = action_now(gate, request);
	struct sw_verdict verdict;
	__u8 over;

	if (action != SW_ACTION_LIMIT && action != SW_ACTION_ALLOW)
		return (struct sw_verdict){sw_action_lane(action), SW_REASON_ACTION, 0};
	if (request->loss == SW_LOSS_OPEN)
		return sw_decide_anyway(request, SW_REASON_DAEMON_LOST);
	if (request->loss == SW_LOSS_CLOSED)
		return (struct sw_verdict){SW_LANE_REFUSE, SW_REASON_DAEMON_LOST, 0};
	if (action == SW_ACTION_ALLOW && !sw_decide_is_paused(request))
		return sw_decide_anyway(request, SW_REASON_ACTION);
	over = still_over(gate, request, flags, op);
	verdict = sw_decide_waiter(request, over, op);
	if (flags & SW_FLOW_OWES_RATE && !over && sw_lane_admits(verdict.lane))
		return outrun(gate, request, verdict, op != SW_RELEASE_ADMIT);
	return verdict;
}

/* What keeps it, as release_waiter says it. */
static __always_inline __u32 kept(const struct sw_request *request, struct sw_verdict verdict)
{
	return sw_released(verdict.lane, verdict.reason) |
	       (request->kept_by & SW_KEPT_BY_SOURCE ? SW_RELEASED_OF_SOURCE : 0) |
	       (request->kept_by & SW_KEPT_BY_ALL ? SW_RELEASED_OF_ALL : 0) |
	       (request->kept_by & SW_KEPT_SILENTLY ? SW_RELEASED_SILENTLY : 0);
}

/*
 * The turn of the waiter whose SYN that is, or its end: what came of it, as release_waiter returns it. A global
 * function, for the verifier's sake.
 */
__attribute__((noinline)) int waiter_turn(struct packet_ctx *ctx, __u32 where, int op)
{
	struct packet packet = packet_at(ctx, where);
	struct tcphdr *tcp = tcp_header(&packet);
	struct gate gate = {.ctx = ctx, .where = where};
	struct sw_request request = {};
	struct sw_verdict verdict;
	struct sw_flow *flow;
	__u64 seen;
	__u32 isn;

	if (!tcp || read_flow(ctx, where, &gate.flow))
		return 0;
	isn = bpf_ntohl(tcp->seq);
	flow = bpf_map_lookup_elem(&flows, &gate.flow);
	if (!flow)
		return 0;
	seen = flow_word(flow);
	if (unpack(seen).tag != sw_flow_tag(&gate.flow) || unpack(seen).state != SW_FLOW_WAITING ||
	    flow->isn != isn || waiter_request(&gate, &request, flow))
		return 0;
	verdict = waiter_verdict(&gate, &request, unpack(seen).flags, op & 0xff);
	if (verdict.lane == SW_LANE_QUEUE)
		return kept(&request, verdict);
	if (sw_lane_admits(verdict.lane)) {
		if (waiter_admit(&gate.flow, flow, seen, isn,
				 verdict.lane | (op & SW_RELEASE_AGAIN ? ADMIT_AGAIN : 0)))
			return sw_released(verdict.lane, verdict.reason);
		give_back(&gate, &request, verdict.lane);
		return 0;
	}
	note_refused(&gate, request.service, verdict.lane);
	note_refusal(&request.source, gate.now_ns);
	return waiter_forget(&gate.flow, flow, seen, isn, SW_WAIT_TIMED_OUT)
		       ? sw_released(verdict.lane, verdict.reason)
		       : 0;
}

#endif
