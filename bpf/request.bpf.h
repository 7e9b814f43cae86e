/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What comes before and after a decision, whether about a newcomer or about a waiter.
 */
#ifndef SPILLWAY_REQUEST_BPF_H
#define SPILLWAY_REQUEST_BPF_H

#include "answering.bpf.h"
#include "env.bpf.h"

/* What every decision about the packet's flow begins with. */
static __always_inline void request_begin(struct gate *gate, struct sw_request *request)
{
	source_key(gate->service_id, &gate->flow.client, gate->source_bits, &request->source);
	request->now_ns = gate->now_ns;
	/* A waiter came here for a stale heartbeat; a new one must not make him wait twice. */
	request->is_fresh = sw_hide(
		request, !gate->is_waiter && sw_decide_is_fresh(gate->control, gate->now_ns));
	request->loss = sw_hide(request, sw_decide_loss(gate->control, gate->now_ns));
}

/* Gives back what a verdict took that nothing comes of. */
static __noinline int give_back(struct gate *gate, struct sw_request *request, __u8 lane)
{
	struct sw_source_live *source = 0;

	/* What is counted keeps the entry, so it is still the one that did. */
	if (lane != SW_LANE_QUEUE || gate->is_listed)
		source = source_find(&request->source);
	if (lane != SW_LANE_QUEUE) {
		sw_release(request->service, request->class_state, source, lane, 1);
		/* Whose turn it was meanwhile found nothing. */
		if (somebody_waits(request->service))
			wake(SW_WAKEUP_FREED, gate->class_id, &request->source);
		return 0;
	}
	sw_waiting_free(request->service, request->class_state);
	if (source)
		sw_source_leave(&source->word);
	return 0;
}

/* So that a retransmit hears the same again. */
static __noinline int note_refused(struct gate *gate, struct sw_service_state *service, __u8 lane)
{
	struct sw_refusal refusal = {
		.isn = gate->isn,
		.lane = lane,
		.class_id = gate->class_id,
		.at_ns = gate->now_ns,
	};

	bpf_map_update_elem(&refused, &gate->flow, &refusal, BPF_ANY);
	*(volatile __u64 *)&service->last_refused_ns = gate->now_ns;
	if (lane == SW_LANE_REFUSE && gate->answers_as && gate->control->mode == SW_MODE_ENFORCE)
		answering_begin(gate->now_ns);
	return 0;
}

#endif
