/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Telling the daemon that something was given back. Only while somebody waits for it: then one look at a
 * count is all that a closing connection pays. Used by flows.
 */
#ifndef SPILLWAY_WAKE_BPF_H
#define SPILLWAY_WAKE_BPF_H

#include "maps.bpf.h"

/*
 * A record that the ring has no room for is one that the daemon's clock finds. Who waits is counted before
 * the daemon is told of it, so whoever sees nobody here freed what he had before the daemon looked.
 */
static __noinline int wake(__u32 kind, __u32 class_id, const struct sw_source_key *source)
{
	struct sw_freed *freed = bpf_ringbuf_reserve(&wakeups, sizeof(*freed), 0);

	if (!freed)
		return 0;
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
