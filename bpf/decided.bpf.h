/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Telling `spillway events` what was decided: spillway/decision.h on the live maps. Used by admit.bpf.h.
 */
#ifndef SPILLWAY_DECIDED_BPF_H
#define SPILLWAY_DECIDED_BPF_H

#include "count.bpf.h"
#include "env.bpf.h"
#include "spillway/decision.h"

/* Weak: one for all programs that are linked. */
__u64 decisions_rate __weak = 0;

/* Nobody is woken for it: the daemon looks by the clock. */
static __noinline int tell_decision(const struct gate *gate, const struct sw_source_key *source,
				    const struct sw_verdict *verdict)
{
	__u32 second = gate->now_ns / NS_PER_SECOND;
	__u64 hash = sw_sample_hash(source);
	__u32 place = sw_sample_place(hash);
	struct sw_sampled *last = bpf_map_lookup_elem(&sampled, &place);
	struct sw_decision *told = 0;

	if (last &&
	    sw_sample_takes(&decisions_rate, sw_sample_is_first(last, hash, second), second))
		told = bpf_ringbuf_reserve(&decisions, sizeof(*told), 0);
	if (!told) {
		count(gate->service_id, SW_COUNTER_EVENTS_UNTOLD);
		return 0;
	}
	told->at_ns = gate->now_ns;
	told->opened_ns = 0;
	told->client = gate->flow.client;
	told->server = gate->flow.server;
	told->client_port_be = gate->flow.client_port_be;
	told->server_port_be = gate->flow.server_port_be;
	told->class_id = gate->class_id;
	told->service = gate->service_id;
	told->lane = verdict->lane;
	told->reason = verdict->reason;
	told->over = verdict->over;
	told->is_shadow = gate->control->mode == SW_MODE_MONITOR;
	told->kind = SW_TOLD_DECISION;
	__builtin_memset(told->pad, 0, sizeof(told->pad));
	bpf_ringbuf_submit(told, BPF_RB_NO_WAKEUP);
	return 0;
}

#endif
