/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Chains of lanes: one lane a byte, the first in the lowest, SW_LANE_NONE behind the last.
 */
#ifndef SPILLWAY_CHAIN_H
#define SPILLWAY_CHAIN_H

#include "spillway/limits.h"
#include "spillway/types.h"

/* True for a lane that lets in whom it has room for. */
SW_INLINE int sw_lane_admits(__u8 lane)
{
	return lane == SW_LANE_DIRECT || lane == SW_LANE_POOLER;
}

/* The last lane of a chain: its answer to those whom no lane could take. */
SW_INLINE __u8 sw_chain_last(__u64 chain)
{
	__u8 last = SW_LANE_REFUSE;

	for (int i = 0; i < SW_CHAIN_MAX && (chain & 0xff); i++, chain >>= 8)
		last = chain & 0xff;
	return last;
}

/*
 * True if the lane is one of the chain's: if a byte of the difference is zero (Mycroft 1987). Without a
 * branch, of which the verifier would follow each way.
 */
SW_INLINE int sw_chain_has(__u64 chain, __u8 lane)
{
	const __u64 ones = 0x0101010101010101ull;
	__u64 differs = chain ^ lane * ones;

	return ((differs - ones) & ~differs & ones << 7) != 0;
}

/* The others of the chain, in their order. Without a branch, as above: there are eight lanes to be told apart. */
SW_INLINE __u64 sw_chain_without(__u64 chain, __u8 lane)
{
	__u64 others = 0;
	__u32 bits = 0;

	for (int i = 0; i < SW_CHAIN_MAX; i++, chain >>= 8) {
		__u64 is_other = (((chain ^ lane) & 0xff) + 0xff) >> 8;

		others |= (chain & 0xff) * is_other << bits;
		bits += 8 * is_other;
	}
	return others;
}

/* The lanes before the queue, where there is one. */
SW_INLINE __u64 sw_chain_before_queue(__u64 chain)
{
	__u64 before = 0;

	for (int i = 0; i < SW_CHAIN_MAX; i++) {
		__u64 lane = chain >> 8 * i & 0xff;

		if (!sw_lane_admits(lane))
			break;
		before |= lane << 8 * i;
	}
	return before;
}

/* The lanes behind the queue; of a chain without one, where only a pause made it wait, the last. */
SW_INLINE __u64 sw_chain_behind_queue(__u64 chain)
{
	for (int i = 0; i < SW_CHAIN_MAX; i++) {
		if ((chain >> 8 * i & 0xff) == SW_LANE_QUEUE)
			return i + 1 < SW_CHAIN_MAX ? chain >> 8 * (i + 1) : 0;
	}
	return sw_chain_last(chain);
}

#endif
