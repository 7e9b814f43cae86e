/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The gate: what becomes of a packet from the client's side. One set of code for XDP and TC; the two
 * programs differ only in how they carry out what this says, and say before they include this what
 * their context is (gate_ctx) and what names the global functions have in the linked object.
 */
#ifndef SPILLWAY_GATE_BPF_H
#define SPILLWAY_GATE_BPF_H

#include "answer.bpf.h"
#include "class.bpf.h"
#include "flow.bpf.h"
#include "listener.bpf.h"
#include "parse.bpf.h"
#include "rate.bpf.h"
#include "spillway/decide.h"

/* How long a refusal is remembered for its retransmits: tcp_syn_retries = 6 sends the last at 63 s. */
#define REFUSAL_NS (64 * NS_PER_SECOND)

enum gate_says {
	GATE_PASS,
	GATE_DROP,
	GATE_RESET, /* answer with a RST, or drop if that cannot be done */
};

/* One SYN on its way through the gate. */
struct gate {
	struct gate_ctx *ctx;
	const struct sw_control *control;
	struct sw_flow_key flow;
	__u32 isn;
	__u32 service_id;
	__u32 class_id;
	__u64 now_ns;
};

SW_INLINE int sw_env_source_take(struct sw_request *request, int direct,
				 const struct sw_source_limits *limits)
{
	return source_take(&request->source, direct, limits);
}

SW_INLINE __u32 sw_env_source_live(struct sw_request *request)
{
	__u64 *word = source_word(&request->source, 0, 0);

	return word && !sw_source_is_gone(*word) ? sw_source_live_count(*word) : 0;
}

enum listener {
	LISTENER_READY,
	LISTENER_ABSENT,
	LISTENER_HIDDEN, /* a socket of the flow's own would be found instead of it */
};

static __noinline int target_listens(void *ctx, const struct sw_target *target,
				     const struct sw_flow_key *flow)
{
	struct bpf_sock *sk = target_listener(ctx, target, flow);

	if (!sk)
		return 0;
	bpf_sk_release(sk);
	return 1;
}

/* A global function, for the verifier's sake: it looks up sockets, and the chain has many ways here. */
__attribute__((noinline)) int gate_listener(struct gate_ctx *ctx, const struct sw_flow_key *flow,
					    const struct sw_target *target)
{
	__u32 state;

	if (!flow || !target)
		return LISTENER_ABSENT;
	state = own_socket_state(ctx, flow);
	if (state && state != BPF_TCP_LISTEN)
		return LISTENER_HIDDEN;
	return target_listens(ctx, target, flow) ? LISTENER_READY : LISTENER_ABSENT;
}

/* Without a target of its own, `direct` is whatever listens on the packet's destination. */
SW_INLINE int sw_env_listener(struct sw_request *request, int lane)
{
	const struct sw_service_conf *conf = request->service_conf;
	const struct sw_target *target = lane == SW_LANE_POOLER ? &conf->pooler : &conf->direct;
	struct gate *gate = request->env;

	if (!target->port_be)
		return lane == SW_LANE_POOLER ? SW_REASON_NO_POOLER : 0;
	switch (gate_listener(gate->ctx, &gate->flow, target)) {
	case LISTENER_READY:
		return 0;
	case LISTENER_HIDDEN:
		return SW_REASON_PORT_REUSE;
	default:
		return lane == SW_LANE_POOLER ? SW_REASON_POOLER_DOWN : SW_REASON_NO_LISTENER;
	}
}

SW_INLINE void sw_env_step(struct sw_request *request, enum sw_check check, __u64 value,
			   __u64 limit, int passed)
{
	(void)request, (void)check, (void)value, (void)limit, (void)passed;
}

static __always_inline enum gate_says enforce(const struct gate *gate, __u8 lane)
{
	if (gate->control->mode == SW_MODE_MONITOR)
		return GATE_PASS;
	switch (lane) {
	case SW_LANE_DIRECT:
	case SW_LANE_POOLER:
		return GATE_PASS;
	case SW_LANE_DROP:
		return GATE_DROP;
	default:
		return GATE_RESET;
	}
}

static __always_inline enum sw_loss loss_of(const struct gate *gate)
{
	const struct sw_control *said = gate->control;

	if (said->on_loss == SW_ON_LOSS_HOLD || gate->now_ns < said->heartbeat_ns ||
	    gate->now_ns - said->heartbeat_ns < said->heartbeat_timeout_ns)
		return SW_LOSS_NONE;
	return said->on_loss == SW_ON_LOSS_OPEN ? SW_LOSS_OPEN : SW_LOSS_CLOSED;
}

/* Writes the flow that the verdict admits. */
static __noinline enum noted note_admitted(struct gate *gate, const struct sw_service_conf *conf,
					   const struct sw_verdict *verdict)
{
	int elsewhere = verdict->lane == SW_LANE_POOLER || conf->direct.port_be;
	int shadow = gate->control->mode == SW_MODE_MONITOR;
	struct sw_flow fresh = {
		.isn = gate->isn,
		.state = SW_FLOW_HALF_OPEN,
		.lane = verdict->lane,
		.reason = verdict->reason,
		.service = gate->service_id,
		.class_id = gate->class_id,
		.syn_ns = gate->now_ns,
		.state_ns = gate->now_ns,
	};

	fresh.source_bits = is_mapped_ipv4(&gate->flow.client) ? conf->ipv4_bits : conf->ipv6_bits;
	if (shadow)
		fresh.flags = SW_FLOW_SHADOW;
	else if (elsewhere)
		fresh.flags = SW_FLOW_STEERED;
	return flow_note(&gate->flow, &fresh);
}

static __noinline void note_refused(struct gate *gate, struct sw_service_state *service, __u8 lane)
{
	struct sw_refusal refusal = {.isn = gate->isn, .lane = lane, .at_ns = gate->now_ns};

	bpf_map_update_elem(&refused, &gate->flow, &refusal, BPF_ANY);
	*(volatile __u64 *)&service->last_refused_ns = gate->now_ns;
}

/* The verdict that this very SYN got before, SW_LANE_NONE if it is new. */
static __always_inline __u8 refused_before(struct gate *gate,
					   const struct sw_service_state *service)
{
	struct sw_refusal *refusal;

	if (gate->now_ns - service->last_refused_ns > REFUSAL_NS)
		return SW_LANE_NONE;
	refusal = bpf_map_lookup_elem(&refused, &gate->flow);
	if (!refusal || refusal->isn != gate->isn || gate->now_ns - refusal->at_ns > REFUSAL_NS)
		return SW_LANE_NONE;
	return refusal->lane;
}

/* Decides a SYN that nobody has seen before, and writes the verdict down. */
static __always_inline enum gate_says admit(struct gate *gate, const struct sw_service_conf *conf,
					    struct sw_service_state *service)
{
	struct sw_request request = {.service_conf = conf, .service = service, .env = gate};
	struct sw_verdict verdict;

	gate->class_id = class_of(conf, gate->service_id, &gate->flow.client);
	request.class_conf = bpf_map_lookup_elem(&class_conf, &gate->class_id);
	request.class_state = bpf_map_lookup_elem(&class_state, &gate->class_id);
	if (!request.class_conf || !request.class_state)
		return GATE_PASS;
	source_key(gate->service_id, &gate->flow.client,
		   is_mapped_ipv4(&gate->flow.client) ? conf->ipv4_bits : conf->ipv6_bits,
		   &request.source);
	request.loss = loss_of(gate);
	if (request.class_conf->action == SW_ACTION_LIMIT && !request.loss)
		request.over_rate =
			source_arrives(&request.source, request.class_conf, gate->now_ns);
	verdict = sw_decide(&request);
	if (verdict.lane == SW_LANE_DIRECT || verdict.lane == SW_LANE_POOLER) {
		enum noted noted = note_admitted(gate, conf, &verdict);

		if (noted != NOTED)
			sw_release(service, request.class_state, source_word(&request.source, 0, 0),
				   verdict.lane);
		if (noted == NOTED_BY_ANOTHER)
			return GATE_DROP; /* the retransmit meets a flow that is noted */
		if (noted == NOTED_NO_ROOM) {
			verdict.lane = sw_chain_last(request.class_conf->lanes);
			verdict.reason = SW_REASON_FLOWS_FULL;
		}
	}
	if (verdict.lane != SW_LANE_DIRECT && verdict.lane != SW_LANE_POOLER) {
		note_refused(gate, service, verdict.lane);
		note_refusal(&request.source);
	}
	count_verdict(gate->class_id, verdict);
	return enforce(gate, verdict.lane);
}

/*
 * A SYN to a guarded port whose header is in order: enum gate_says. A global function, so that the
 * verifier does not walk it again for each of the many forms that a header chain can have.
 */
__attribute__((noinline)) int gate_syn(struct gate_ctx *ctx, const struct sw_flow_key *key,
				       __u32 isn, __u32 service_id)
{
	struct gate gate = {.ctx = ctx, .service_id = service_id, .isn = isn};
	struct sw_service_conf *conf = bpf_map_lookup_elem(&service_conf, &gate.service_id);
	struct sw_service_state *service = bpf_map_lookup_elem(&service_state, &gate.service_id);
	struct sw_flow *flow;
	__u8 lane;

	gate.control = bpf_map_lookup_elem(&control, &the_only);
	if (!key || !gate.control || !conf || !service)
		return GATE_PASS;
	gate.flow = *key;
	flow = bpf_map_lookup_elem(&flows, &gate.flow);
	if (flow) {
		__u8 state = unpack(flow_word(flow)).state;

		if (state == SW_FLOW_HALF_OPEN || state == SW_FLOW_OPEN) {
			count(gate.service_id, SW_COUNTER_RETRANSMITS);
			return GATE_PASS;
		}
		if (state != SW_FLOW_EXPIRED)
			return GATE_DROP; /* it is just being replaced or removed */
	}
	gate.now_ns = bpf_ktime_get_ns();
	lane = refused_before(&gate, service);
	if (lane != SW_LANE_NONE) {
		count(gate.service_id, SW_COUNTER_RETRANSMITS);
		return enforce(&gate, lane);
	}
	return admit(&gate, conf, service);
}

/* Bytes that the IP header gives to TCP, header and data. */
static __always_inline int tcp_bytes(const struct packet *packet)
{
	const struct ipv6hdr *ip6 = ip_header(packet);
	const struct iphdr *ip4 = ip_header(packet);
	int headers = packet->tcp_offset - packet->ip_offset;

	if (packet->is_ipv6) {
		if ((void *)(ip6 + 1) > packet->data_end)
			return -1;
		return (int)sizeof(*ip6) + bpf_ntohs(ip6->payload_len) - headers;
	}
	if ((void *)(ip4 + 1) > packet->data_end)
		return -1;
	return bpf_ntohs(ip4->tot_len) - headers;
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

/* Everything that arrives comes here. What is no SYN leaves without having met a map. */
static __always_inline int gate_packet(struct gate_ctx *ctx, const struct packet *packet,
				       enum located located)
{
	struct sw_flow_key flow;
	struct tcphdr *tcp;
	__u32 service;

	if (located == LOCATED_TOO_DEEP)
		return gate_broken(SW_COUNTERS_HOST, SW_COUNTER_MALFORMED);
	if (located != LOCATED_TCP)
		return GATE_PASS;
	tcp = tcp_header(packet);
	/* A piece too short to show its flags could be a SYN put together behind the gate (RFC 3128). */
	if (!tcp)
		return packet->is_fragment ? gate_broken(SW_COUNTERS_HOST, SW_COUNTER_FRAGMENTED)
					   : GATE_PASS;
	if ((tcp_flags(tcp) & (TCP_SYN | TCP_ACK)) != TCP_SYN || read_flow(packet, tcp, &flow))
		return GATE_PASS;
	service = service_of(&flow);
	if (service == NO_SERVICE)
		return GATE_PASS;
	if (packet->is_fragment)
		return gate_broken(service, SW_COUNTER_FRAGMENTED);
	if (is_malformed(packet, tcp))
		return gate_broken(service, SW_COUNTER_MALFORMED);
	return gate_syn(ctx, &flow, tcp->seq, service);
}

/* Sequence numbers that a SYN uses up: itself and the data that it may carry (TCP Fast Open). */
static __always_inline __u32 syn_length(const struct packet *packet)
{
	struct tcphdr *tcp = tcp_header(packet);
	int bytes = tcp_bytes(packet);

	return tcp && bytes > tcp->doff * 4 ? 1 + bytes - tcp->doff * 4 : 1;
}

#endif
