/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet as TC hands it over: its headers may lie outside of the part that programs can read, and
 * are then pulled in.
 */
#ifndef SPILLWAY_TC_PACKET_BPF_H
#define SPILLWAY_TC_PACKET_BPF_H

#include "parse.bpf.h"

/* More than the headers of any sane packet; only who has so many pays for it. */
#define PULL_BYTES 2048

/*
 * True where no Ethernet header comes first: on interfaces without one (tun, WireGuard), and behind
 * XDP in generic mode, which may leave a packet's link layer behind. What looks like a frame of the
 * packet's protocol is one, unless it begins as IP does; else the network header tells.
 */
static __always_inline int lacks_ethernet(struct __sk_buff *skb, const struct packet *packet)
{
	const struct ethhdr *eth = packet->data;
	const __u64 *here = packet->data;
	__u64 network[2];
	__u8 first;

	if ((void *)(here + 2) > packet->data_end)
		return 0;
	first = eth->h_dest[0] >> 4;
	if (eth->h_proto == (__be16)skb->protocol && first != 4 && first != 6)
		return 0;
	return !bpf_skb_load_bytes_relative(skb, 0, network, sizeof(network), BPF_HDR_START_NET) &&
	       network[0] == here[0] && network[1] == here[1];
}

static __always_inline __u32 tc_locate_here(struct __sk_buff *skb)
{
	struct packet packet = packet_at(skb, 0);

	return lacks_ethernet(skb, &packet) ? locate_behind(skb, &packet, 0, skb->protocol)
					    : locate_tcp(skb);
}

static __always_inline __u32 tc_locate(struct __sk_buff *skb)
{
	__u32 where = tc_locate_here(skb);
	struct packet packet = packet_at(skb, where);

	if (where >= NOWHERE_COUNT ? tcp_header(&packet) != 0 : where != NOWHERE_TRUNCATED)
		return where;
	/* If this fails the second look ends like the first. */
	bpf_skb_pull_data(skb, skb->len < PULL_BYTES ? skb->len : PULL_BYTES);
	return tc_locate_here(skb);
}

#endif
