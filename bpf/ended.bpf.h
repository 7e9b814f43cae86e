/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Telling `spillway record` that a connection gave back its slot, or its place at the pooler. Used by flow.bpf.h.
 */
#ifndef SPILLWAY_ENDED_BPF_H
#define SPILLWAY_ENDED_BPF_H

#include "count.bpf.h"
#include "spillway/decision.h"

/* Weak: one for all programs that are linked. */
__u64 ends_rate __weak = 0;

/* After the release; only for who ended the flow, whose word it was, and since when it had that. */
static __noinline int tell_end(const struct sw_flow_key *key, __u32 service, __u32 class_id,
			       __u64 word, __u64 state_ns)
{
	struct sw_flow was = {.word = word};
	__u64 now_ns = bpf_ktime_get_ns();
	struct sw_decision *told = 0;

	if (sw_sample_takes(&ends_rate, 1, now_ns / NS_PER_SECOND))
		told = bpf_ringbuf_reserve(&decisions, sizeof(*told), 0);
	if (!told) {
		count(service, SW_COUNTER_ENDS_UNTOLD);
		return 0;
	}
	__builtin_memset(told, 0, sizeof(*told));
	told->at_ns = now_ns;
	told->opened_ns = was.state == SW_FLOW_OPEN ? state_ns : 0;
	told->client = key->client;
	told->server = key->server;
	told->client_port_be = key->client_port_be;
	told->server_port_be = key->server_port_be;
	told->class_id = class_id;
	told->service = service;
	told->lane = was.lane;
	told->is_shadow = !!(was.flags & SW_FLOW_SHADOW);
	told->kind = SW_TOLD_END;
	bpf_ringbuf_submit(told, BPF_RB_NO_WAKEUP);
	return 0;
}

#endif
