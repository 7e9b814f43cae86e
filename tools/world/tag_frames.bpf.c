/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Puts one or two 802.1Q tags into every frame a host sends (TC egress). They are priority tags
 * (VLAN 0), which a receiver accepts without a VLAN device, so the tests need no 8021q module.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define PRIORITY_TAG (5 << 13)

SEC("tc")
int tag_once(struct __sk_buff *skb)
{
	return bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), PRIORITY_TAG) ? TC_ACT_SHOT
									    : TC_ACT_OK;
}

SEC("tc")
int tag_twice(struct __sk_buff *skb)
{
	if (bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), PRIORITY_TAG))
		return TC_ACT_SHOT;
	return bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021AD), PRIORITY_TAG) ? TC_ACT_SHOT
									     : TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
