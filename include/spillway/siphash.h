/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012) over whole 64-bit words: what a
 * keyed hash is needed for here has no other length. On a little-endian machine the result is that of the
 * published function for the same bytes.
 */
#ifndef SPILLWAY_SIPHASH_H
#define SPILLWAY_SIPHASH_H

#include "spillway/types.h"

struct sw_siphash_key {
	__u64 word[2];
};

struct sw_siphash {
	__u64 v0, v1, v2, v3;
};

SW_INLINE __u64 sw_siphash_rotate(__u64 word, int by)
{
	return word << by | word >> (64 - by);
}

SW_INLINE void sw_siphash_round(struct sw_siphash *sip)
{
	sip->v0 += sip->v1;
	sip->v1 = sw_siphash_rotate(sip->v1, 13) ^ sip->v0;
	sip->v0 = sw_siphash_rotate(sip->v0, 32);
	sip->v2 += sip->v3;
	sip->v3 = sw_siphash_rotate(sip->v3, 16) ^ sip->v2;
	sip->v0 += sip->v3;
	sip->v3 = sw_siphash_rotate(sip->v3, 21) ^ sip->v0;
	sip->v2 += sip->v1;
	sip->v1 = sw_siphash_rotate(sip->v1, 17) ^ sip->v2;
	sip->v2 = sw_siphash_rotate(sip->v2, 32);
}

SW_INLINE void sw_siphash_word(struct sw_siphash *sip, __u64 word)
{
	sip->v3 ^= word;
	sw_siphash_round(sip);
	sw_siphash_round(sip);
	sip->v0 ^= word;
}

/* The constants are "somepseudorandomlygeneratedbytes", as published. */
SW_INLINE __u64 sw_siphash_words(const struct sw_siphash_key *key, const __u64 *words, __u32 count)
{
	struct sw_siphash sip = {
		.v0 = key->word[0] ^ 0x736f6d6570736575ull,
		.v1 = key->word[1] ^ 0x646f72616e646f6dull,
		.v2 = key->word[0] ^ 0x6c7967656e657261ull,
		.v3 = key->word[1] ^ 0x7465646279746573ull,
	};

	for (__u32 i = 0; i < count; i++)
		sw_siphash_word(&sip, words[i]);
	sw_siphash_word(&sip, (__u64)(count * 8 & 0xff) << 56);
	sip.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		sw_siphash_round(&sip);
	return sip.v0 ^ sip.v1 ^ sip.v2 ^ sip.v3;
}

#endif
