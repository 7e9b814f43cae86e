/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What `spillway events` is told of a decision, and `spillway record` of the end of a connection, and of which. All of them while they are few; else the first of
 * each source in each second, so that a storm hides nobody; and never more than a daemon reads in passing. The gate
 * and the daemon, which tells of how waits end, sample by the same functions.
 */
#ifndef SPILLWAY_DECISION_H
#define SPILLWAY_DECISION_H

#include "spillway/maps.h"

/* Of one second: so many are told without choosing, and so many at the most. */
#define SW_DECISIONS_ALL  1000
#define SW_DECISIONS_MOST 5000
/* Of ends of connections as many as that, whosever they are, on an account of their own. */
#define SW_ENDS_MOST SW_DECISIONS_MOST
/* What the most of one second take, and nearly half of that again. A power of two. */
#define SW_DECISIONS_BYTES (1024u << 10)

enum sw_told {
	SW_TOLD_DECISION = 0,
	SW_TOLD_END, /* of a connection that had a slot, or a place at the pooler: it is free */
};

struct sw_decision {
	__u64 at_ns;
	__u64 opened_ns; /* SW_TOLD_END: when its handshake was complete; 0: it never was */
	struct sw_in6 client;
	struct sw_in6 server;
	__be16 client_port_be;
	__be16 server_port_be;
	__u16 class_id;
	__u8 service;
	__u8 lane;
	__u8 reason;
	__u8 over; /* enum sw_reason: the limit of the source that sent it to the over-limit chain; 0: none did */
	__u8 is_shadow; /* decided in monitor mode */
	__u8 kind;	/* enum sw_told */
	__u8 pad[4];
};

/*
 * sampled: when each source was told of last, by a hash of it: {tag:32, second:32}. Of two that share a place each
 * puts the other out, and both are told more often.
 */
#define SW_SAMPLED (1u << 14)

struct sw_sampled {
	__u64 word;
};

/* Multiplier: as in source.h. */
SW_INLINE __u64 sw_sample_hash(const struct sw_source_key *source)
{
	__u64 mix = (source->address.longs[0] + source->service) * 0x9e3779b97f4a7c15ull;

	mix = (mix ^ mix >> 32 ^ source->address.longs[1]) * 0x9e3779b97f4a7c15ull;
	/* The address's last byte is the highest, which so far has come no lower than to bit 24. */
	mix = (mix ^ mix >> 32) * 0x9e3779b97f4a7c15ull;
	return mix ^ mix >> 32;
}

SW_INLINE __u32 sw_sample_place(__u64 hash)
{
	return hash & (SW_SAMPLED - 1);
}

/* True the first time in a second: what is told of afterwards counts as told. */
SW_INLINE int sw_sample_is_first(struct sw_sampled *sampled, __u64 hash, __u32 second)
{
	__u64 word = hash >> 32 << 32 | second;

	if (*(volatile __u64 *)&sampled->word == word)
		return 0;
	*(volatile __u64 *)&sampled->word = word;
	return 1;
}

#define SW_SAMPLE_UNKNOWN (-1)

/* How many seconds ago it was told of: this one or the last, or it is not known. */
SW_INLINE int sw_sample_age(const struct sw_sampled *sampled, __u64 hash, __u32 second)
{
	__u64 word = *(volatile __u64 *)&sampled->word;

	if (word >> 32 != hash >> 32 || second - (__u32)word > 1)
		return SW_SAMPLE_UNKNOWN;
	return (int)(second - (__u32)word);
}

/* Whether one more may be told: rate is {second:32, told:32}, of all CPUs together. */
SW_INLINE int sw_sample_takes(__u64 *rate, int is_first, __u32 second)
{
	__u64 was = *(volatile __u64 *)rate;

	if (was >> 32 != second) {
		__sync_val_compare_and_swap(rate, was, (__u64)second << 32);
		was = 0;
	}
	if ((__u32)was >= (is_first ? SW_DECISIONS_MOST : SW_DECISIONS_ALL))
		return 0;
	__sync_fetch_and_add(rate, 1);
	return 1;
}

_Static_assert(sizeof(struct sw_decision) == 64, "no hidden padding in a record");

#endif
