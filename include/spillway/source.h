/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The connections of one source, in one word: {tag:10, waiting:18, direct:18, live:18}. Those that wait
 * are not live ones.
 *
 * A hash map's element may be deleted, and its memory given to another key, while a CPU still holds
 * the pointer it looked up. The tag, a hash of the key, makes a compare-and-swap on such memory
 * fail. An entry whose last connection closed stays for a while with zero counts; the sweep puts
 * SW_SOURCE_GONE into the word before it deletes the entry, so that nobody adds to what goes away.
 */
#ifndef SPILLWAY_SOURCE_H
#define SPILLWAY_SOURCE_H

#include "spillway/maps.h"

#define SW_SOURCE_BITS	  18
#define SW_SOURCE_MASK	  ((1ull << SW_SOURCE_BITS) - 1)
#define SW_SOURCE_TAG	  (3 * SW_SOURCE_BITS)
#define SW_SOURCE_GONE	  ((1ull << SW_SOURCE_TAG) - 1)
#define SW_SOURCE_LIVE	  1ull
#define SW_SOURCE_DIRECT  (1ull << SW_SOURCE_BITS)
#define SW_SOURCE_WAITING (1ull << 2 * SW_SOURCE_BITS)

_Static_assert(SW_FLOWS_MAX < SW_SOURCE_MASK, "no source can have more than are counted");

SW_INLINE __u32 sw_source_live_count(__u64 word)
{
	return word & SW_SOURCE_MASK;
}

SW_INLINE __u32 sw_source_direct_count(__u64 word)
{
	return word >> SW_SOURCE_BITS & SW_SOURCE_MASK;
}

SW_INLINE __u32 sw_source_waiting_count(__u64 word)
{
	return word >> 2 * SW_SOURCE_BITS & SW_SOURCE_MASK;
}

SW_INLINE int sw_source_is_gone(__u64 word)
{
	return (word & SW_SOURCE_GONE) == SW_SOURCE_GONE;
}

/* The word of a source without connections. Multiplier: 2^64 / golden ratio (Knuth, TAOCP 3, 6.4). */
SW_INLINE __u64 sw_source_empty(const struct sw_source_key *key)
{
	__u64 mix = (key->address.longs[0] ^ key->service) * 0x9e3779b97f4a7c15ull;

	mix = (mix ^ key->address.longs[1]) * 0x9e3779b97f4a7c15ull;
	return (mix >> SW_SOURCE_TAG) << SW_SOURCE_TAG;
}

/* The limits that hold for this connection; 0 is no limit. */
struct sw_source_limits {
	__u32 live;
	__u32 direct;
};

/* A connection that is to be counted, while other CPUs change the word: see SW_REPEAT. Small, for BPF's stack. */
struct sw_source_taking {
	__u64 *word;
	__u64 empty;
	const struct sw_source_limits *limits;
	__s16 direct;
	__s16 reason;
};

SW_INLINE int sw_source_is_another(__u64 seen, __u64 empty)
{
	return (seen ^ empty) >> SW_SOURCE_TAG || sw_source_is_gone(seen);
}

static long sw_source_try_take(__u32 turn, void *state)
{
	struct sw_source_taking *taking = state;
	const struct sw_source_limits *limits = taking->limits;
	__u64 seen = *(volatile __u64 *)taking->word;
	__u64 next = seen + SW_SOURCE_LIVE + (taking->direct ? SW_SOURCE_DIRECT : 0);

	(void)turn;
	if (sw_source_is_another(seen, taking->empty))
		taking->reason = SW_REASON_SOURCES_FULL;
	else if (limits->live && sw_source_live_count(seen) >= limits->live)
		taking->reason = SW_REASON_SOURCE_LIVE;
	else if (taking->direct && limits->direct && sw_source_direct_count(seen) >= limits->direct)
		taking->reason = SW_REASON_SOURCE_DIRECT;
	else if (__sync_val_compare_and_swap(taking->word, seen, next) == seen)
		taking->reason = 0;
	else
		return 0;
	return 1;
}

/*
 * Adds one connection to the source. `empty` is its sw_source_empty().
 * 0; SW_REASON_SOURCE_LIVE or SW_REASON_SOURCE_DIRECT: a limit; SW_REASON_SOURCES_FULL: the entry is
 * not, or no longer, this source's (look it up again); SW_REASON_CONTENDED.
 */
SW_SUBPROGRAM int sw_source_take(__u64 *word, __u64 empty, int direct,
				 const struct sw_source_limits *limits)
{
	struct sw_source_taking taking = {.word = word,
					  .empty = empty,
					  .limits = limits,
					  .direct = direct,
					  .reason = SW_REASON_CONTENDED};

	if (!word || !limits)
		return SW_REASON_SOURCES_FULL;
	SW_REPEAT(SW_CAS_TRIES, sw_source_try_take, &taking);
	return taking.reason;
}

struct sw_source_waiting {
	__u64 *word;
	__u64 empty;
	__u32 limit; /* 0: none */
	int reason;
};

static long sw_source_try_wait(__u32 turn, void *state)
{
	struct sw_source_waiting *waiting = state;
	__u64 seen = *(volatile __u64 *)waiting->word;

	(void)turn;
	if (sw_source_is_another(seen, waiting->empty))
		waiting->reason = SW_REASON_SOURCES_FULL;
	else if (waiting->limit && sw_source_waiting_count(seen) >= waiting->limit)
		waiting->reason = SW_REASON_QUEUE_SOURCE;
	else if (__sync_val_compare_and_swap(waiting->word, seen, seen + SW_SOURCE_WAITING) == seen)
		waiting->reason = 0;
	else
		return 0;
	return 1;
}

/* Likewise for one that is to wait; `limit` 0 is none. SW_REASON_QUEUE_SOURCE: that is reached. */
SW_SUBPROGRAM int sw_source_wait(__u64 *word, __u64 empty, __u32 limit)
{
	struct sw_source_waiting waiting = {
		.word = word, .empty = empty, .limit = limit, .reason = SW_REASON_CONTENDED};

	if (!word)
		return SW_REASON_SOURCES_FULL;
	SW_REPEAT(SW_CAS_TRIES, sw_source_try_wait, &waiting);
	return waiting.reason;
}

/* Lowers the count of one that waited. */
SW_INLINE void sw_source_leave(__u64 *word)
{
	__sync_fetch_and_sub(word, SW_SOURCE_WAITING);
}

/* An entry with connections is never deleted, so its holder needs no check and no loop. */
SW_INLINE void sw_source_free(__u64 *word, int direct)
{
	__sync_fetch_and_sub(word, SW_SOURCE_LIVE + (direct ? SW_SOURCE_DIRECT : 0));
}

/* Takes the claim back of who could not delete the entry: it is there for all again. */
SW_INLINE void sw_source_stay(struct sw_source_live *live)
{
	__sync_fetch_and_sub(&live->word, SW_SOURCE_GONE);
}

/*
 * Claims an empty entry for deletion. True for exactly one caller, and then nobody can add to it. A
 * handshake that was just completed leaves half_open only after its flow could have been ended: what
 * is still counted there keeps the entry, too.
 */
SW_INLINE int sw_source_retire(struct sw_source_live *live)
{
	__u64 seen = *(volatile __u64 *)&live->word;

	if (seen & SW_SOURCE_GONE || *(volatile __u32 *)&live->half_open ||
	    __sync_val_compare_and_swap(&live->word, seen, seen | SW_SOURCE_GONE) != seen)
		return 0;
	if (!*(volatile __u32 *)&live->half_open)
		return 1;
	sw_source_stay(live);
	return 0;
}

#endif
