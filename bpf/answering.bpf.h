/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether anybody is being told why he is refused. While nobody is, data packets are not looked at: one word of
 * memory is all that they meet.
 */
#ifndef SPILLWAY_ANSWERING_BPF_H
#define SPILLWAY_ANSWERING_BPF_H

#include "count.bpf.h"

/* How long a refusal is remembered for its retransmits: tcp_syn_retries = 6 sends the last at 63 s. */
#define REFUSAL_NS (64 * NS_PER_SECOND)

/* How long after the last refusal a client's next word may come. */
#define ANSWERING_NS (30 * NS_PER_SECOND)

/* When somebody was refused last, 0 if that is long ago. Weak: one for all programs that are linked. */
__u64 answering_ns __weak = 0;

/* Not written each time: other CPUs read it with each packet. */
static __always_inline void answering_begin(__u64 now_ns)
{
	__u64 last_ns = *(volatile __u64 *)&answering_ns;

	if ((__s64)(now_ns - last_ns) > (__s64)NS_PER_SECOND)
		*(volatile __u64 *)&answering_ns = now_ns;
}

/* With what goes by the clock: whoever finds that it is long ago says so to those after him. */
static __always_inline int is_answering(void)
{
	__u64 last_ns = *(volatile __u64 *)&answering_ns;

	if ((__s64)(bpf_ktime_get_ns() - last_ns) <= (__s64)ANSWERING_NS)
		return last_ns != 0;
	__sync_val_compare_and_swap(&answering_ns, last_ns, 0);
	return 0;
}

#endif
