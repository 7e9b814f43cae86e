/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The gate: what becomes of a packet from the client's side. One set of code for XDP and TC; the two
 * programs differ only in how they carry out what this says, and say before they include this what
 * their context is (packet_ctx), how long its frame is (frame_bytes()), and what names the global
 * functions have in the linked object.
 */
#ifndef SPILLWAY_GATE_BPF_H
#define SPILLWAY_GATE_BPF_H

#include "admit.bpf.h"
#include "answer.bpf.h"
#include "exchange.bpf.h"
#include "parse.bpf.h"
#include "refusal.bpf.h"
#include "rst.bpf.h"
#include "waiter_replaced.bpf.h"

static __always_inline enum gate_says enforce(const struct gate *gate, __u8 lane)
{
	if (gate->control->mode == SW_MODE_MONITOR)
		return GATE_PASS;
	switch (lane) {
	case SW_LANE_DIRECT:
	case SW_LANE_POOLER:
		return GATE_PASS;
	case SW_LANE_NONE:
	case SW_LANE_QUEUE:
	case SW_LANE_DROP:
		return GATE_DROP;
	default:
		return lane == SW_LANE_REFUSE && gate->answers_as ? GATE_REFUSE : GATE_RESET;
	}
}

/*
 * A flow's flags once the SYN has passed to it. It is suspect of having no socket no more: the SYN may be
 * about to make one. A SYN with another number than the one whose handshake is not complete is a new
 * connection from the same port. Which of both the kernel knows depends on what became of the first behind
 * the gate; so from here on no RST from the client is sure to end the handshake, and one that the kernel
 * does not take would free a slot that its ACK then uses all the same.
 */
static __always_inline __u8 flags_after(const struct gate *gate, struct sw_flow *flow,
					struct sw_flow was)
{
	__u32 isn = *(volatile __u32 *)&flow->isn;
	__u8 flags = was.flags & ~(SW_FLOW_SUSPECT | SW_FLOW_AGAIN);

	if (was.state == SW_FLOW_OPEN)
		return flags & ~SW_FLOW_ENDING;
	return isn && isn != gate->isn ? flags | SW_FLOW_RENUMBERED : flags;
}

/*
 * A SYN of somebody who is in, or on its way. It must come again if the flow was changed meanwhile. And if a RST is on
 * its way to the flow's socket: that gone, the SYN would make a connection of which the flow, gone as well, tells
 * nobody.
 */
static __always_inline int gate_again(struct gate *gate, struct sw_flow *flow, struct sw_flow was)
{
	__u8 flags = flags_after(gate, flow, was);
	int is_ending = was.state == SW_FLOW_OPEN && was.flags & SW_FLOW_ENDING;

	if (!(was.flags & SW_FLOW_AGAIN))
		count(gate->service_id, SW_COUNTER_RETRANSMITS);
	if ((flags != was.flags && !flow_move(flow, was.word, was.state, flags)) || is_ending)
		return enforce(gate, SW_LANE_NONE);
	return GATE_PASS;
}

/*
 * A SYN of somebody who waits. A new number is a new connection from the same port. False if the flow was
 * changed meanwhile.
 */
static __always_inline int waiter_repeated(struct gate *gate, struct sw_flow *flow, __u64 seen)
{
	if (*(volatile __u32 *)&flow->isn != gate->isn)
		return waiter_replaced(gate, flow, seen);
	/* In memory that is another's by now it is a time like those that it has. */
	flow->state_ns = gate->now_ns;
	count(gate->service_id, SW_COUNTER_WAIT_REPEATED);
	return 1;
}

/* The daemon gets the newest SYN of who waits, for its TCP timestamp. */
static __always_inline int gate_repeated(struct gate *gate, int found)
{
	if (!(found & 0xff))
		park(gate->ctx, gate->where, &gate->flow, !!(found & PARKABLE_PARTIAL));
	return enforce(gate, SW_LANE_QUEUE);
}

/*
 * Without a daemon who waits gets in by himself, at his next SYN, if there is room; else he waits on,
 * for the next daemon.
 */
static __always_inline void gate_alone(struct gate *gate, const struct sw_flow *flow, __u64 seen)
{
	gate->source_bits = flow->source_bits;
	gate->class_id = flow->class_id;
	gate->is_waiter |= 1;
	gate->waiter_word = seen;
}

/* A SYN that was refused before: its client has not heard, and may go on with what it says only then. */
static __always_inline int gate_refused_again(struct gate *gate, __u8 lane)
{
	int says = enforce(gate, lane);

	count(gate->service_id, SW_COUNTER_RETRANSMITS);
	if (says == GATE_REFUSE)
		answering_begin(gate->now_ns);
	return says;
}

/* A SYN of the service in gate->service_id whose header is in order. */
static __always_inline int gate_flow(struct gate *gate)
{
	struct sw_service_conf *conf = bpf_map_lookup_elem(&service_conf, &gate->service_id);
	struct sw_service_state *service = bpf_map_lookup_elem(&service_state, &gate->service_id);
	struct sw_flow *flow;
	int found = 0;
	__u8 lane;

	gate->control = bpf_map_lookup_elem(&control, &the_only);
	if (!gate->control || !conf || !service)
		return GATE_PASS;
	gate->is_waiter = conf->zero; /* see sw_hide() */
	gate->answers_as = conf->answers_as;
	flow = bpf_map_lookup_elem(&flows, &gate->flow);
	if (flow) {
		struct sw_flow was = unpack(flow_word(flow));
		/* Its memory may be another's by now: that one's state says nothing about this flow. */
		__u8 state = was.tag == sw_flow_tag(&gate->flow) ? was.state : SW_FLOW_DEAD;

		if (state == SW_FLOW_HALF_OPEN || state == SW_FLOW_OPEN)
			return gate_again(gate, flow, was);
		gate->now_ns = bpf_ktime_get_ns();
		if (state == SW_FLOW_WAITING)
			found = parkable(gate->ctx, gate->where, &gate->flow);
		/* Broken on its way, or forged, it says nothing about him who waits. */
		if (found == SW_REASON_CHECKSUM)
			return enforce(gate, SW_LANE_DROP);
		if (state == SW_FLOW_WAITING && !waiter_repeated(gate, flow, was.word))
			return enforce(gate, SW_LANE_NONE);
		if (state == SW_FLOW_WAITING && sw_decide_is_fresh(gate->control, gate->now_ns))
			return gate_repeated(gate, found);
		if (state == SW_FLOW_WAITING)
			gate_alone(gate, flow, was.word);
		else if (state != SW_FLOW_EXPIRED) /* it is just being replaced or removed */
			return enforce(gate, SW_LANE_NONE);
	}
	gate->now_ns = bpf_ktime_get_ns();
	if (sw_must_come_again(gate->control, gate->now_ns))
		return enforce(gate, SW_LANE_NONE);
	lane = gate->is_waiter ? SW_LANE_NONE : refused_before(gate, service);
	return lane == SW_LANE_NONE ? enforce(gate, admit(gate, conf, service))
				    : gate_refused_again(gate, lane);
}

/* The kernel throws away what promises more than came; it makes no connection. */
static __always_inline int is_cut_short(struct packet_ctx *ctx, const struct packet *packet)
{
	int promised = (int)tcp_offset(packet->where) + tcp_bytes(packet);

	/* The first piece of the frame holds nearly every SYN, and its length costs no call. */
	return (int)(packet->data_end - packet->data) < promised &&
	       (int)frame_bytes(ctx) < promised;
}

/* What no TCP would send and some would take for a connection: not to be counted, not to pass. */
static __always_inline int is_malformed(const struct packet *packet, const struct tcphdr *tcp)
{
	return tcp->doff * 4 < (int)sizeof(*tcp) || tcp->doff * 4 > tcp_bytes(packet) ||
	       tcp_flags(tcp) & (TCP_FIN | TCP_RST);
}

static __always_inline int gate_broken(__u32 service, enum sw_counter counter)
{
	struct sw_control *said = bpf_map_lookup_elem(&control, &the_only);

	count(service, counter);
	return said && said->mode == SW_MODE_ENFORCE ? GATE_DROP : GATE_PASS;
}

/*
 * A SYN, found where it says: enum gate_says. A global function, so that the verifier walks it once
 * and not for each of the many forms that a header chain can have.
 */
__attribute__((noinline)) int gate_syn(struct packet_ctx *ctx, __u32 where)
{
	struct packet packet = packet_at(ctx, where);
	struct tcphdr *tcp = tcp_header(&packet);
	struct gate gate = {.ctx = ctx, .where = where};

	if (!tcp || read_flow(ctx, where, &gate.flow))
		return GATE_PASS;
	gate.isn = bpf_ntohl(tcp->seq);
	gate.service_id = service_of(&gate.flow);
	if (gate.service_id == NO_SERVICE)
		return GATE_PASS;
	if (where & WHERE_FRAGMENT)
		return gate_broken(gate.service_id, SW_COUNTER_FRAGMENTED);
	if (is_malformed(&packet, tcp))
		return gate_broken(gate.service_id, SW_COUNTER_MALFORMED);
	if (is_cut_short(ctx, &packet))
		return GATE_PASS;
	return gate_flow(&gate);
}

/* What is no SYN and no RST: while nobody is being refused no map is met on the way out. */
static __always_inline enum gate_says gate_data(struct packet_ctx *ctx, const struct packet *packet,
						const struct tcphdr *tcp)
{
	__u32 bytes = data_bytes(packet, tcp);

	if (*(volatile __u64 *)&answering_ns && is_answering()) {
		int says = gate_answer(ctx, packet->where);

		if (says != GATE_PASS)
			return says;
	}
	if (sw_cancel_fits(bytes))
		gate_cancel(ctx, packet->where);
	return GATE_PASS;
}

/*
 * Headers that end where the program cannot look, though the frame goes on there: a SYN could lie
 * behind them, and the kernel would take it. Where the frame itself ends, the kernel drops it.
 */
static __always_inline int gate_unseen(struct packet_ctx *ctx, const struct packet *packet)
{
	return frame_bytes(ctx) > packet->data_end - packet->data
		       ? gate_broken(SW_COUNTERS_HOST, SW_COUNTER_MALFORMED)
		       : GATE_PASS;
}

/* All that arrives comes here. Unless somebody is being told, what is no SYN, RST or CancelRequest meets no map. */
static __always_inline int gate_packet(struct packet_ctx *ctx, __u32 where)
{
	struct packet packet = packet_at(ctx, where);
	struct tcphdr *tcp;
	__u8 flags;

	if (where == NOWHERE_TOO_DEEP)
		return gate_broken(SW_COUNTERS_HOST, SW_COUNTER_MALFORMED);
	if (where == NOWHERE_TRUNCATED)
		return gate_unseen(ctx, &packet);
	if (where < NOWHERE_COUNT)
		return GATE_PASS;
	tcp = tcp_header(&packet);
	/* A piece too short to show its flags could be a SYN put together behind the gate (RFC 3128). */
	if (!tcp)
		return where & WHERE_FRAGMENT ? gate_broken(SW_COUNTERS_HOST, SW_COUNTER_FRAGMENTED)
					      : gate_unseen(ctx, &packet);
	flags = tcp_flags(tcp);
	if (!(flags & (TCP_SYN | TCP_RST)))
		return gate_data(ctx, &packet, tcp);
	if (!(flags & TCP_SYN))
		gate_rst(ctx, where);
	else if (!(flags & TCP_ACK))
		return gate_syn(ctx, where);
	return GATE_PASS;
}

#endif
