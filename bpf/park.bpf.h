/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keeping a SYN: what has to be true of it, and the copy for the daemon. Who includes this says before
 * how bytes of its frame are read (load_bytes()), where the frame came in (ingress_of()) and which VLAN
 * tag its device took off (stripped_tag()).
 */
#ifndef SPILLWAY_PARK_BPF_H
#define SPILLWAY_PARK_BPF_H

#include "checksum.bpf.h"
#include "count.bpf.h"
#include "parse.bpf.h"

#define TCP_HEADER_MAX 60

enum checksum {
	CHECKSUM_WRONG,
	CHECKSUM_RIGHT,
	CHECKSUM_PARTIAL, /* only the pseudo header's sum is in it yet: the device was to complete it */
};

/*
 * False if so many bytes, not less than the least, which is above 1, may be read. Two tests with something
 * between them that clang cannot see through: one test of a difference, as it would make of them, tells Linux
 * 6.1 no bound.
 */
static __always_inline int is_beyond(__u32 *bytes, __u32 least, __u32 most)
{
	if (*bytes < least)
		return 1;
	asm volatile("" : "+r"(*bytes));
	return *bytes > most;
}

/* TCP's header and options alone: there is no data. */
static __always_inline enum checksum checksum_of(struct packet_ctx *ctx, __u32 where, __u32 bytes,
						 const struct sw_flow_key *key)
{
	__u32 header[TCP_HEADER_MAX / 4] = {};
	__u64 pseudo = pseudo_header(key, bytes);
	__u16 partial = ~fold(pseudo);
	__u16 check;

	if (is_beyond(&bytes, sizeof(struct tcphdr), sizeof(header)) ||
	    load_bytes(ctx, tcp_offset(where), header, bytes))
		return CHECKSUM_WRONG;
	if (!fold(sum_words(header, TCP_HEADER_MAX / 4) + pseudo))
		return CHECKSUM_RIGHT;
	check = header[4];
	return check == partial && may_be_partial(ctx) ? CHECKSUM_PARTIAL : CHECKSUM_WRONG;
}

#define PARKABLE_PARTIAL 0x100

/*
 * 0 or PARKABLE_PARTIAL; SW_REASON_UNPARKABLE or SW_REASON_CHECKSUM. What the kernel would drop for its
 * checksum would only hold a place, and later a slot, for nobody; it is not put right, but for one in 65,536 that
 * happens to be the pseudo header's sum: nothing else tells that a device was to complete it.
 */
__attribute__((noinline)) int parkable(struct packet_ctx *ctx, __u32 where,
				       const struct sw_flow_key *key)
{
	struct packet packet = packet_at(ctx, where);
	struct tcphdr *tcp = tcp_header(&packet);
	__u32 bytes;

	if (!tcp || !key)
		return SW_REASON_UNPARKABLE;
	bytes = tcp->doff * 4;
	if (tcp_bytes(&packet) != (int)bytes || tcp_offset(where) + bytes > SW_FRAME_MAX)
		return SW_REASON_UNPARKABLE;
	switch (checksum_of(ctx, where, bytes, key)) {
	case CHECKSUM_RIGHT:
		return 0;
	case CHECKSUM_PARTIAL:
		return PARKABLE_PARTIAL;
	default:
		return SW_REASON_CHECKSUM;
	}
}

/* Copies the frame up to the end of TCP's header: padding is not kept. */
static __always_inline int copy_frame(struct packet_ctx *ctx, __u32 bytes, struct sw_parked *parked)
{
	if (is_beyond(&bytes, sizeof(struct tcphdr), SW_FRAME_MAX))
		return -1;
	parked->length = bytes;
	return load_bytes(ctx, 0, parked->frame, bytes);
}

static __always_inline void describe(const struct sw_flow *flow, __u32 where,
				     struct sw_parked *parked)
{
	parked->kind = SW_WAKEUP_PARKED;
	parked->syn_ns = flow->syn_ns;
	parked->seen_ns = flow->state_ns;
	parked->where = where & (0x1f | TCP_OFFSET_MAX << 8);
	parked->isn = flow->isn;
	parked->class_id = flow->class_id;
	parked->service = flow->service;
	parked->reason = flow->reason;
	parked->source_bits = flow->source_bits;
	parked->is_ipv6 = !!(where & WHERE_IPV6);
}

/*
 * Sends the daemon a copy of the flow's SYN, which is parkable. If it has no room the next repetition
 * brings another. The key is copied: Linux 6.1 takes none out of a global function's argument.
 */
__attribute__((noinline)) int park(struct packet_ctx *ctx, __u32 where,
				   const struct sw_flow_key *key, int is_partial)
{
	struct packet packet = packet_at(ctx, where);
	struct tcphdr *tcp = tcp_header(&packet);
	struct sw_flow_key own;
	struct sw_parked *parked;
	struct sw_flow *flow;
	__u32 bytes;

	if (!tcp || !key)
		return 0;
	bytes = tcp->doff * 4;
	own = *key;
	flow = bpf_map_lookup_elem(&flows, &own);
	if (!flow)
		return 0;
	parked = bpf_ringbuf_reserve(&wakeups, sizeof(*parked), 0);
	if (!parked) {
		count(flow->service, SW_COUNTER_WAIT_COPY_LOST);
		return 0;
	}
	describe(flow, where, parked);
	parked->ifindex = ingress_of(ctx);
	stripped_tag(ctx, parked);
	parked->is_partial = is_partial;
	if (copy_frame(ctx, tcp_offset(where) + bytes, parked))
		bpf_ringbuf_discard(parked, 0);
	else
		bpf_ringbuf_submit(parked, 0);
	return 0;
}

#endif
