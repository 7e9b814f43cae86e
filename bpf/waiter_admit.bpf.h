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

/* Added to the lane: the SYN meets the gate once more. */
#define ADMIT_AGAIN 0x100

/*
 * Lets the waiter with that number in to the lane, what that costs being taken already. False when it is no waiter
 * any more: then what was taken is to be given back. The handshake's time begins now.
 */
static __noinline int waiter_admit(const struct sw_flow_key *key, struct sw_flow *flow, __u64 seen,
				   __u32 isn, __u32 how)
{
	__u32 service = flow->service, lane = how & 0xff;
	struct sw_service_conf *conf = bpf_map_lookup_elem(&service_conf, &service);
	__u64 now_ns = bpf_ktime_get_ns();
	int is_pooled = lane == SW_LANE_POOLER;
	struct holding held;
	struct sw_flow next;

	if (!conf)
		return 0;
	next = admitted_word(seen, lane,
			     (is_pooled || conf->direct.port_be ? SW_FLOW_STEERED : 0) |
				     (how & ADMIT_AGAIN ? SW_FLOW_AGAIN : 0));
	/* Only what is ours is written: its memory may be another flow's since it was seen. */
	if (!waiter_claim(flow, seen, isn))
		return 0;
	held = holding_of(flow);
	flow->syn_ns = now_ns;
	__sync_lock_test_and_set(&flow->word, next.word);
	waiter_ended(key, &held, now_ns, is_pooled ? SW_WAIT_STEERED : SW_WAIT_ADMITTED);
	return 1;
}

#endif
