/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a frame as the gate copied it to one that can be sent in. Pure.
 */
#ifndef SW_POLICY_FRAME_H
#define SW_POLICY_FRAME_H

#include <stdint.h>

#include "spillway/queue.h"

struct sw_frame {
	uint8_t bytes[SW_FRAME_MAX + 18];
	uint8_t length;
	uint8_t ip_at;
	uint8_t tcp_at;
	uint8_t is_ipv6;
	uint32_t ifindex; /* where it came in */
};

/*
 * An Ethernet header where the interface has none, the VLAN tag that its device took off, and TCP's
 * checksum where it was left to a device. One that is whole is never touched: if it is wrong it stays so.
 * -EBADMSG: not what the gate sends.
 */
int sw_frame_complete(const struct sw_parked *parked, struct sw_frame *out);

/* The flow that the SYN belongs to. */
void sw_frame_flow(const uint8_t *frame, uint8_t ip_at, uint8_t tcp_at, uint8_t is_ipv6,
		   struct sw_flow_key *out);

/*
 * What the checksum is to be, of TCP from there to the frame's end and of an IPv4 header, in host byte order: whatever
 * stands in its place.
 */
uint16_t sw_frame_tcp_sum(const struct sw_frame *frame);
uint16_t sw_frame_ipv4_sum(const struct sw_frame *frame);

/* The number of its SYN, in host byte order. */
uint32_t sw_frame_isn(const uint8_t *frame, uint8_t tcp_at);

#endif
