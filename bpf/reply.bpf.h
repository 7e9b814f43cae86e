/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Turning a client's packet into the one that answers it, inside the frame that it came in. Who includes this
 * says before whether what it sends may keep a partial checksum (keeps_partial()), how the frame is made as long
 * as it is to be (resize()) and how bytes are put into it (store_bytes()), and sends it back out of the interface.
 */
#ifndef SPILLWAY_REPLY_BPF_H
#define SPILLWAY_REPLY_BPF_H

#include "checksum.bpf.h"
#include "park.bpf.h"
#include "parse.bpf.h"
#include "spillway/refusal.h"

#define ETHERNET_MIN_BYTES 60
#define REPLY_HOP_LIMIT	   64
#define LINK_BYTES_MAX	   (ETH_HLEN + VLAN_TAGS_MAX * sizeof(struct vlan_tag))
#define IPV4_DONT_FRAGMENT 0x4000

enum reply_says {
	REPLY_SAYS_NOTHING,
	REPLY_SAYS_NO,	 /* one byte, 'N' */
	REPLY_SAYS_TEXT, /* the refusal of the class */
};

struct reply {
	__u32 seq;
	__u32 ack;
	__u32 class_id;
	__u32 chance; /* of the delay that the text names */
	__u16 window;
	__u8 flags; /* TCP's */
	__u8 says;  /* enum reply_says */
};

/* What the answer keeps of what it answers. */
struct reply_head {
	struct sw_flow_key key;
	__u8 link[24]; /* Ethernet and tags, the addresses exchanged */
	__u32 is_partial;
	__u32 pad;
};

static __always_inline void read_link(struct reply_head *head, const __u8 *data)
{
	__u8 mac[ETH_ALEN];

	__builtin_memcpy(head->link, data, sizeof(head->link));
	__builtin_memcpy(mac, head->link, ETH_ALEN);
	__builtin_memcpy(head->link, head->link + ETH_ALEN, ETH_ALEN);
	__builtin_memcpy(head->link + ETH_ALEN, mac, ETH_ALEN);
}

/*
 * -1 where it cannot be answered: IPv4 options and extension headers may carry a route that is not to be sent
 * back, and nobody answers to a group.
 */
static __always_inline int read_head(struct packet_ctx *ctx, __u32 where, struct reply_head *head)
{
	struct packet packet = packet_at(ctx, where);
	struct tcphdr *tcp = tcp_header(&packet);
	const __u8 *data = packet.data;
	__u32 bytes;

	if (!tcp || where & WHERE_OPTIONS ||
	    (void *)(data + sizeof(head->link)) > packet.data_end ||
	    (ip_offset(where) >= ETH_HLEN && data[0] & 1))
		return -1;
	read_link(head, data);
	bytes = tcp_bytes(&packet);
	if (read_flow(ctx, where, &head->key))
		return -1;
	head->is_partial =
		keeps_partial(ctx) && tcp->check == (__u16)~fold(pseudo_header(&head->key, bytes));
	return 0;
}

static __always_inline int write_link(struct packet_ctx *ctx, struct reply_head *head, __u32 bytes)
{
	if (bytes < ETH_HLEN)
		return 0;
	if (bytes > ETH_HLEN + sizeof(struct vlan_tag))
		return (int)store_bytes(ctx, 0, head->link, LINK_BYTES_MAX);
	if (bytes > ETH_HLEN)
		return (int)store_bytes(ctx, 0, head->link, ETH_HLEN + sizeof(struct vlan_tag));
	return (int)store_bytes(ctx, 0, head->link, ETH_HLEN);
}

/* Without the asm clang may take it that words are no header's fields, which were just written. */
static __always_inline __u64 sum_header(const void *header, int words)
{
	asm volatile("" : : "r"(header) : "memory");
	return sum_words(header, words);
}

static __always_inline void write_ipv4(const struct sw_flow_key *key, struct iphdr *ip,
				       __u32 tcp_length)
{
	__builtin_memset(ip, 0, sizeof(*ip));
	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tot_len = bpf_htons(sizeof(*ip) + tcp_length);
	ip->frag_off = bpf_htons(IPV4_DONT_FRAGMENT);
	ip->ttl = REPLY_HOP_LIMIT;
	ip->protocol = IPPROTO_TCP;
	ip->saddr = key->server.words_be[3];
	ip->daddr = key->client.words_be[3];
	ip->check = fold(sum_header(ip, sizeof(*ip) / 4));
}

static __always_inline void write_ipv6(const struct sw_flow_key *key, struct ipv6hdr *ip,
				       __u32 tcp_length)
{
	__builtin_memset(ip, 0, sizeof(*ip));
	ip->version = 6;
	ip->payload_len = bpf_htons(tcp_length);
	ip->nexthdr = IPPROTO_TCP;
	ip->hop_limit = REPLY_HOP_LIMIT;
	__builtin_memcpy(&ip->saddr, &key->server, sizeof(ip->saddr));
	__builtin_memcpy(&ip->daddr, &key->client, sizeof(ip->daddr));
}

/* What came with a partial checksum and stays the same skb leaves with one, and is completed on its way. */
static __always_inline void write_tcp(const struct reply *reply, const struct reply_head *head,
				      struct tcphdr *tcp, __u32 data_bytes, __u64 data_sum)
{
	__u64 pseudo = pseudo_header(&head->key, sizeof(*tcp) + data_bytes);

	tcp->source = head->key.server_port_be;
	tcp->dest = head->key.client_port_be;
	tcp->seq = bpf_htonl(reply->seq);
	tcp->ack_seq = bpf_htonl(reply->ack);
	((__u16 *)tcp)[6] = bpf_htons(sizeof(*tcp) / 4 << 12 | reply->flags);
	tcp->window = bpf_htons(reply->window);
	tcp->urg_ptr = 0;
	tcp->check = 0;
	if (head->is_partial)
		tcp->check = ~fold(pseudo);
	else
		tcp->check = fold(sum_header(tcp, sizeof(*tcp) / 4) + pseudo + data_sum);
}

struct reply_headers4 {
	struct iphdr ip;
	struct tcphdr tcp;
};

struct reply_headers6 {
	struct ipv6hdr ip;
	struct tcphdr tcp;
};

/*
 * Made on the stack: for a TC program that writes into packets the kernel puts code before it which first copies each
 * packet that is shared, as all are that a TCP on this host sent (bpf_unclone_prologue(), Linux 6.18), answered or not.
 */
static __always_inline int write_headers(struct packet_ctx *ctx, __u32 where,
					 const struct reply *reply, struct reply_head *head,
					 __u32 data_bytes, __u64 data_sum)
{
	__u32 length = sizeof(struct tcphdr) + data_bytes;

	if (write_link(ctx, head, ip_offset(where)))
		return -1;
	if (where & WHERE_IPV6) {
		struct reply_headers6 headers;

		write_ipv6(&head->key, &headers.ip, length);
		write_tcp(reply, head, &headers.tcp, data_bytes, data_sum);
		return (int)store_bytes(ctx, ip_offset(where), &headers, sizeof(headers));
	} else {
		struct reply_headers4 headers;

		write_ipv4(&head->key, &headers.ip, length);
		write_tcp(reply, head, &headers.tcp, data_bytes, data_sum);
		return (int)store_bytes(ctx, ip_offset(where), &headers, sizeof(headers));
	}
}

/* A reply without data, or with the one byte. */
static __always_inline int write_short(struct packet_ctx *ctx, __u32 where,
				       const struct reply *reply, struct reply_head *head)
{
	__u32 bytes = reply->says == REPLY_SAYS_NO;
	__u32 at = tcp_offset(where) + sizeof(struct tcphdr);
	__u8 no = 'N';

	if (resize(ctx, at + bytes) ||
	    write_headers(ctx, where, reply, head, bytes, bytes ? bpf_htons('N' << 8) : 0))
		return -1;
	return bytes ? (int)store_bytes(ctx, at, &no, 1) : 0;
}

/* Bounded by a mask, not by a test: 6.1 forgets what a test told of a number that clang keeps elsewhere. */
static __always_inline int write_digits(struct packet_ctx *ctx, __u32 at,
					struct sw_refusal_delay *delay, __u32 digits)
{
	__u32 but_one = (digits - 1) & (SW_REFUSAL_DIGITS_MAX - 1);

	__u32 first = (SW_REFUSAL_DIGITS_MAX - digits) & (SW_REFUSAL_DIGITS_MAX - 1);

	/* Or clang would subtract from the stack's address, which the verifier does not take. */
	asm volatile("" : "+r"(but_one), "+r"(first));
	return (int)store_bytes(ctx, at, delay->digit + first, but_one + 1);
}

static __always_inline int write_text(struct packet_ctx *ctx, __u32 where,
				      const struct reply *reply, struct reply_head *head)
{
	__u32 class_id = reply->class_id; /* 6.1 takes no key out of a global function's argument */
	struct sw_refusal_text *text = bpf_map_lookup_elem(&refusal_texts, &class_id);
	__u32 at = tcp_offset(where) + sizeof(struct tcphdr);
	struct sw_refusal_delay delay = {};
	__u32 bytes, digits, delay_at;

	if (!text)
		return -1;
	bytes = *(volatile __u16 *)&text->bytes;
	digits = *(volatile __u16 *)&text->digits;
	delay_at = text->delay_at;
	if (is_beyond(&bytes, 2, SW_REFUSAL_TEXT_MAX) || digits > SW_REFUSAL_DIGITS_MAX ||
	    delay_at + digits > bytes)
		return -1;
	sw_refusal_write_delay(sw_refusal_delay_ms(text->delay_ms, reply->chance), &delay);
	if (resize(ctx, at + bytes) ||
	    write_headers(ctx, where, reply, head, bytes,
			  (__u64)text->sum + sw_refusal_sum_of(&delay, delay_at, digits)) ||
	    store_bytes(ctx, at, text->text, bytes))
		return -1;
	return digits ? write_digits(ctx, at + delay_at, &delay, digits) : 0;
}

/* 0: the frame is the reply. A global function, so that the verifier walks it once. */
__attribute__((noinline)) int reply_write(struct packet_ctx *ctx, __u32 where,
					  const struct reply *reply)
{
	struct reply_head head = {};

	if (!reply || read_head(ctx, where, &head))
		return -1;
	return reply->says == REPLY_SAYS_TEXT ? write_text(ctx, where, reply, &head)
					      : write_short(ctx, where, reply, &head);
}

#endif
