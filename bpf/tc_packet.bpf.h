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

static __always_inline enum located tc_locate(struct __sk_buff *skb, struct packet *packet)
{
	enum located located;

	packet->data = (void *)(long)skb->data;
	packet->data_end = (void *)(long)skb->data_end;
	located = locate_tcp(packet);
	if (located != LOCATED_TRUNCATED && (located != LOCATED_TCP || tcp_header(packet)))
		return located;
	/* If this fails the second look ends like the first; the old pointers are void either way. */
	bpf_skb_pull_data(skb, skb->len < PULL_BYTES ? skb->len : PULL_BYTES);
	__builtin_memset(packet, 0, sizeof(*packet));
	packet->data = (void *)(long)skb->data;
	packet->data_end = (void *)(long)skb->data_end;
	return locate_tcp(packet);
}

#endif
