/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A RST from the client's side, and what it says of the flow. Used by gate.bpf.h.
 */
#ifndef SPILLWAY_RST_BPF_H
#define SPILLWAY_RST_BPF_H

#include "checksum.bpf.h"
#include "exchange.bpf.h"
#include "flow.bpf.h"
#include "parse.bpf.h"

/*
 * A RST that the kernel takes for sure: bare, without an acknowledgement or options that might be
 * wrong, its checksum right. For one that it drops the handshake goes on, and its slot is still needed.
 */
static __always_inline int is_sound_rst(const struct packet *packet, const struct tcphdr *tcp,
					const struct sw_flow_key *key)
{
	if (tcp->doff * 4 != sizeof(*tcp) || tcp_bytes(packet) != sizeof(*tcp) ||
	    tcp_flags(tcp) & (TCP_ACK | TCP_FIN))
		return 0;
	return !fold(sum_words(tcp, sizeof(*tcp) / 4) + pseudo_header(key, sizeof(*tcp)));
}

/* A RST to the connection of an open flow: whether the kernel takes it, and when, is not known here. */
static __always_inline void note_rst(const struct sw_flow_key *key)
{
	struct sw_flow *flow = bpf_map_lookup_elem(&flows, key);

	for (int i = 0; flow && i < SW_CAS_TRIES; i++) {
		struct sw_flow was = unpack(flow_word(flow));

		if (was.tag != sw_flow_tag(key) || was.state != SW_FLOW_OPEN ||
		    flow_move(flow, was.word, SW_FLOW_OPEN, was.flags | SW_FLOW_ENDING))
			return;
	}
}

/* A RST from the client's side. It passes, whatever it is. */
__attribute__((noinline)) int gate_rst(struct packet_ctx *ctx, __u32 where)
{
	struct packet packet = packet_at(ctx, where);
	struct tcphdr *tcp = tcp_header(&packet);
	struct sw_flow_key key = {}; /* 6.1 wants what a global function fills to be filled */

	if (!tcp || where & WHERE_FRAGMENT || read_flow(ctx, where, &key) ||
	    service_of(&key) == NO_SERVICE)
		return 0;
	refusal_ends(&key, bpf_ntohl(tcp->seq));
	note_rst(&key);
	if (is_sound_rst(&packet, tcp, &key))
		flow_reset(&key, bpf_ntohl(tcp->seq), 0);
	return 0;
}

#endif
