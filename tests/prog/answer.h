/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the gate sends back, checked byte for byte against the frame that it answers.
 */
#ifndef TEST_PROG_ANSWER_H
#define TEST_PROG_ANSWER_H

#include "rig.h"

struct answer {
	uint32_t seq;
	uint32_t ack;
	uint16_t window;
	uint8_t flags;
	const void *data;
	size_t bytes;
};

/* Where the IP header is in the packet's frame, and the TCP header in an answer to it. */
size_t answer_ip_offset(const struct packet *packet);
size_t answer_tcp_offset(const struct rig *rig, const struct packet *packet);

/* Fails the test unless the rig's last answer is the one to `sent`, of the right size, with right checksums. */
void answer_check(const struct rig *rig, const struct packet *sent, const struct answer *want);

/* The answer's own number: a SYN-ACK's is a cookie. */
uint32_t answer_seq(const struct rig *rig, const struct packet *sent);

#endif
