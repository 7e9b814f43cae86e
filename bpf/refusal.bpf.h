/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Refusals that are remembered, so that a retransmit hears the same again. Used by the gate.
 */
#ifndef SPILLWAY_REFUSAL_BPF_H
#define SPILLWAY_REFUSAL_BPF_H

#include "env.bpf.h"

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
	if (!refusal)
		return SW_LANE_NONE;
	if (refusal->isn != gate->isn) {
		/* Another connection from the port: what is said there is not about the one before. */
		bpf_map_delete_elem(&refused, &gate->flow);
		return SW_LANE_NONE;
	}
	return is_forgotten(gate, refusal->at_ns) ? SW_LANE_NONE : refusal->lane;
}

#endif
