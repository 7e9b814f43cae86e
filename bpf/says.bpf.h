/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is to become of a packet. Said by the gate's code, done by its two programs.
 */
#ifndef SPILLWAY_SAYS_BPF_H
#define SPILLWAY_SAYS_BPF_H

enum gate_says {
	GATE_PASS,
	GATE_DROP,
	GATE_RESET,    /* a SYN: answer with a RST, or drop it if that cannot be done */
	GATE_REFUSE,   /* likewise with a SYN-ACK, so that its client can be told why */
	GATE_ANSWERED, /* the frame is the answer: send it back */
};

#endif
