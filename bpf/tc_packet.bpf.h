/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet as TC hands it over: its headers may lie outside of the part that programs can read, and
 * are then pulled in.
 */
#ifndef SPILLWAY_TC_PACKET_BPF_H
#define SPILLWAY_TC_PACKET_BPF_H

#include "parse.bpf.h"

/* Ethernet, two tags, and as many IP options or extension headers as a sane packet has. */
#define PULL_BYTES 256

static __always_inline __u32 tc_locate(struct __sk_buff *skb)
{
	__u32 where = locate_tcp(skb);
	struct packet packet = packet_at(skb, where);

	if (where >= NOWHERE_COUNT ? tcp_header(&packet) != 0 : where != NOWHERE_TRUNCATED)
		return where;
	/* If this fails the second look ends like the first. */
	bpf_skb_pull_data(skb, skb->len < PULL_BYTES ? skb->len : PULL_BYTES);
	return locate_tcp(skb);
}

#endif
