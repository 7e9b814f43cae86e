/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A waiter that gets nothing: it timed out, or its client gave up. Used by release_waiter and the sweep.
 */
#ifndef SPILLWAY_FORGET_BPF_H
#define SPILLWAY_FORGET_BPF_H

#include "waiter_ended.bpf.h"

/* Who waits with that number does so no more, and gets nothing. True for exactly one of those who try. */
static __noinline int waiter_forget(const struct sw_flow_key *key, struct sw_flow *flow, __u64 seen,
				    __u32 isn, __u32 outcome)
{
	struct holding held;

	/* Claimed it stays until it is deleted. */
	if (!waiter_claim(flow, seen, isn))
		return 0;
	held = holding_of(flow);
	waiter_ended(key, &held, bpf_ktime_get_ns(), outcome);
	flow_delete(key, flow);
	return 1;
}

#endif
