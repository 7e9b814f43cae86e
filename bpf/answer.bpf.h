/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Turning a SYN into the RST that answers it, inside the frame that it came in. Used by the gate's
 * two programs, which say whether what they answer may keep a partial checksum (keeps_partial()) and
 * then send the frame back out of the interface.
 */
#ifndef SPILLWAY_ANSWER_BPF_H
#define SPILLWAY_ANSWER_BPF_H

#include "checksum.bpf.h"
#include "parse.bpf.h"

#define ETHERNET_MIN_BYTES 60
#define ANSWER_HOP_LIMIT   64

static __always_inline void swap_macs(struct ethhdr *eth)
{
	__u8 mac[ETH_ALEN];

	__builtin_memcpy(mac, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, mac, ETH_ALEN);
}

/* Header of the answer from client's to server's; returns the address part of TCP's checksum. */
static __always_inline __u64 answer_ipv4(struct iphdr *ip)
{
	__be32 client = ip->saddr;

	ip->saddr = ip->daddr;
	ip->daddr = client;
	ip->tos = 0;
	ip->tot_len = bpf_htons(sizeof(*ip) + sizeof(struct tcphdr));
	ip->id = 0;
	ip->frag_off = bpf_htons(0x4000); /* don't fragment */
	ip->ttl = ANSWER_HOP_LIMIT;
	ip->check = 0;
	ip->check = fold(sum_words(ip, sizeof(*ip) / 4));
	return sum_words(&ip->saddr, 2);
}

static __always_inline __u64 answer_ipv6(struct ipv6hdr *ip)
{
	struct in6_addr client = ip->saddr;

	ip->saddr = ip->daddr;
	ip->daddr = client;
	ip->priority = 0;
	__builtin_memset(ip->flow_lbl, 0, sizeof(ip->flow_lbl));
	ip->payload_len = bpf_htons(sizeof(struct tcphdr));
	ip->hop_limit = ANSWER_HOP_LIMIT;
	return sum_words(&ip->saddr, 8);
}

/*
 * RFC 9293, 3.5.2: to a SYN without ACK, RST with the sequence number 0 acknowledges all of it. What
 * came with a partial checksum and stays the same skb leaves with one, and is completed on its way.
 */
static __always_inline void answer_tcp(struct tcphdr *tcp, __u32 segment_length, __u64 addresses,
				       int partial)
{
	__be16 client_port = tcp->source;

	tcp->source = tcp->dest;
	tcp->dest = client_port;
	tcp->ack_seq = bpf_htonl(bpf_ntohl(tcp->seq) + segment_length);
	tcp->seq = 0;
	((__u16 *)tcp)[6] = bpf_htons(sizeof(*tcp) / 4 << 12 | TCP_RST | TCP_ACK);
	tcp->window = 0;
	tcp->urg_ptr = 0;
	tcp->check = 0;
	if (partial)
		tcp->check = pseudo_sum(addresses, sizeof(*tcp));
	else
		tcp->check = fold(sum_words(tcp, sizeof(*tcp) / 4) + addresses +
				  bpf_htons(IPPROTO_TCP) + bpf_htons(sizeof(*tcp)));
}

/* Sequence numbers that a SYN uses up: itself and the data that it may carry (TCP Fast Open). */
static __always_inline __u32 syn_length(const struct packet *packet, const struct tcphdr *tcp)
{
	int bytes = tcp_bytes(packet);

	return bytes > tcp->doff * 4 ? 1 + bytes - tcp->doff * 4 : 1;
}

/*
 * Rewrites the frame. The length it is to be cut to, or 0 when it cannot be answered: IPv4 options
 * and extension headers may carry a route that is not to be sent back, and nobody answers to a group.
 */
__attribute__((noinline)) int answer_reset(struct packet_ctx *ctx, __u32 where)
{
	struct packet packet = packet_at(ctx, where);
	struct ethhdr *eth = packet.data;
	struct tcphdr *tcp = tcp_header(&packet);
	void *ip = ip_header(&packet);
	__u64 addresses;
	__u32 length, bytes;

	if (!tcp || where & WHERE_OPTIONS || (void *)(eth + 1) > packet.data_end ||
	    (ip_offset(where) >= ETH_HLEN && eth->h_dest[0] & 1))
		return 0;
	length = syn_length(&packet, tcp);
	bytes = tcp_bytes(&packet);
	if (where & WHERE_IPV6) {
		if (ip + sizeof(struct ipv6hdr) > packet.data_end)
			return 0;
		addresses = answer_ipv6(ip);
	} else {
		if (ip + sizeof(struct iphdr) > packet.data_end)
			return 0;
		addresses = answer_ipv4(ip);
	}
	if (ip_offset(where) >= ETH_HLEN)
		swap_macs(eth);
	answer_tcp(tcp, length, addresses,
		   keeps_partial(ctx) && tcp->check == pseudo_sum(addresses, bytes));
	return tcp_offset(where) + sizeof(*tcp);
}

#endif
