/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Deciding a SYN that nobody has seen before: spillway/decide.h on the live maps (env.bpf.h), and its
 * verdict written down. Used by gate.bpf.h.
 */
#ifndef SPILLWAY_ADMIT_BPF_H
#define SPILLWAY_ADMIT_BPF_H

#include "class.bpf.h"
#include "decided.bpf.h"
#include "forget.bpf.h"
#include "rate.bpf.h"
#include "request.bpf.h"
#include "waiter_admit.bpf.h"

/* How who is to wait came to. */
static __always_inline __u8 parked_flags(const struct gate *gate, const struct sw_verdict *verdict)
{
	__u8 flags = gate->owes_rate ? SW_FLOW_OWES : 0;

	if (verdict->over == SW_REASON_RATE)
		flags |= SW_FLOW_OVER_RATE;
	else if (verdict->over == SW_REASON_SOURCE_LIVE)
		flags |= SW_FLOW_OVER_LIVE;
	if (!gate->is_listed)
		flags |= SW_FLOW_UNLISTED;
	return flags;
}

/* The flow of somebody that the verdict admits, or lets wait. */
static __noinline enum noted note_flow(struct gate *gate, const struct sw_service_conf *conf,
				       const struct sw_verdict *verdict)
{
	int is_parked = verdict->lane == SW_LANE_QUEUE;
	int elsewhere = verdict->lane == SW_LANE_POOLER || (conf->direct.port_be && !is_parked);
	int shadow = gate->control->mode == SW_MODE_MONITOR;
	struct sw_flow fresh = {
		.tag = sw_flow_tag(&gate->flow),
		.state = is_parked ? SW_FLOW_WAITING : SW_FLOW_HALF_OPEN,
		.lane = verdict->lane,
		.reason = verdict->reason,
		.service = gate->service_id,
		.class_id = gate->class_id,
		.source_bits = gate->source_bits,
		.isn = gate->isn,
		.syn_ns = gate->now_ns,
		.state_ns = gate->now_ns,
	};

	if (is_parked)
		fresh.flags = parked_flags(gate, verdict);
	else if (shadow)
		fresh.flags = SW_FLOW_SHADOW;
	else if (elsewhere)
		fresh.flags = SW_FLOW_STEERED;
	return flow_note(&gate->flow, &fresh);
}

/*
 * Takes the newcomer's arrival from its source's rate, or that of a waiter that has not taken it: enum
 * sw_gcra_result. `taken` says whether it is to be given back where nothing comes of it.
 */
static __always_inline int take_arrival(struct gate *gate, struct sw_request *request, int *taken)
{
	int result;

	if (request->class_conf->action != SW_ACTION_LIMIT || request->loss ||
	    (gate->is_waiter && !(unpack(gate->waiter_word).flags & SW_FLOW_OWES_RATE)))
		return SW_GCRA_CONFORMS;
	result = source_arrives(&request->source, request->class_conf, gate->now_ns);
	*taken = result == SW_GCRA_CONFORMS &&
		 sw_chain_has(request->service_conf->over_limit, SW_LANE_QUEUE);
	return result;
}

/*
 * Asks the decision. What it took is taken. Where those over their rate wait for it, an arrival is for who
 * gets in: were it gone with each that only waits behind them, they would never have one. Where they do not
 * wait, it is the rate that bounds how many come to.
 */
static __always_inline struct sw_verdict decide(struct gate *gate, struct sw_request *request)
{
	struct sw_verdict verdict;
	int taken = 0;

	request_begin(gate, request);
	request->over_rate = sw_hide(request, take_arrival(gate, request, &taken));
	verdict = sw_decide(request);
	if (taken && !sw_lane_admits(verdict.lane)) {
		source_returns(&request->source, request->class_conf);
		gate->owes_rate = 1;
	}
	if (request->over_budget && verdict.reason == SW_REASON_ACTION)
		count(gate->service_id, SW_COUNTER_OVER_BUDGET);
	return verdict;
}

/* Writes down who got in or waits: NOTED, or nothing is taken any more. */
static __always_inline enum noted note(struct gate *gate, struct sw_request *request,
				       const struct sw_verdict *verdict)
{
	enum noted noted = note_flow(gate, request->service_conf, verdict);

	if (noted != NOTED)
		give_back(gate, request, verdict->lane);
	else if (verdict->lane == SW_LANE_QUEUE)
		park(gate->ctx, gate->where, &gate->flow, gate->is_partial);
	return noted;
}

static __always_inline void note_no_way_in(struct gate *gate, const struct sw_request *request,
					   struct sw_verdict verdict)
{
	if (verdict.reason == SW_REASON_FLOWS_FULL)
		count(gate->service_id, SW_COUNTER_FLOWS_FULL);
	else if (verdict.reason == SW_REASON_SOURCES_FULL)
		count(gate->service_id, SW_COUNTER_SOURCES_FULL);
	/* Broken on its way, or forged: the client's next may be whole. */
	if (verdict.reason == SW_REASON_CHECKSUM)
		return;
	note_refused(gate, request->service, verdict.lane);
	note_refusal(&request->source, gate->now_ns);
}

/* What a waiter comes to without a daemon: in, or on with waiting; where all are to be refused, out. */
static __always_inline __u8 admit_waiter(struct gate *gate, struct sw_request *request,
					 struct sw_verdict verdict)
{
	struct sw_flow *flow = bpf_map_lookup_elem(&flows, &gate->flow);

	if (sw_lane_admits(verdict.lane)) {
		if (flow &&
		    waiter_admit(&gate->flow, flow, gate->waiter_word, gate->isn, verdict.lane)) {
			tell_decision(gate, &request->source, &verdict);
			return verdict.lane;
		}
		give_back(gate, request, verdict.lane);
		return SW_LANE_NONE;
	}
	if (request->loss != SW_LOSS_CLOSED || !flow)
		return SW_LANE_NONE;
	note_no_way_in(gate, request, verdict);
	waiter_forget(&gate->flow, flow, gate->waiter_word, gate->isn, SW_WAIT_TIMED_OUT);
	return verdict.lane;
}

static __always_inline void find_class(struct gate *gate, const struct sw_service_conf *conf)
{
	if (gate->is_waiter) /* it is counted where it is, whatever is configured by now */
		return;
	gate->source_bits =
		sw_address_is_ipv4(&gate->flow.client) ? conf->ipv4_bits : conf->ipv6_bits;
	gate->class_id = class_of(conf, gate->service_id, &gate->flow.client);
}

/* Decides the SYN and writes the verdict down; its lane, or SW_LANE_NONE if it is to come again. */
static __noinline int admit(struct gate *gate, const struct sw_service_conf *conf,
			    struct sw_service_state *service)
{
	struct sw_request request = {.service_conf = conf, .service = service, .env = gate};
	struct sw_verdict verdict;
	enum noted noted = NOTED_NO_ROOM;

	find_class(gate, conf);
	request.class_conf = bpf_map_lookup_elem(&class_conf, &gate->class_id);
	request.class_state = bpf_map_lookup_elem(&class_state, &gate->class_id);
	if (!request.class_conf || !request.class_state)
		return SW_LANE_DIRECT;
	verdict = decide(gate, &request);
	if (gate->is_waiter)
		return admit_waiter(gate, &request, verdict);
	if (verdict.lane == SW_LANE_QUEUE && gate->control->mode == SW_MODE_MONITOR) {
		give_back(gate, &request, verdict.lane); /* nobody is kept waiting */
	} else if (sw_lane_admits(verdict.lane) || verdict.lane == SW_LANE_QUEUE) {
		noted = note(gate, &request, &verdict);
		if (noted == NOTED_BY_ANOTHER)
			return SW_LANE_NONE; /* the retransmit meets a flow that is noted */
		if (noted == NOTED_NO_ROOM) {
			verdict.lane = sw_chain_last(request.class_conf->lanes);
			verdict.reason = SW_REASON_FLOWS_FULL;
		}
	}
	if (noted != NOTED)
		note_no_way_in(gate, &request, verdict);
	count_verdict(gate->class_id, verdict);
	tell_decision(gate, &request.source, &verdict);
	return verdict.lane;
}

#endif
