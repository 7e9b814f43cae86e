/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Deciding a SYN that nobody has seen before: spillway/decide.h on the live maps, and its verdict
 * written down. Used by gate.bpf.h.
 */
#ifndef SPILLWAY_ADMIT_BPF_H
#define SPILLWAY_ADMIT_BPF_H

#include "class.bpf.h"
#include "flow.bpf.h"
#include "listener.bpf.h"
#include "rate.bpf.h"
#include "spillway/decide.h"

/* One SYN on its way through the gate. */
struct gate {
	struct packet_ctx *ctx;
	const struct sw_control *control;
	struct sw_flow_key flow;
	__u32 isn;
	__u32 service_id;
	__u32 class_id;
	__u64 now_ns;
	struct sw_source_live *source; /* once it is known */
};

SW_INLINE int sw_env_source_take(struct sw_request *request, int direct,
				 const struct sw_source_limits *limits)
{
	struct gate *gate = request->env;

	return source_take(&request->source, &gate->source, direct, limits);
}

SW_INLINE struct sw_source_live *sw_env_source(struct sw_request *request)
{
	struct gate *gate = request->env;

	return gate->source;
}

SW_INLINE __u32 sw_env_source_live(struct sw_request *request)
{
	struct gate *gate = request->env;

	gate->source = source_find(&request->source);
	return gate->source && !sw_source_is_gone(gate->source->word)
		       ? sw_source_live_count(gate->source->word)
		       : 0;
}

enum listener {
	LISTENER_READY,
	LISTENER_ABSENT,
	LISTENER_HIDDEN, /* a socket of the flow's own would be found instead of it */
};

static __noinline int target_listens(void *ctx, const struct sw_target *target,
				     const struct sw_flow_key *flow)
{
	struct bpf_sock *sk = target_listener(ctx, target, flow);

	if (!sk)
		return 0;
	bpf_sk_release(sk);
	return 1;
}

/* A global function, for the verifier's sake: it looks up sockets, and the chain has many ways here. */
__attribute__((noinline)) int gate_listener(struct packet_ctx *ctx, const struct sw_flow_key *flow,
					    const struct sw_target *target)
{
	__u32 state;

	if (!flow || !target)
		return LISTENER_ABSENT;
	state = own_socket_state(ctx, flow);
	if (state && state != BPF_TCP_LISTEN)
		return LISTENER_HIDDEN;
	return target_listens(ctx, target, flow) ? LISTENER_READY : LISTENER_ABSENT;
}

/* Without a target of its own, `direct` is whatever listens on the packet's destination. */
SW_INLINE int sw_env_listener(struct sw_request *request, int lane)
{
	const struct sw_service_conf *conf = request->service_conf;
	const struct sw_target *target = lane == SW_LANE_POOLER ? &conf->pooler : &conf->direct;
	struct gate *gate = request->env;

	if (!target->port_be)
		return lane == SW_LANE_POOLER ? SW_REASON_NO_POOLER : 0;
	if (request->now_ns < request->service->unsteerable_until_ns[lane == SW_LANE_POOLER])
		return SW_REASON_UNSTEERABLE;
	switch (gate_listener(gate->ctx, &gate->flow, target)) {
	case LISTENER_READY:
		return 0;
	case LISTENER_HIDDEN:
		return SW_REASON_PORT_REUSE;
	default:
		return lane == SW_LANE_POOLER ? SW_REASON_POOLER_DOWN : SW_REASON_NO_LISTENER;
	}
}

SW_INLINE void sw_env_step(struct sw_request *request, enum sw_check check, __u64 value,
			   __u64 limit, int passed)
{
	(void)request, (void)check, (void)value, (void)limit, (void)passed;
}

/* Writes the flow that the verdict admits. */
static __always_inline enum noted note_admitted(struct gate *gate,
						const struct sw_service_conf *conf,
						const struct sw_verdict *verdict)
{
	int elsewhere = verdict->lane == SW_LANE_POOLER || conf->direct.port_be;
	int shadow = gate->control->mode == SW_MODE_MONITOR;
	struct sw_flow fresh = {
		.tag = sw_flow_tag(&gate->flow),
		.state = SW_FLOW_HALF_OPEN,
		.lane = verdict->lane,
		.reason = verdict->reason,
		.service = gate->service_id,
		.class_id = gate->class_id,
		.isn = gate->isn,
		.syn_ns = gate->now_ns,
		.state_ns = gate->now_ns,
	};

	fresh.source_bits =
		sw_address_is_ipv4(&gate->flow.client) ? conf->ipv4_bits : conf->ipv6_bits;
	if (shadow)
		fresh.flags = SW_FLOW_SHADOW;
	else if (elsewhere)
		fresh.flags = SW_FLOW_STEERED;
	return flow_note(&gate->flow, &fresh);
}

static __always_inline void note_refused(struct gate *gate, struct sw_service_state *service,
					 __u8 lane)
{
	struct sw_refusal refusal = {.isn = gate->isn, .lane = lane, .at_ns = gate->now_ns};

	bpf_map_update_elem(&refused, &gate->flow, &refusal, BPF_ANY);
	*(volatile __u64 *)&service->last_refused_ns = gate->now_ns;
}

/* Asks the decision. What it took is taken. */
static __always_inline struct sw_verdict decide(struct gate *gate, struct sw_request *request)
{
	const struct sw_service_conf *conf = request->service_conf;
	struct sw_verdict verdict;

	source_key(gate->service_id, &gate->flow.client,
		   sw_address_is_ipv4(&gate->flow.client) ? conf->ipv4_bits : conf->ipv6_bits,
		   &request->source);
	request->now_ns = gate->now_ns;
	request->loss = sw_decide_loss(gate->control, gate->now_ns);
	if (request->class_conf->action == SW_ACTION_LIMIT && !request->loss)
		request->over_rate =
			source_arrives(&request->source, request->class_conf, gate->now_ns);
	verdict = sw_decide(request);
	if (request->over_budget && verdict.reason == SW_REASON_ACTION)
		count(gate->service_id, SW_COUNTER_OVER_BUDGET);
	return verdict;
}

/* Decides the SYN and writes the verdict down; its lane, or SW_LANE_NONE if it is to come again. */
static __always_inline __u8 admit(struct gate *gate, const struct sw_service_conf *conf,
				  struct sw_service_state *service)
{
	struct sw_request request = {.service_conf = conf, .service = service, .env = gate};
	struct sw_verdict verdict;
	enum noted noted;

	gate->class_id = class_of(conf, gate->service_id, &gate->flow.client);
	request.class_conf = bpf_map_lookup_elem(&class_conf, &gate->class_id);
	request.class_state = bpf_map_lookup_elem(&class_state, &gate->class_id);
	if (!request.class_conf || !request.class_state)
		return SW_LANE_DIRECT;
	verdict = decide(gate, &request);
	if (verdict.lane == SW_LANE_DIRECT || verdict.lane == SW_LANE_POOLER) {
		noted = note_admitted(gate, conf, &verdict);
		if (noted == NOTED) {
			count_verdict(gate->class_id, verdict);
			return verdict.lane;
		}
		sw_release(service, request.class_state, gate->source, verdict.lane, 1);
		if (noted == NOTED_BY_ANOTHER)
			return SW_LANE_NONE; /* the retransmit meets a flow that is noted */
		verdict.lane = sw_chain_last(request.class_conf->lanes);
		verdict.reason = SW_REASON_FLOWS_FULL;
	}
	if (verdict.reason == SW_REASON_FLOWS_FULL)
		count(gate->service_id, SW_COUNTER_FLOWS_FULL);
	else if (verdict.reason == SW_REASON_SOURCES_FULL)
		count(gate->service_id, SW_COUNTER_SOURCES_FULL);
	note_refused(gate, service, verdict.lane);
	note_refusal(&request.source, gate->now_ns);
	count_verdict(gate->class_id, verdict);
	return verdict.lane;
}

#endif
