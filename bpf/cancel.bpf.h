/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Telling the daemon of CancelRequests (spillway/cancel.h). Of data only the length is looked at; what could be
 * one by that, a few bytes long, pays for a look at its first two words. It passes, whatever it is. Used by the
 * gate, which says before how bytes of its frame are read and where it came in, as for park.bpf.h.
 */
#ifndef SPILLWAY_CANCEL_BPF_H
#define SPILLWAY_CANCEL_BPF_H

#include "flow.bpf.h"
#include "park.bpf.h"
#include "spillway/cancel.h"
#include "spillway/gcra.h"
#include "spillway/fresh.h"

static __always_inline __u32 data_bytes(const struct packet *packet, const struct tcphdr *tcp)
{
	return tcp_bytes(packet) - tcp->doff * 4;
}

static __always_inline __u32 data_offset(const struct packet *packet, const struct tcphdr *tcp)
{
	return tcp_offset(packet->where) + tcp->doff * 4;
}

static __always_inline int is_cancel(struct packet_ctx *ctx, const struct packet *packet,
				     const struct tcphdr *tcp)
{
	__u32 offset = data_offset(packet, tcp), bytes = data_bytes(packet, tcp);
	const __be32 *data = packet->data + offset;
	__be32 head_be[2];

	if (packet->where & WHERE_FRAGMENT || !(tcp_flags(tcp) & TCP_ACK))
		return 0;
	if ((void *)(data + 2) <= packet->data_end) {
		head_be[0] = data[0];
		head_be[1] = data[1];
	} else if (load_bytes(ctx, offset, head_be, sizeof(head_be))) {
		return 0;
	}
	/* What promises more than came the kernel throws away. */
	return sw_cancel_begins(head_be, bytes) && offset + bytes <= frame_bytes(ctx);
}

/*
 * The lane of the flow whose first data this is, SW_LANE_NONE where there is none. Decided in monitor mode it
 * is on no lane: it was not steered. Of a flow without a number, or with two, nobody knows what was said before.
 */
static __always_inline __u8 lane_of_first(const struct sw_flow_key *key, __u32 sequence)
{
	struct sw_flow *flow = bpf_map_lookup_elem(&flows, key);
	struct sw_flow was;
	int has_number;

	if (!flow)
		return SW_LANE_NONE;
	was = unpack(flow_word(flow));
	has_number = flow->isn && !(was.flags & SW_FLOW_RENUMBERED);
	if (was.tag != sw_flow_tag(key) || was.flags & SW_FLOW_SHADOW ||
	    (was.state != SW_FLOW_HALF_OPEN && was.state != SW_FLOW_OPEN) ||
	    (has_number && !sw_cancel_is_first(sequence, flow->isn)))
		return SW_LANE_NONE;
	return was.lane;
}

/* Without a daemon nobody hands it on, and what is in the ring for the next one would only come too late. */
static __always_inline int may_tell(const struct sw_control *said, struct sw_service_state *service,
				    __u64 now_ns)
{
	return sw_decide_is_fresh(said, now_ns) &&
	       sw_gcra_take(&service->cancel_ns, now_ns, SW_CANCEL_INTERVAL_NS,
			    SW_CANCEL_TOLERANCE_NS) == SW_GCRA_CONFORMS;
}

/* 0, or it is lost. */
static __always_inline int tell(struct packet_ctx *ctx, __u32 where, const struct sw_flow_key *key,
				__u32 service, __u8 lane, __u64 now_ns)
{
	struct packet packet = packet_at(ctx, where);
	struct tcphdr *tcp = tcp_header(&packet);
	struct sw_cancel *cancel;
	__u32 bytes;

	if (!tcp)
		return -1;
	bytes = data_bytes(&packet, tcp);
	if (is_beyond(&bytes, SW_CANCEL_BYTES_MIN, SW_CANCEL_BYTES_MAX))
		return -1;
	cancel = bpf_ringbuf_reserve(&wakeups, sizeof(*cancel), 0);
	if (!cancel)
		return -1;
	cancel->kind = SW_WAKEUP_CANCEL;
	cancel->ifindex = ingress_of(ctx);
	cancel->at_ns = now_ns;
	cancel->flow = *key;
	cancel->sequence = bpf_ntohl(tcp->seq);
	cancel->service = service;
	cancel->lane = lane;
	cancel->bytes = bytes;
	if (load_bytes(ctx, data_offset(&packet, tcp), cancel->request, bytes)) {
		bpf_ringbuf_discard(cancel, 0);
		return -1;
	}
	bpf_ringbuf_submit(cancel, 0);
	return 0;
}

/* Data as long as a CancelRequest: a global function, as gate_syn() is. */
__attribute__((noinline)) int gate_cancel(struct packet_ctx *ctx, __u32 where)
{
	struct packet packet = packet_at(ctx, where);
	struct tcphdr *tcp = tcp_header(&packet);
	struct sw_service_state *state;
	struct sw_service_conf *conf;
	struct sw_control *said;
	struct sw_flow_key key = {}; /* 6.1 wants what a global function fills to be filled */
	__u64 now_ns;
	__u32 service;
	__u8 lane;

	if (!tcp || !is_cancel(ctx, &packet, tcp) || read_flow(ctx, where, &key))
		return 0;
	service = service_of(&key);
	if (service == NO_SERVICE)
		return 0;
	said = bpf_map_lookup_elem(&control, &the_only);
	conf = bpf_map_lookup_elem(&service_conf, &service);
	state = bpf_map_lookup_elem(&service_state, &service);
	if (!said || !conf || !state || !conf->has_cancels || said->mode != SW_MODE_ENFORCE)
		return 0;
	lane = lane_of_first(&key, bpf_ntohl(tcp->seq));
	now_ns = bpf_ktime_get_ns();
	if (lane != SW_LANE_NONE &&
	    (!may_tell(said, state, now_ns) || tell(ctx, where, &key, service, lane, now_ns)))
		count(service, SW_COUNTER_CANCELS_LOST);
	return 0;
}

#endif
