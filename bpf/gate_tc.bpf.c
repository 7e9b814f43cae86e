/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The gate and steering in one TC program, for interfaces where XDP cannot be, or costs more than it
 * saves (mode tc).
 */
#include <linux/pkt_cls.h>

#define gate_ctx      __sk_buff
#define gate_listener listener_tc
#define gate_syn      gate_syn_tc
#include "gate.bpf.h"
#include "steer.bpf.h"
#include "tc_packet.bpf.h"

static __always_inline int reset(struct __sk_buff *skb, const struct packet *packet)
{
	__u32 length = answer_reset(packet, syn_length(packet));

	if (length && (skb->len <= length || !bpf_skb_change_tail(skb, length, 0)))
		return bpf_redirect(skb->ifindex, 0);
	count(SW_COUNTERS_HOST, SW_COUNTER_UNANSWERABLE);
	return TC_ACT_SHOT;
}

SEC("tc")
int gate_tc(struct __sk_buff *skb)
{
	struct packet packet = {};
	enum located located = tc_locate(skb, &packet);

	switch (gate_packet(skb, &packet, located)) {
	case GATE_DROP:
		return TC_ACT_SHOT;
	case GATE_RESET:
		return reset(skb, &packet);
	default:
		if (located != LOCATED_TCP)
			return TC_ACT_UNSPEC;
		return steer_packet(skb, &packet) == STEER_DROP ? TC_ACT_SHOT : TC_ACT_UNSPEC;
	}
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
