/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Any frame through the gate's own parser (bpf/parse.bpf.h, bpf/tc_packet.bpf.h), compiled for the
 * host: it reads nothing beyond the bytes that it was given, what it finds lies within them, and a
 * frame of which less can be seen is found the same or said to be cut off.
 *
 * The first byte says how: bits 0-5 how many bytes of the frame, in eights, TC can see at first, bit 6
 * that the protocol is IPv6, bit 7 that there is no Ethernet header. The frame follows.
 */
#include "fuzz.h"

#include <errno.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include "core/cleanup.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* The kernel's context, with pointers as wide as the host's, and what the helpers below go by. */
struct __sk_buff {
	__u64 data;
	__u64 data_end;
	__u32 len;
	__u32 protocol;
	const uint8_t *frame;
	uint8_t *pulled;
	__u32 network_offset;
};

enum { BPF_HDR_START_NET = 1 };

static inline long bpf_skb_load_bytes_relative(const struct __sk_buff *skb, __u32 offset, void *to,
					       __u32 length, __u32 start)
{
	__u64 from = (__u64)skb->network_offset + offset;

	MUST(start == BPF_HDR_START_NET);
	if (from + length > skb->len)
		return -EFAULT;
	memcpy(to, skb->frame + from, length);
	return 0;
}

/* The kernel may move the packet when it makes more of it visible, and so does this. */
static inline long bpf_skb_pull_data(struct __sk_buff *skb, __u32 length)
{
	uint8_t *pulled;

	if (length > skb->len)
		return -ENOMEM;
	if (length <= skb->data_end - skb->data)
		return 0;
	pulled = fuzz_copy(skb->frame, length);
	free(skb->pulled);
	skb->pulled = pulled;
	skb->data = (__u64)(uintptr_t)pulled;
	skb->data_end = skb->data + length;
	return 0;
}

#define packet_ctx __sk_buff

#include "../../bpf/tc_packet.bpf.h"

#define HOW_SEEN_EIGHTS 0x3f
#define HOW_IPV6	0x40
#define HOW_NO_ETHERNET 0x80

/* The context of a frame of which `seen` bytes can be seen, in a copy that ends there. */
static struct __sk_buff show(const uint8_t *frame, size_t size, size_t seen)
{
	uint8_t *copy = fuzz_copy(frame, seen);

	return (struct __sk_buff){
		.data = (__u64)(uintptr_t)copy,
		.data_end = (__u64)(uintptr_t)copy + seen,
		.len = (__u32)size,
		.frame = frame,
		.pulled = copy,
	};
}

static void hide(struct __sk_buff *skb)
{
	free(skb->pulled);
}

#define SHOWN __attribute__((cleanup(hide)))

/* The addresses and ports are the bytes that stand where the parser says the headers are. */
static void check_flow(struct __sk_buff *skb, const struct packet *packet)
{
	const uint8_t *ip = ip_header(packet), *tcp = (const uint8_t *)tcp_header(packet);
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct sw_flow_key key, again;

	memset(&key, 0xa5, sizeof(key));
	memset(&again, 0x5a, sizeof(again));
	MUST(!read_flow(skb, packet->where, &key) && !read_flow(skb, packet->where, &again));
	MUST(memcmp(&key, &again, sizeof(key)) == 0 && key.pad == 0);
	MUST(memcmp(&key.client_port_be, tcp, 2) == 0 &&
	     memcmp(&key.server_port_be, tcp + 2, 2) == 0);
	if (packet->where & WHERE_IPV6) {
		MUST(ip[0] >> 4 == 6);
		MUST(memcmp(&key.client, ip + 8, 16) == 0 && memcmp(&key.server, ip + 24, 16) == 0);
		return;
	}
	MUST(ip[0] >> 4 == 4 && ip[9] == IPPROTO_TCP);
	MUST(memcmp(&key.client, mapped, 12) == 0 && memcmp(&key.server, mapped, 12) == 0);
	MUST(memcmp(key.client.bytes + 12, ip + 12, 4) == 0);
	MUST(memcmp(key.server.bytes + 12, ip + 16, 4) == 0);
}

static void check_where(struct __sk_buff *skb, __u32 where)
{
	struct packet packet = packet_at(skb, where);
	__u32 ip_bytes = where & WHERE_IPV6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	size_t seen = skb->data_end - skb->data;
	const struct tcphdr *tcp;
	struct sw_flow_key key;

	if (where < NOWHERE_COUNT)
		return;
	MUST(ip_offset(where) <= ETH_HLEN + VLAN_TAGS_MAX * sizeof(struct vlan_tag));
	MUST(ip_offset(where) + ip_bytes <= seen);
	MUST(tcp_offset(where) >= ip_offset(where) + ip_bytes &&
	     tcp_offset(where) <= TCP_OFFSET_MAX);
	MUST(!(where & WHERE_OPTIONS) == (tcp_offset(where) == ip_offset(where) + ip_bytes));
	tcp = tcp_header(&packet);
	MUST(!tcp == (tcp_offset(where) + sizeof(*tcp) > seen));
	MUST(tcp_bytes(&packet) <= 0xffff);
	if (tcp)
		check_flow(skb, &packet);
	else
		MUST(read_flow(skb, where, &key));
}

/* As XDP sees it: whole, and cut off where the input says. */
static void check_xdp(const uint8_t *frame, size_t size, size_t seen)
{
	SHOWN struct __sk_buff whole = show(frame, size, size);
	SHOWN struct __sk_buff piece = show(frame, size, seen);
	__u32 where = locate_tcp(&whole), where_piece = locate_tcp(&piece);

	MUST(where == locate_tcp(&whole));
	MUST(where_piece == where || where_piece == NOWHERE_TRUNCATED);
	check_where(&whole, where);
	check_where(&piece, where_piece);
}

/* As TC sees it: what cannot be seen is pulled in, as far as anybody's headers go. */
static void check_tc(const uint8_t *frame, size_t size, size_t seen, uint8_t how)
{
	SHOWN struct __sk_buff whole = show(frame, size, size);
	SHOWN struct __sk_buff piece = show(frame, size, seen);
	__u32 where;

	whole.protocol = piece.protocol = bpf_htons(how & HOW_IPV6 ? ETH_P_IPV6 : ETH_P_IP);
	whole.network_offset = piece.network_offset = how & HOW_NO_ETHERNET ? 0 : ETH_HLEN;
	where = tc_locate(&piece);
	check_where(&piece, where);
	MUST(where == tc_locate(&piece));
	/* Who can see less than 16 bytes at first cannot tell a missing Ethernet header. */
	if (size <= PULL_BYTES && seen >= 16)
		MUST(where == tc_locate(&whole));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SW_FREE uint8_t *frame = NULL;
	size_t seen;

	if (!size)
		return 0;
	frame = fuzz_copy(data + 1, size - 1);
	seen = (size_t)(data[0] & HOW_SEEN_EIGHTS) * 8;
	seen = seen < size - 1 ? seen : size - 1;
	check_xdp(frame, size - 1, seen);
	check_tc(frame, size - 1, seen, data[0]);
	return 0;
}
