/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Telling the daemon of a client that was told why it is refused, and that has nothing more to say: where the
 * server speaks first, an answer that is lost would be repeated by nobody. Used by the exchange.
 */
#ifndef SPILLWAY_TOLD_BPF_H
#define SPILLWAY_TOLD_BPF_H

#include "park.bpf.h"

/* Sends the daemon a copy of the bare ACK that is being answered. If there is no room nobody tells it again. */
static __always_inline void park_told(struct packet_ctx *ctx, __u32 where,
				      const struct sw_flow_key *key, __u32 service)
{
	struct packet packet = packet_at(ctx, where);
	struct tcphdr *tcp = tcp_header(&packet);
	struct sw_parked *parked;
	__u32 bytes, is_partial;

	if (!tcp)
		return;
	bytes = tcp->doff * 4;
	is_partial = tcp->check == (__u16)~fold(pseudo_header(key, bytes));
	parked = bpf_ringbuf_reserve(&wakeups, sizeof(*parked), 0);
	if (!parked)
		return;
	__builtin_memset(parked, 0, sizeof(*parked));
	parked->kind = SW_WAKEUP_TOLD;
	parked->ifindex = ingress_of(ctx);
	parked->seen_ns = bpf_ktime_get_ns();
	parked->where = where & (0x1f | TCP_OFFSET_MAX << 8);
	parked->service = service;
	parked->is_partial = is_partial;
	parked->is_ipv6 = !!(where & WHERE_IPV6);
	stripped_tag(ctx, parked);
	if (copy_frame(ctx, tcp_offset(where) + bytes, parked))
		bpf_ringbuf_discard(parked, 0);
	else
		bpf_ringbuf_submit(parked, 0);
}

#endif
