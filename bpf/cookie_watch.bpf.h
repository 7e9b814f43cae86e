/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How many steered flows there are whose ACK may bring a SYN cookie (SW_FLOW_COOKIE): while there is none, no ACK is
 * looked at. Used by steer.bpf.h, which begins it, and by whatever ends it.
 */
#ifndef SPILLWAY_COOKIE_WATCH_BPF_H
#define SPILLWAY_COOKIE_WATCH_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "maps.bpf.h"
#include "service.bpf.h"

static __always_inline void cookie_watch_add(__u32 service, __u64 one)
{
	struct sw_service_state *state = bpf_map_lookup_elem(&service_state, &service);
	struct sw_control *all = bpf_map_lookup_elem(&control, &the_only);

	if (state && all) {
		__sync_fetch_and_add(&state->cookie_watch, one);
		__sync_fetch_and_add(&all->cookie_watch, one);
	}
}

/* The ACK of a flow that had these flags while its handshake was not complete is not looked for any more. */
static __always_inline void cookie_unwatch(__u32 service, __u8 flags)
{
	if (flags & SW_FLOW_COOKIE)
		cookie_watch_add(service, -1);
}

#endif
