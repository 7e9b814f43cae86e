/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Steering alone, in TC behind the gate's XDP program.
 */
#define steer_syn steer_syn_only
#define steer_ack steer_ack_only
#include <linux/pkt_cls.h>

#include "steer.bpf.h"
#include "tc_packet.bpf.h"

SEC("tc")
int steer_tc(struct __sk_buff *skb)
{
	struct packet packet = {};

	if (tc_locate(skb, &packet) != LOCATED_TCP)
		return TC_ACT_UNSPEC;
	return steer_packet(skb, &packet) == STEER_DROP ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
