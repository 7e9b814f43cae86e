/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a refused client is told, ready to be sent: written by the daemon for each class, sent by whatever
 * answers. Only the delay differs from client to client, so that those who come back do not come back together.
 */
#ifndef SPILLWAY_REFUSAL_H
#define SPILLWAY_REFUSAL_H

#include <linux/types.h>

#include "spillway/types.h"

/* In which protocol a service's refusals are told; sw_service_conf.answers_as. */
enum sw_answers {
	SW_ANSWERS_RESET = 0, /* in none: a RST */
	SW_ANSWERS_POSTGRES,
	SW_ANSWERS_MYSQL,
};

/*
 * PostgreSQL's ErrorResponse with its hint has 51 bytes beside the message, which configurations keep so short that
 * even the frame of the shortest startup packet, 9 bytes, finds the room to grow at its head: XDP's 256 bytes less
 * the 40 that the kernel keeps there. A power of two, as a mask bounds it.
 */
#define SW_REFUSAL_TEXT_MAX   256
#define SW_REFUSAL_DIGITS_MAX 8 /* with the blank: 7,200,000 ms */

/* refusal_texts: one for each class. */
struct sw_refusal_text {
	__u16 bytes;	/* 0: there is none */
	__u16 delay_at; /* where a blank and the digits go, which are zero in `text` */
	__u16 digits;	/* bytes of both; 0: no delay is told */
	__u16 pad;
	__u32 delay_ms; /* told is from this up to twice as much */
	__u32 sum; /* of `text` in words as they lie in memory (RFC 1071); a torn copy does not fit it */
	__u8 text[SW_REFUSAL_TEXT_MAX];
};

/* The digits of a flow's delay, to the right, blanks before them; room for a helper to read more than there is. */
struct sw_refusal_delay {
	__u8 digit[2 * SW_REFUSAL_DIGITS_MAX];
};

/* chance: any number that differs from flow to flow. */
SW_INLINE __u32 sw_refusal_delay_ms(__u32 delay_ms, __u32 chance)
{
	return delay_ms ? delay_ms + chance % delay_ms : 0;
}

SW_INLINE void sw_refusal_write_delay(__u32 ms, struct sw_refusal_delay *out)
{
	for (int i = SW_REFUSAL_DIGITS_MAX - 1; i >= 0; i--) {
		out->digit[i] = ms || i == SW_REFUSAL_DIGITS_MAX - 1 ? '0' + ms % 10 : ' ';
		ms /= 10;
	}
}

/* What the last `digits` of them add to the sum of the text that they are in from `at` on. */
SW_INLINE __u32 sw_refusal_sum_of(const struct sw_refusal_delay *delay, __u32 at, __u32 digits)
{
	__u32 first = SW_REFUSAL_DIGITS_MAX - digits;
	__u32 high = 0, low = 0;

	for (__u32 i = 0; i < SW_REFUSAL_DIGITS_MAX; i++) {
		if (i < first)
			continue;
		if ((at + i - first) & 1)
			low += delay->digit[i];
		else
			high += delay->digit[i];
	}
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (low << 8) + high;
#else
	return (high << 8) + low;
#endif
}

_Static_assert(sizeof(struct sw_refusal_text) == 16 + SW_REFUSAL_TEXT_MAX, "no hidden padding");

#endif
