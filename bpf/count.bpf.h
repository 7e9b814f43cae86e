/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Counting, in rows that each CPU has for itself. What runs in a softirq adds plainly, for nothing that
 * counts comes in the middle of it. What runs in a system call, too, can be interrupted by that: it
 * defines COUNTS_IN_TASKS before, and then each addition is one instruction.
 */
#ifndef SPILLWAY_COUNT_BPF_H
#define SPILLWAY_COUNT_BPF_H

#include "maps.bpf.h"

#define NS_PER_SECOND 1000000000ull

static __always_inline void count_add(__u64 *sum, __u64 by)
{
#ifdef COUNTS_IN_TASKS
	__sync_fetch_and_add(sum, by);
#else
	*sum += by;
#endif
}

static __always_inline void count(__u32 service, enum sw_counter counter)
{
	struct sw_counters *row = bpf_map_lookup_elem(&counters, &service);

	if (row)
		count_add(&row->count[counter], 1);
}

static __always_inline void count_verdict(__u32 class_id, struct sw_verdict verdict)
{
	struct sw_verdicts *rows = bpf_map_lookup_elem(&verdicts, &class_id);
	__u32 cell = sw_verdict_cell(verdict.lane, verdict.reason);

	/* clang 14 would check lane and reason apart, and the verifier wants the sum checked. */
	asm volatile("" : "+r"(cell));
	if (rows && cell < SW_VERDICT_CELLS)
		count_add(&rows->count[cell], 1);
}

/* What ends a connection runs in a softirq or in a system call. */
static __noinline int count_lifetime(__u32 service, __u64 open_ns)
{
	struct sw_lifetimes *row = bpf_map_lookup_elem(&lifetimes, &service);
	__u64 bound_ns = SW_LIFETIME_FIRST_NS;

	if (!row)
		return 0;
	__sync_fetch_and_add(&row->sum_ns, open_ns);
	for (__u32 i = 0; i <= SW_LIFETIME_BUCKETS; i++, bound_ns *= 4) {
		if (open_ns > bound_ns && i < SW_LIFETIME_BUCKETS)
			continue;
		__sync_fetch_and_add(&row->count[i], 1);
		break;
	}
	return 0;
}

static __always_inline void count_in(struct sw_wait_histogram *row, __u64 took_ns, __u64 bound_ns)
{
	__sync_fetch_and_add(&row->sum_ns, took_ns);
	for (__u32 i = 0; i <= SW_WAIT_BUCKETS; i++, bound_ns *= 2) {
		if (took_ns > bound_ns && i < SW_WAIT_BUCKETS)
			continue;
		__sync_fetch_and_add(&row->count[i], 1);
		break;
	}
}

#endif
