/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Steering alone, in TC behind the gate's XDP program.
 */
#include <linux/pkt_cls.h>

#define packet_ctx __sk_buff

#include "steer.bpf.h"
#include "tc_packet.bpf.h"

SEC("tc")
int steer_tc(struct __sk_buff *skb)
{
	return steer_packet(skb, tc_locate(skb)) == STEER_DROP ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
