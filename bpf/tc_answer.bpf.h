/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The RST that answers a SYN, in the skb that it came in.
 */
#ifndef SPILLWAY_TC_ANSWER_BPF_H
#define SPILLWAY_TC_ANSWER_BPF_H

#include "answer.bpf.h"

/* 0: the skb is the answer now. */
static __always_inline int make_reset(struct __sk_buff *skb, __u32 where)
{
	__u32 length = answer_reset(skb, where);

	if (!length)
		return -1;
	return skb->len <= length ? 0 : (int)bpf_skb_change_tail(skb, length, 0);
}

#endif
