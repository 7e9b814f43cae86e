/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A waiter gets in: by release_waiter, or while there is no daemon by its own next SYN.
 */
#ifndef SPILLWAY_WAITER_ADMIT_BPF_H
#define SPILLWAY_WAITER_ADMIT_BPF_H

#include "waiter_ended.bpf.h"

/* A flow's word after it was let in to the lane. */
static __always_inline struct sw_flow admitted_word(__u64 seen, __u8 lane, __u8 flags)
{
	struct sw_flow next = unpack(seen);

	next.state = SW_FLOW_HALF_OPEN;
	next.lane = lane;
	next.flags = flags;
	return next;
}

/*
 * Lets the waiter in to the lane, what that costs being taken already. False when it is no waiter any
 * more: then what was taken is to be given back. The handshake's time begins now.
 */
static __noinline int waiter_admit(const struct sw_flow_key *key, struct sw_flow *flow, __u64 seen,
				   __u32 lane, int is_again)
{
	struct holding held = holding_of(flow);
	__u32 service = held.service;
	struct sw_service_conf *conf = bpf_map_lookup_elem(&service_conf, &service);
	__u64 now_ns = bpf_ktime_get_ns();
	int is_pooled = lane == SW_LANE_POOLER;
	struct sw_flow next;

	if (!conf)
		return 0;
	next = admitted_word(seen, lane,
			     (is_pooled || conf->direct.port_be ? SW_FLOW_STEERED : 0) |
				     (is_again ? SW_FLOW_AGAIN : 0));
	/* Only what is ours is written: its memory may be another flow's since it was seen. */
	if (!flow_move(flow, seen, SW_FLOW_CLAIMED, 0))
		return 0;
	flow->syn_ns = now_ns;
	__sync_lock_test_and_set(&flow->word, next.word);
	waiter_ended(key, &held, now_ns, is_pooled ? SW_WAIT_STEERED : SW_WAIT_ADMITTED);
	return 1;
}

#endif
