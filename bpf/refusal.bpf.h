/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Refusals that are remembered, so that a retransmit hears the same again. Used by the gate.
 */
#ifndef SPILLWAY_REFUSAL_BPF_H
#define SPILLWAY_REFUSAL_BPF_H

#include "env.bpf.h"

/* How long a refusal is remembered for its retransmits: tcp_syn_retries = 6 sends the last at 63 s. */
#define REFUSAL_NS (64 * NS_PER_SECOND)

/* Signed: another CPU may have refused since this one looked at the clock. */
static __always_inline int is_forgotten(const struct gate *gate, __u64 refused_ns)
{
	return (__s64)(gate->now_ns - refused_ns) > (__s64)REFUSAL_NS;
}

/* The verdict that this very SYN got before, SW_LANE_NONE if it is new. */
static __always_inline __u8 refused_before(struct gate *gate,
					   const struct sw_service_state *service)
{
	struct sw_refusal *refusal;

	if (is_forgotten(gate, service->last_refused_ns))
		return SW_LANE_NONE;
	refusal = bpf_map_lookup_elem(&refused, &gate->flow);
	if (!refusal || refusal->isn != gate->isn || is_forgotten(gate, refusal->at_ns))
		return SW_LANE_NONE;
	return refusal->lane;
}

#endif
