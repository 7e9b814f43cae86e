/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The answer to a SYN that does not get in: a RST, or a SYN-ACK after which its client can be told why
 * (exchange.bpf.h). Used by the gate's programs and by release_waiter.
 */
#ifndef SPILLWAY_ANSWER_BPF_H
#define SPILLWAY_ANSWER_BPF_H

#include "reply.bpf.h"
#include "service.bpf.h"
#include "spillway/exchange.h"

/* Sequence numbers that a SYN uses up: itself and the data that it may carry (TCP Fast Open). */
static __always_inline __u32 syn_length(const struct packet *packet, const struct tcphdr *tcp)
{
	int bytes = tcp_bytes(packet);

	return bytes > tcp->doff * 4 ? 1 + bytes - tcp->doff * 4 : 1;
}

/* Data that came with the SYN is not taken: the client sends it again. False: there is no secret yet. */
static __always_inline int make_syn_ack(struct reply *reply, const struct sw_flow_key *key,
					__u32 isn)
{
	struct sw_cookie_secrets *secrets = bpf_map_lookup_elem(&cookie_secrets, &the_only);

	if (!secrets || !secrets->is_set)
		return 0;
	reply->seq = sw_cookie_now(secrets, key, isn);
	reply->ack = isn + 1;
	reply->window = SW_EXCHANGE_WINDOW;
	reply->flags = TCP_SYN | TCP_ACK;
	return 1;
}

/*
 * 0: the frame is the answer; else that is counted. RFC 9293, 3.5.2: to a SYN without ACK, RST with the sequence
 * number 0 acknowledges all of it.
 */
__attribute__((noinline)) int answer_syn(struct packet_ctx *ctx, __u32 where, int tells)
{
	struct packet packet = packet_at(ctx, where);
	struct tcphdr *tcp = tcp_header(&packet);
	struct sw_flow_key key = {};
	struct reply reply = {};
	__u32 isn, length;

	if (!tcp || read_flow(ctx, where, &key))
		return -1;
	isn = bpf_ntohl(tcp->seq);
	length = syn_length(&packet, tcp);
	if (!tells || !make_syn_ack(&reply, &key, isn)) {
		reply.ack = isn + length;
		reply.flags = TCP_RST | TCP_ACK;
	}
	if (!reply_write(ctx, where, &reply))
		return 0;
	count(service_of(&key), SW_COUNTER_UNANSWERABLE);
	return -1;
}

#endif
