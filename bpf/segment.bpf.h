/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A segment that may be of a conversation with a refused client: what it says, and whose it is. Used by the exchange.
 */
#ifndef SPILLWAY_SEGMENT_BPF_H
#define SPILLWAY_SEGMENT_BPF_H

#include "answer.bpf.h"
#include "answering.bpf.h"
#include "listener.bpf.h"
#include "spillway/exchange.h"

/* One segment of a client that may be one of ours. */
struct exchange {
	const struct sw_service_conf *conf;
	struct sw_refusal *refusal; /* NULL: forgotten, or it never was one */
	__u32 service;
	__u32 class_id;
	__u32 text_bytes;
	struct sw_segment segment;
	struct sw_stand stand;
	struct reply reply;
};

/* Somebody who is in, on its way in, or waits. Who came too late is not: he may have been refused since. */
static __always_inline int is_let_in(const struct sw_flow_key *key)
{
	struct sw_flow *flow = bpf_map_lookup_elem(&flows, key);
	struct sw_flow was;

	if (!flow)
		return 0;
	was = unpack(flow_word(flow));
	return was.tag == sw_flow_tag(key) && was.state != SW_FLOW_EXPIRED;
}

static __always_inline int read_segment(struct packet_ctx *ctx, __u32 where,
					struct sw_segment *segment)
{
	struct packet packet = packet_at(ctx, where);
	struct tcphdr *tcp = tcp_header(&packet);
	int bytes;

	if (!tcp || !(tcp_flags(tcp) & TCP_ACK))
		return -1;
	bytes = tcp_bytes(&packet) - tcp->doff * 4;
	if (tcp->doff * 4 < (int)sizeof(*tcp) || bytes < 0 ||
	    data_offset(&packet, tcp) + bytes > frame_bytes(ctx))
		return -1;
	segment->seq = bpf_ntohl(tcp->seq);
	segment->ack = bpf_ntohl(tcp->ack_seq);
	segment->bytes = bytes;
	segment->has_fin = !!(tcp_flags(tcp) & TCP_FIN);
	if (bytes < (int)sizeof(segment->head_be))
		return 0;
	return (int)load_bytes(ctx, data_offset(&packet, tcp), segment->head_be,
			       sizeof(segment->head_be));
}

enum whose {
	WHOSE_OURS,
	WHOSE_NOT_OURS,
	WHOSE_WRONG, /* of a conversation of ours, its numbers wrong */
};

static __noinline int whose_is(const struct sw_flow_key *key, struct exchange *exchange)
{
	struct sw_cookie_secrets *secrets = bpf_map_lookup_elem(&cookie_secrets, &the_only);

	if (!secrets || !secrets->is_set)
		return WHOSE_NOT_OURS;
	if (exchange->refusal)
		return sw_exchange_known(secrets, key, &exchange->segment, exchange->refusal->isn,
					 exchange->text_bytes, &exchange->stand)
			       ? WHOSE_OURS
			       : WHOSE_WRONG;
	return sw_exchange_unknown(secrets, key, &exchange->segment, exchange->text_bytes,
				   &exchange->stand)
		       ? WHOSE_OURS
		       : WHOSE_NOT_OURS;
}

/*
 * A connection that lives in the kernel, whatever is noted about it: what it says is not for us. One that is over
 * for the server, or that never was complete, may have had the port before a client of ours: the kernel answers
 * what fits no number of ours.
 */
static __always_inline int is_the_kernels(struct packet_ctx *ctx, const struct sw_flow_key *key,
					  enum whose whose)
{
	switch (own_socket_state(ctx, key)) {
	case 0:
	case BPF_TCP_LISTEN:
		return 0;
	case BPF_TCP_ESTABLISHED:
	case BPF_TCP_CLOSE_WAIT:
		return 1;
	default:
		return whose != WHOSE_OURS;
	}
}

/* Its port may have been others' since: what does not fit is not for us to keep silent about. */
static __always_inline int is_old(const struct sw_refusal *refusal)
{
	return (__s64)(bpf_ktime_get_ns() - refusal->at_ns) > (__s64)REFUSAL_NS;
}

#endif
