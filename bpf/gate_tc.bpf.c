/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The gate and steering in one TC program, for interfaces where XDP cannot be, or costs more than it
 * saves (mode tc).
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#define packet_ctx    __sk_buff
#define gate_cancel   gate_cancel_tc
#define gate_listener listener_tc
#define gate_rst      gate_rst_tc
#define gate_syn      gate_syn_tc
#define answer_syn    answer_syn_tc
#define gate_answer   gate_answer_tc
#define reply_write   reply_write_tc
#define parkable      parkable_tc
#define park	      park_tc

#include "tc_frame.bpf.h"

#include "gate.bpf.h"
#include "steer.bpf.h"
#include "tc_packet.bpf.h"

static __always_inline int send_back(struct __sk_buff *skb)
{
	return bpf_redirect(skb->ifindex, 0);
}

static __always_inline int answer(struct __sk_buff *skb, __u32 where, int tells)
{
	return answer_syn(skb, where, tells) ? TC_ACT_SHOT : send_back(skb);
}

SEC("tc")
int gate_tc(struct __sk_buff *skb)
{
	__u32 where = tc_locate(skb);

	switch (gate_packet(skb, where)) {
	case GATE_DROP:
		return TC_ACT_SHOT;
	case GATE_RESET:
		return answer(skb, where, 0);
	case GATE_REFUSE:
		return answer(skb, where, 1);
	case GATE_ANSWERED:
		return send_back(skb);
	default:
		return steer_packet(skb, where) == STEER_DROP ? TC_ACT_SHOT : TC_ACT_UNSPEC;
	}
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
