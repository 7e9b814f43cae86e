/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the gate's code asks of its context, for programs that see an skb. Included before it.
 */
#ifndef SPILLWAY_TC_FRAME_BPF_H
#define SPILLWAY_TC_FRAME_BPF_H

#include "spillway/queue.h"

static __always_inline __u32 frame_bytes(struct __sk_buff *skb)
{
	return skb->len;
}

/*
 * Whether the device is still to complete the checksum. The kernel says of two that are: that it was found right, and
 * that it was summed up by the device, which the second call, adding nothing, asks for.
 */
static __always_inline int may_be_partial(struct __sk_buff *skb)
{
#ifdef FRAMES_ARE_COMPLETE
	(void)skb;
	return 0;
#else
	return bpf_csum_level(skb, BPF_CSUM_LEVEL_QUERY) < 0 && bpf_csum_update(skb, 0) < 0;
#endif
}

/* The skb goes back as it came: if its checksum was to be completed by the device, it still is. */
static __always_inline int keeps_partial(struct __sk_buff *skb)
{
	return may_be_partial(skb);
}

static __always_inline long load_bytes(struct __sk_buff *skb, __u32 offset, void *to, __u32 bytes)
{
	return bpf_skb_load_bytes(skb, offset, to, bytes);
}

static __always_inline long store_bytes(struct __sk_buff *skb, __u32 offset, void *from,
					__u32 bytes)
{
	return bpf_skb_store_bytes(skb, offset, from, bytes, 0);
}

static __always_inline int resize(struct __sk_buff *skb, __u32 length)
{
	return skb->len == length ? 0 : (int)bpf_skb_change_tail(skb, length, 0);
}

static __always_inline __u32 ingress_of(const struct __sk_buff *skb)
{
	return skb->ifindex;
}

static __always_inline void stripped_tag(const struct __sk_buff *skb, struct sw_parked *parked)
{
	parked->vlan_tci = skb->vlan_present ? skb->vlan_tci : 0;
	parked->vlan_protocol_be = skb->vlan_present ? skb->vlan_proto : 0;
}

#endif
