/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a frame to its TCP header, the same for XDP and TC. Two steps, because nearly every packet is
 * no SYN and shall cost nothing more: locate_tcp() finds the header, read_flow() reads the addresses.
 * Who includes this says before what its context is (packet_ctx).
 */
#ifndef SPILLWAY_PARSE_BPF_H
#define SPILLWAY_PARSE_BPF_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>

#include "spillway/address.h"
#include "spillway/maps.h"

#define VLAN_TAGS_MAX	      2
#define EXTENSION_HEADERS_MAX 8
/* Nobody puts so much before TCP; a mask as well. */
#define TCP_OFFSET_MAX	    0x3fff
#define IPV4_OFFSET_MASK    0x1fff
#define IPV4_MORE_FRAGMENTS 0x2000
#define IPV6_OFFSET_MASK    0xfff8
#define IPV6_MORE_FRAGMENTS 0x0001

#define TCP_FLAGS_OFFSET 13
#define TCP_FIN		 0x01
#define TCP_SYN		 0x02
#define TCP_RST		 0x04
#define TCP_PSH		 0x08
#define TCP_ACK		 0x10

struct vlan_tag {
	__be16 tci_be;
	__be16 protocol_be;
};

/* What all have in common, and where the fragment header has its offset: none is shorter. */
struct ipv6_extension {
	__u8 next;
	__u8 length; /* in 8 bytes, the first 8 not counted; AH counts in 4 bytes, less 2 */
	__be16 offset_be;
	__be32 rest;
};

/*
 * Where things are in a frame, in one word: {flags:8, offset of TCP:16, offset of IP:8}, or one of
 * enum nowhere. An offset of IP below ETH_HLEN: there is no Ethernet header. A word, because global
 * functions can take and return it, and the verifier, which walks those once, then need not follow
 * each form of a header chain to the end of the program.
 */
#define WHERE_IPV6     0x01000000u
#define WHERE_FRAGMENT 0x02000000u /* the first of several */
#define WHERE_OPTIONS  0x04000000u /* IPv4 options or IPv6 extension headers */

enum nowhere {
	NOWHERE_OTHER,	   /* not TCP, or nothing that the kernel would take for TCP */
	NOWHERE_TRUNCATED, /* the frame, or this piece of it, ends before the TCP header does */
	NOWHERE_TOO_DEEP,  /* more extension headers than anybody sends who means well */
	NOWHERE_COUNT,
};

struct packet {
	void *data;
	void *data_end;
	__u32 where;
};

static __always_inline struct packet packet_at(const struct packet_ctx *ctx, __u32 where)
{
	struct packet packet = {
		.data = (void *)(long)ctx->data,
		.data_end = (void *)(long)ctx->data_end,
		.where = where,
	};

	return packet;
}

static __always_inline __u32 where_is(__u32 ip_offset, __u32 tcp_offset, __u32 flags)
{
	return flags | tcp_offset << 8 | ip_offset;
}

/* The masks are for the verifier, which knows no bound of a word; no header lies beyond them. */
static __always_inline __u32 ip_offset(__u32 where)
{
	return where & 0x1f;
}

static __always_inline __u32 tcp_offset(__u32 where)
{
	return where >> 8 & TCP_OFFSET_MAX;
}

static __always_inline __u32 locate_ipv4(const struct packet *packet, __u32 offset)
{
	struct iphdr *ip = packet->data + offset;
	__u32 header_bytes, flags;
	__u16 fragment;

	if ((void *)(ip + 1) > packet->data_end)
		return NOWHERE_TRUNCATED;
	header_bytes = ip->ihl * 4;
	if (ip->protocol != IPPROTO_TCP || ip->version != 4 || header_bytes < sizeof(*ip))
		return NOWHERE_OTHER;
	fragment = bpf_ntohs(ip->frag_off);
	if (fragment & IPV4_OFFSET_MASK)
		return NOWHERE_OTHER;
	flags = fragment & IPV4_MORE_FRAGMENTS ? WHERE_FRAGMENT : 0;
	if (header_bytes > sizeof(*ip))
		flags |= WHERE_OPTIONS;
	return where_is(offset, offset + header_bytes, flags);
}

/* One test instead of five, of which each would be a way of its own for the verifier. */
static __always_inline int is_extension(__u32 next)
{
	const __u64 all = 1ull << IPPROTO_HOPOPTS | 1ull << IPPROTO_ROUTING |
			  1ull << IPPROTO_FRAGMENT | 1ull << IPPROTO_AH | 1ull << IPPROTO_DSTOPTS;

	return next < 64 && all >> next & 1;
}

/* Walks the extension headers, of which `next` is the first, to where TCP is. */
SW_SUBPROGRAM int walk_extensions(struct packet_ctx *ctx, __u32 where, __u32 next)
{
	struct packet packet = packet_at(ctx, where);
	__u32 offset = tcp_offset(where);
	__u32 flags = WHERE_IPV6 | WHERE_OPTIONS;

	for (int i = 0; i <= EXTENSION_HEADERS_MAX; i++) {
		struct ipv6_extension *extension = packet.data + offset;

		if (next == IPPROTO_TCP)
			return where_is(ip_offset(where), offset, flags);
		if (!is_extension(next))
			return NOWHERE_OTHER;
		if ((void *)(extension + 1) > packet.data_end)
			return NOWHERE_TRUNCATED;
		if (next == IPPROTO_FRAGMENT) {
			if (extension->offset_be & bpf_htons(IPV6_OFFSET_MASK))
				return NOWHERE_OTHER;
			if (extension->offset_be & bpf_htons(IPV6_MORE_FRAGMENTS))
				flags |= WHERE_FRAGMENT;
			offset += sizeof(*extension);
		} else if (next == IPPROTO_AH) {
			offset += (extension->length + 2) * 4;
		} else {
			offset += (extension->length + 1) * 8;
		}
		if (offset > TCP_OFFSET_MAX)
			return NOWHERE_TOO_DEEP;
		next = extension->next;
	}
	return NOWHERE_TOO_DEEP;
}

static __always_inline __u32 locate_ipv6(struct packet_ctx *ctx, const struct packet *packet,
					 __u32 offset)
{
	struct ipv6hdr *ip = packet->data + offset;
	__u32 where = where_is(offset, offset + sizeof(*ip), WHERE_IPV6);

	if ((void *)(ip + 1) > packet->data_end)
		return NOWHERE_TRUNCATED;
	if (ip->version != 6)
		return NOWHERE_OTHER;
	return ip->nexthdr == IPPROTO_TCP ? where : walk_extensions(ctx, where, ip->nexthdr);
}

/* Finds the IP and TCP headers behind the link layer's own and up to two VLAN tags. */
static __always_inline __u32 locate_behind(struct packet_ctx *ctx, const struct packet *packet,
					   __u32 offset, __be16 protocol_be)
{
	for (int i = 0; i < VLAN_TAGS_MAX; i++) {
		struct vlan_tag *tag = packet->data + offset;

		if (protocol_be != bpf_htons(ETH_P_8021Q) && protocol_be != bpf_htons(ETH_P_8021AD))
			break;
		if ((void *)(tag + 1) > packet->data_end)
			return NOWHERE_TRUNCATED;
		protocol_be = tag->protocol_be;
		offset += sizeof(*tag);
	}
	if (protocol_be == bpf_htons(ETH_P_IP))
		return locate_ipv4(packet, offset);
	if (protocol_be == bpf_htons(ETH_P_IPV6))
		return locate_ipv6(ctx, packet, offset);
	return NOWHERE_OTHER;
}

/* The same in a frame: where, or enum nowhere. */
static __always_inline __u32 locate_tcp(struct packet_ctx *ctx)
{
	struct packet packet = packet_at(ctx, 0);
	struct ethhdr *eth = packet.data;

	if ((void *)(eth + 1) > packet.data_end)
		return NOWHERE_TRUNCATED;
	return locate_behind(ctx, &packet, sizeof(*eth), eth->h_proto);
}

static __always_inline void *ip_header(const struct packet *packet)
{
	return packet->data + ip_offset(packet->where);
}

/* The TCP header, or NULL when this piece of the frame ends before it does. */
static __always_inline struct tcphdr *tcp_header(const struct packet *packet)
{
	struct tcphdr *tcp = packet->data + tcp_offset(packet->where);

	return (void *)(tcp + 1) > packet->data_end ? 0 : tcp;
}

static __always_inline __u8 tcp_flags(const struct tcphdr *tcp)
{
	return ((const __u8 *)tcp)[TCP_FLAGS_OFFSET];
}

/*
 * Client and server of a packet from the client, 0 if they could be read. A global function, after
 * which the verifier follows IPv4 and IPv6 together.
 */
SW_SUBPROGRAM int read_flow(struct packet_ctx *ctx, __u32 where, struct sw_flow_key *key)
{
	struct packet packet = packet_at(ctx, where);
	struct tcphdr *tcp = tcp_header(&packet);
	struct ipv6hdr *ip6 = ip_header(&packet);
	struct iphdr *ip4 = ip_header(&packet);

	if (!tcp || !key)
		return -1;
	key->pad = 0;
	key->client_port_be = tcp->source;
	key->server_port_be = tcp->dest;
	if (where & WHERE_IPV6) {
		if ((void *)(ip6 + 1) > packet.data_end)
			return -1;
		__builtin_memcpy(&key->client, &ip6->saddr, sizeof(key->client));
		__builtin_memcpy(&key->server, &ip6->daddr, sizeof(key->server));
		return 0;
	}
	if ((void *)(ip4 + 1) > packet.data_end)
		return -1;
	sw_address_map_ipv4(&key->client, ip4->saddr);
	sw_address_map_ipv4(&key->server, ip4->daddr);
	return 0;
}

/* Bytes that the IP header gives to TCP, header and data. */
static __always_inline int tcp_bytes(const struct packet *packet)
{
	const struct ipv6hdr *ip6 = ip_header(packet);
	const struct iphdr *ip4 = ip_header(packet);
	int headers = tcp_offset(packet->where) - ip_offset(packet->where);

	if (packet->where & WHERE_IPV6) {
		if ((void *)(ip6 + 1) > packet->data_end)
			return -1;
		return (int)sizeof(*ip6) + bpf_ntohs(ip6->payload_len) - headers;
	}
	if ((void *)(ip4 + 1) > packet->data_end)
		return -1;
	return bpf_ntohs(ip4->tot_len) - headers;
}

#endif
