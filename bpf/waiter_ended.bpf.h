/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What goes with the end of a wait, whatever it was: winning it, and its counts. Used by all that move a flow out
 * of WAITING.
 */
#ifndef SPILLWAY_WAITER_ENDED_BPF_H
#define SPILLWAY_WAITER_ENDED_BPF_H

#include "flow.bpf.h"

/*
 * Takes the flow of him who waits with that number, by the word that was seen before the decision about him. Another
 * connection that took the port since waits with that same word, and for itself: it keeps its place. True for
 * exactly one of those who try, who has the flow to himself until he writes the next word. The flags stay: by them
 * waiter_ended() knows where it is counted. For an argument more there is no room on the stack in 6.1.
 */
static __always_inline int waiter_claim(struct sw_flow *flow, __u64 seen, __u32 isn)
{
	if (!flow_move(flow, seen, SW_FLOW_CLAIMED, unpack(seen).flags))
		return 0;
	if (*(volatile __u32 *)&flow->isn == isn)
		return 1;
	__sync_lock_test_and_set(&flow->word, seen);
	return 0;
}

static __always_inline struct sw_wait_histogram *wait_row(__u32 service, __u32 outcome)
{
	struct sw_waits *row = bpf_map_lookup_elem(&waits, &service);

	if (!row || outcome >= SW_WAIT_OUTCOMES)
		return 0;
	return &row->by_outcome[outcome];
}

/* How long somebody waited, and what for. */
static __noinline int count_wait(__u32 service, __u32 outcome, __u64 waited_ns)
{
	struct sw_wait_histogram *row = wait_row(service, outcome);

	if (row)
		count_in(row, waited_ns, SW_WAIT_FIRST_NS);
	return 0;
}

/*
 * A waiter is none any more: what it was counted by goes down, how it ended goes up. Only for who moved
 * its flow out of WAITING.
 */
static __noinline int waiter_ended(const struct sw_flow_key *key, struct holding *held,
				   __u64 now_ns, __u32 outcome)
{
	struct sw_service_state *service = bpf_map_lookup_elem(&service_state, &held->service);
	struct sw_class_state *class = bpf_map_lookup_elem(&class_state, &held->class_id);
	struct sw_source_live *live;
	struct sw_source_key source;

	if (!service || !class)
		return 0;
	source_key(held->service, &key->client, held->source_bits, &source);
	live = held->flags & SW_FLOW_UNLISTED ? 0 : source_find(&source);
	sw_waiting_free(service, class);
	if (live)
		sw_source_leave(&live->word);
	count_wait(held->service, outcome, now_ns > held->syn_ns ? now_ns - held->syn_ns : 0);
	count(held->service, outcome == SW_WAIT_ADMITTED    ? SW_COUNTER_WAIT_ADMITTED
			     : outcome == SW_WAIT_STEERED   ? SW_COUNTER_WAIT_STEERED
			     : outcome == SW_WAIT_TIMED_OUT ? SW_COUNTER_WAIT_TIMED_OUT
							    : SW_COUNTER_WAIT_ABANDONED);
	return 0;
}

#endif
