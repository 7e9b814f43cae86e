/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The gate in XDP: before the kernel has spent anything on the packet.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "spillway/queue.h"

#define packet_ctx	xdp_md
#define gate_cancel	gate_cancel_xdp
#define gate_listener	listener_xdp
#define gate_rst	gate_rst_xdp
#define gate_syn	gate_syn_xdp
#define answer_syn	answer_syn_xdp
#define gate_answer	gate_answer_xdp
#define reply_write	reply_write_xdp
#define walk_extensions walk_xdp
#define read_flow	read_flow_xdp
#define parkable	parkable_xdp
#define park		park_xdp

/* Interfaces with jumbo frames spread one packet over several buffers. */
static __always_inline __u32 frame_bytes(struct xdp_md *ctx)
{
	return bpf_xdp_get_buff_len(ctx);
}

/* Nobody says. It may be where the sender is on this host, and the interface a virtual one. */
static __always_inline int may_be_partial(struct xdp_md *ctx)
{
	(void)ctx;
	return 1;
}

/* The frame that leaves is a new one, with nobody behind it to complete a checksum. */
static __always_inline int keeps_partial(struct xdp_md *ctx)
{
	(void)ctx;
	return 0;
}

static __always_inline long load_bytes(struct xdp_md *ctx, __u32 offset, void *to, __u32 bytes)
{
	return bpf_xdp_load_bytes(ctx, offset, to, bytes);
}

static __always_inline long store_bytes(struct xdp_md *ctx, __u32 offset, void *from, __u32 bytes)
{
	return bpf_xdp_store_bytes(ctx, offset, from, bytes);
}

/* Ethernet's shortest frame without its checksum. */
#define FRAME_MIN_BYTES 60

/* What is padded must not be the client's own bytes. */
static __always_inline void clear_padding(struct xdp_md *ctx, __u32 length)
{
	__u8 *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	for (int i = 54; i < FRAME_MIN_BYTES; i++)
		if (i >= (int)length && (void *)(data + i + 1) <= end)
			data[i] = 0;
}

/*
 * Ethernet pads short frames anyway. A frame that has to grow does so at its head, where most drivers leave 256
 * bytes, 40 of them the kernel's, and only if those do not suffice at its tail, where there may be none: it is
 * written anew all the same.
 */
static __always_inline int resize(struct xdp_md *ctx, __u32 length)
{
	__u32 have = frame_bytes(ctx);
	__u32 want = length < FRAME_MIN_BYTES ? FRAME_MIN_BYTES : length;

	if (have > want && bpf_xdp_adjust_tail(ctx, (int)want - (int)have))
		return -1;
	if (have < length && bpf_xdp_adjust_head(ctx, (int)have - (int)length) &&
	    bpf_xdp_adjust_tail(ctx, (int)length - (int)have))
		return -1;
	if (length < FRAME_MIN_BYTES)
		clear_padding(ctx, length);
	return 0;
}

static __always_inline __u32 ingress_of(const struct xdp_md *ctx)
{
	return ctx->ingress_ifindex;
}

/* What the device took off before it ran the program, nobody can tell. */
static __always_inline void stripped_tag(const struct xdp_md *ctx, struct sw_parked *parked)
{
	(void)ctx;
	parked->vlan_tci = 0;
	parked->vlan_protocol_be = 0;
}

#include "gate.bpf.h"

static __always_inline int answer(struct xdp_md *ctx, __u32 where, int tells)
{
	return answer_syn(ctx, where, tells) ? XDP_DROP : XDP_TX;
}

/* frags: else the kernel would not attach it to an interface with jumbo frames. */
SEC("xdp.frags")
int gate_xdp(struct xdp_md *ctx)
{
	__u32 where = locate_tcp(ctx);

	switch (gate_packet(ctx, where)) {
	case GATE_DROP:
		return XDP_DROP;
	case GATE_RESET:
		return answer(ctx, where, 0);
	case GATE_REFUSE:
		return answer(ctx, where, 1);
	case GATE_ANSWERED:
		return XDP_TX;
	default:
		return XDP_PASS;
	}
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
