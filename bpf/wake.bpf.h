/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Telling the daemon that something was given back. Only while somebody waits for it: then one look at a
 * count is all that a closing connection pays. Used by flows.
 */
#ifndef SPILLWAY_WAKE_BPF_H
#define SPILLWAY_WAKE_BPF_H

#include "maps.bpf.h"
#include "spillway/untold.h"

/* Weak: one for all programs that are linked. */
__u8 untold_of[SW_UNTOLD] __weak = {};
__u64 untold_count __weak = 0;

/* In this order: who sees the count sees the byte. */
static __always_inline void note_untold(const struct sw_source_key *source)
{
	*(volatile __u8 *)&untold_of[sw_untold_place(source)] = 1;
	__sync_fetch_and_add(&untold_count, 1);
}

/*
 * What the ring has no room for the daemon's clock is told of by untold_of. Who waits is counted before
 * the daemon is told of it, so whoever sees nobody here freed what he had before the daemon looked.
 */
static __noinline int wake(__u32 kind, __u32 class_id, const struct sw_source_key *source)
{
	struct sw_freed *freed = bpf_ringbuf_reserve(&wakeups, sizeof(*freed), 0);

	if (!freed) {
		note_untold(source);
		return 0;
	}
	freed->kind = kind;
	freed->class_id = class_id;
	freed->source = *source;
	freed->at_ns = bpf_ktime_get_ns();
	bpf_ringbuf_submit(freed, 0);
	return 0;
}

static __always_inline int somebody_waits(const struct sw_service_state *service)
{
	return *(volatile const __u64 *)&service->waiting != 0;
}

#endif
