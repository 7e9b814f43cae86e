/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a decision (spillway/decide.h, spillway/waiter.h) is made on: the live maps and this host's
 * listeners. Used by the gate and by release_waiter, which name the global functions as gate.bpf.h says.
 */
#ifndef SPILLWAY_ENV_BPF_H
#define SPILLWAY_ENV_BPF_H

#include "flow.bpf.h"
#include "listener.bpf.h"
#include "park.bpf.h"
#include "spillway/decide.h"

/* One SYN on its way through the gate. */
struct gate {
	struct packet_ctx *ctx;
	__u32 where;
	__u32 is_partial;  /* of a SYN that can be kept: its checksum */
	__u32 source_bits; /* what makes a source of the client's address */
	const struct sw_control *control;
	struct sw_flow_key flow;
	__u32 isn;
	__u32 service_id;
	__u32 class_id;
	__u64 now_ns;
	__u8 is_listed; /* of who waits: its source has an entry that counts it */
	/* Somebody who waits, while there is no daemon; its flow's word, its class and source as counted. */
	__u8 is_waiter;
	__u8 owes_rate;	 /* it takes its arrival from its source's rate when it has waited */
	__u8 answers_as; /* enum sw_answers */
	__u64 waiter_word;
};

SW_INLINE int sw_env_source_take(struct sw_request *request, enum sw_source_share share,
				 const struct sw_source_limits *limits)
{
	return source_enter(&request->source, request->service_conf, request->service, limits,
			    share);
}

SW_INLINE __u32 sw_env_source_live(struct sw_request *request)
{
	struct sw_source_live *source = source_find(&request->source);

	return source && !sw_source_is_gone(source->word) ? sw_source_live_count(source->word) : 0;
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

SW_INLINE int sw_env_source_wait(struct sw_request *request, __u32 limit)
{
	struct gate *gate = request->env;
	int said = source_wait(&request->source, limit);

	gate->is_listed = !said;
	return said & 0xff;
}

SW_INLINE int sw_env_parkable(struct sw_request *request)
{
	struct gate *gate = request->env;

	int found = parkable(gate->ctx, gate->where, &gate->flow);

	gate->is_partial = !!(found & PARKABLE_PARTIAL);
	return found & 0xff;
}

/* Any socket there will do: the packet's own connection, from before, is for the kernel to judge. */
SW_INLINE int sw_env_destination(struct sw_request *request)
{
	struct gate *gate = request->env;

	return own_socket_state(gate->ctx, &gate->flow) ? 0 : SW_REASON_NO_LISTENER;
}

#endif
