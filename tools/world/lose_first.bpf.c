/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Of each TCP segment with data, or with a SYN, loses the first copy, so that only what is repeated arrives
 * (lose_first); or all others, so that nothing that is repeated does (lose_repeated). Known by ports and sequence
 * number; IPv4 without options and IPv6, no tags.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct segment {
	__u32 ports;
	__be32 seq;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct segment);
	__type(value, __u32);
} seen SEC(".maps");

/* Bytes of the TCP segment, and where it begins; 0: no TCP. */
static __always_inline __u32 locate(struct __sk_buff *skb, __u32 *bytes)
{
	struct ipv6hdr ip6;
	struct iphdr ip4;

	if (skb->protocol == bpf_htons(ETH_P_IP) &&
	    !bpf_skb_load_bytes(skb, ETH_HLEN, &ip4, sizeof(ip4)) && ip4.protocol == IPPROTO_TCP) {
		*bytes = bpf_ntohs(ip4.tot_len) - sizeof(ip4);
		return ETH_HLEN + sizeof(ip4);
	}
	if (skb->protocol == bpf_htons(ETH_P_IPV6) &&
	    !bpf_skb_load_bytes(skb, ETH_HLEN, &ip6, sizeof(ip6)) && ip6.nexthdr == IPPROTO_TCP) {
		*bytes = bpf_ntohs(ip6.payload_len);
		return ETH_HLEN + sizeof(ip6);
	}
	return 0;
}

/* 0: there is nothing to lose; 1: it is new; 2: it is a copy. */
static __always_inline int copies(struct __sk_buff *skb)
{
	struct segment segment = {};
	__u32 bytes, at = locate(skb, &bytes), yes = 1;
	struct tcphdr tcp;

	if (!at || bpf_skb_load_bytes(skb, at, &tcp, sizeof(tcp)) ||
	    (bytes <= tcp.doff * 4u && !tcp.syn))
		return 0;
	segment.ports = (__u32)tcp.source << 16 | tcp.dest;
	segment.seq = tcp.seq;
	if (bpf_map_lookup_elem(&seen, &segment))
		return 2;
	bpf_map_update_elem(&seen, &segment, &yes, BPF_ANY);
	return 1;
}

SEC("tc")
int lose_first(struct __sk_buff *skb)
{
	return copies(skb) == 1 ? TC_ACT_SHOT : TC_ACT_OK;
}

SEC("tc")
int lose_repeated(struct __sk_buff *skb)
{
	return copies(skb) == 2 ? TC_ACT_SHOT : TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
