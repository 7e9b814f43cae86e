/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A SYN with another number from the port of somebody who waits. Used by gate.bpf.h.
 */
#ifndef SPILLWAY_WAITER_REPLACED_BPF_H
#define SPILLWAY_WAITER_REPLACED_BPF_H

#include "env.bpf.h"
#include "waiter_ended.bpf.h"

/* Somebody else waits at the same port now, from the end. False if the flow was changed meanwhile. */
static __always_inline int waiter_replaced(struct gate *gate, struct sw_flow *flow, __u64 seen)
{
	struct sw_verdict verdict = {SW_LANE_QUEUE, SW_REASON_WAITERS, 0};
	struct holding held = holding_of(flow);

	/* Only what is ours is written: its memory may be another flow's since it was seen. */
	if (!flow_move(flow, seen, SW_FLOW_CLAIMED, unpack(seen).flags))
		return 0;
	flow->isn = gate->isn;
	flow->syn_ns = gate->now_ns;
	flow->state_ns = gate->now_ns;
	__sync_lock_test_and_set(&flow->word, seen);
	count_wait(held.service, SW_WAIT_ABANDONED, gate->now_ns - held.syn_ns);
	count(held.service, SW_COUNTER_WAIT_ABANDONED);
	count_verdict(held.class_id, verdict);
	return 1;
}

#endif
