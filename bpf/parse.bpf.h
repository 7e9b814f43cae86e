/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a frame to its TCP header, the same for XDP and TC. Two steps, because nearly every packet is
 * no SYN and shall cost nothing more: locate_tcp() finds the header, read_flow() reads the addresses.
 */
#ifndef SPILLWAY_PARSE_BPF_H
#define SPILLWAY_PARSE_BPF_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>

#include "spillway/maps.h"

#define VLAN_TAGS_MAX	      2
#define EXTENSION_HEADERS_MAX 8
#define IPV4_OFFSET_MASK      0x1fff
#define IPV4_MORE_FRAGMENTS   0x2000
#define IPV6_OFFSET_MASK      0xfff8
#define IPV6_MORE_FRAGMENTS   0x0001

#define TCP_FLAGS_OFFSET 13
#define TCP_FIN		 0x01
#define TCP_SYN		 0x02
#define TCP_RST		 0x04
#define TCP_ACK		 0x10

struct vlan_tag {
	__be16 tci_be;
	__be16 protocol_be;
};

struct ipv6_extension {
	__u8 next;
	__u8 length; /* in 8 bytes, the first 8 not counted; AH counts in 4 bytes, less 2 */
};

/* Where things are. Offsets from the start of the frame, in bytes. */
struct packet {
	void *data;
	void *data_end;
	__u32 ip_offset;
	__u32 tcp_offset;
	__u8 is_ipv6;
	__u8 is_fragment; /* the first of several */
	__u8 has_options; /* IPv4 options or IPv6 extension headers */
};

enum located {
	LOCATED_TCP,
	LOCATED_OTHER,	   /* not TCP, or nothing that the kernel would take for TCP */
	LOCATED_TRUNCATED, /* the frame, or this piece of it, ends before the TCP header does */
	LOCATED_TOO_DEEP,  /* more extension headers than anybody sends who means well */
};

static __always_inline enum located locate_ipv4(struct packet *packet)
{
	struct iphdr *ip = packet->data + packet->ip_offset;
	__u32 header_bytes;
	__u16 fragment;

	if ((void *)(ip + 1) > packet->data_end)
		return LOCATED_TRUNCATED;
	header_bytes = ip->ihl * 4;
	if (ip->protocol != IPPROTO_TCP || ip->version != 4 || header_bytes < sizeof(*ip))
		return LOCATED_OTHER;
	fragment = bpf_ntohs(ip->frag_off);
	if (fragment & IPV4_OFFSET_MASK)
		return LOCATED_OTHER;
	packet->is_fragment = !!(fragment & IPV4_MORE_FRAGMENTS);
	packet->has_options = header_bytes > sizeof(*ip);
	packet->tcp_offset = packet->ip_offset + header_bytes;
	return LOCATED_TCP;
}

/* One extension header: LOCATED_TCP means "go on behind it". */
static __always_inline enum located skip_extension(struct packet *packet, __u8 *next)
{
	struct ipv6_extension *extension = packet->data + packet->tcp_offset;
	struct frag_hdr_view {
		__u8 next, reserved;
		__be16 offset_be;
		__be32 id_be;
	} *fragment = (void *)extension;
	__u32 bytes;

	if ((void *)(fragment + 1) > packet->data_end)
		return LOCATED_TRUNCATED;
	packet->has_options = 1;
	bytes = (extension->length + 1) * 8;
	if (*next == IPPROTO_FRAGMENT) {
		if (fragment->offset_be & bpf_htons(IPV6_OFFSET_MASK))
			return LOCATED_OTHER;
		packet->is_fragment = !!(fragment->offset_be & bpf_htons(IPV6_MORE_FRAGMENTS));
		bytes = sizeof(*fragment);
	} else if (*next == IPPROTO_AH) {
		bytes = (extension->length + 2) * 4;
	}
	*next = extension->next;
	packet->tcp_offset += bytes;
	return LOCATED_TCP;
}

static __always_inline enum located locate_ipv6(struct packet *packet)
{
	struct ipv6hdr *ip = packet->data + packet->ip_offset;
	__u8 next;

	if ((void *)(ip + 1) > packet->data_end)
		return LOCATED_TRUNCATED;
	if (ip->version != 6)
		return LOCATED_OTHER;
	packet->is_ipv6 = 1;
	packet->tcp_offset = packet->ip_offset + sizeof(*ip);
	next = ip->nexthdr;
	for (int i = 0; i <= EXTENSION_HEADERS_MAX; i++) {
		enum located located;

		if (next == IPPROTO_TCP)
			return LOCATED_TCP;
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS &&
		    next != IPPROTO_FRAGMENT && next != IPPROTO_AH)
			return LOCATED_OTHER;
		located = skip_extension(packet, &next);
		if (located != LOCATED_TCP)
			return located;
	}
	return LOCATED_TOO_DEEP;
}

/* Finds the IP and TCP headers behind Ethernet and up to two VLAN tags. */
static __always_inline enum located locate_tcp(struct packet *packet)
{
	struct ethhdr *eth = packet->data;
	__be16 protocol_be;

	packet->ip_offset = sizeof(*eth);
	if ((void *)(eth + 1) > packet->data_end)
		return LOCATED_TRUNCATED;
	protocol_be = eth->h_proto;
	for (int i = 0; i < VLAN_TAGS_MAX; i++) {
		struct vlan_tag *tag = packet->data + packet->ip_offset;

		if (protocol_be != bpf_htons(ETH_P_8021Q) && protocol_be != bpf_htons(ETH_P_8021AD))
			break;
		if ((void *)(tag + 1) > packet->data_end)
			return LOCATED_TRUNCATED;
		protocol_be = tag->protocol_be;
		packet->ip_offset += sizeof(*tag);
	}
	if (protocol_be == bpf_htons(ETH_P_IP))
		return locate_ipv4(packet);
	if (protocol_be == bpf_htons(ETH_P_IPV6))
		return locate_ipv6(packet);
	return LOCATED_OTHER;
}

/*
 * The masks are for the verifier, which forgets a bound when the offset waits on the stack; they are
 * above anything that locate_tcp() returns.
 */
static __always_inline void *ip_header(const struct packet *packet)
{
	return packet->data + (packet->ip_offset & 0x1f);
}

/* The TCP header, or NULL when this piece of the frame ends before it does. */
static __always_inline struct tcphdr *tcp_header(const struct packet *packet)
{
	struct tcphdr *tcp = packet->data + (packet->tcp_offset & 0x3fff);

	return (void *)(tcp + 1) > packet->data_end ? 0 : tcp;
}

static __always_inline __u8 tcp_flags(const struct tcphdr *tcp)
{
	return ((const __u8 *)tcp)[TCP_FLAGS_OFFSET];
}

static __always_inline void map_ipv4(struct sw_in6 *to, __be32 from_be)
{
	to->words_be[0] = 0;
	to->words_be[1] = 0;
	to->words_be[2] = bpf_htonl(0xffff);
	to->words_be[3] = from_be;
}

/* Client and server of a packet from the client. The caller has checked the TCP header. */
static __always_inline int read_flow(const struct packet *packet, const struct tcphdr *tcp,
				     struct sw_flow_key *key)
{
	struct ipv6hdr *ip6 = ip_header(packet);
	struct iphdr *ip4 = ip_header(packet);

	key->pad = 0;
	key->client_port_be = tcp->source;
	key->server_port_be = tcp->dest;
	if (packet->is_ipv6) {
		if ((void *)(ip6 + 1) > packet->data_end)
			return -1;
		__builtin_memcpy(&key->client, &ip6->saddr, sizeof(key->client));
		__builtin_memcpy(&key->server, &ip6->daddr, sizeof(key->server));
		return 0;
	}
	if ((void *)(ip4 + 1) > packet->data_end)
		return -1;
	map_ipv4(&key->client, ip4->saddr);
	map_ipv4(&key->server, ip4->daddr);
	return 0;
}

#endif
