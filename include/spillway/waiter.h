/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The decision about somebody who waits: whether its turn has come, and where it goes when it has waited
 * too long. The counterpart of spillway/decide.h behind the queue; what it says was taken is taken.
 */
#ifndef SPILLWAY_WAITER_H
#define SPILLWAY_WAITER_H

#include "spillway/walk.h"

/* What a waiter is kept out by; where both, something may get free for it that others had. */
#define SW_KEPT_BY_SOURCE 1 /* by its source, or this very port of it, and by nobody else */
#define SW_KEPT_BY_ALL	  2 /* by what all share */
#define SW_KEPT_SILENTLY                                                                           \
	4 /* no freed slot tells when that is over: there the clock is the way, too */

#define SW_SILENT_REASONS                                                                          \
	(1u << SW_REASON_RATE | 1u << SW_REASON_NO_LISTENER | 1u << SW_REASON_NO_POOLER |          \
	 1u << SW_REASON_POOLER_DOWN | 1u << SW_REASON_PORT_REUSE | 1u << SW_REASON_SOURCES_FULL | \
	 1u << SW_REASON_CONTENDED | 1u << SW_REASON_UNSTEERABLE | 1u << SW_REASON_PAUSED |        \
	 1u << SW_REASON_NOT_READY | 1u << SW_REASON_HALF_OPEN | 1u << SW_REASON_SOURCE_HALF_OPEN)

_Static_assert(SW_REASON_COUNT <= 32, "reasons fit the bits of a word");

SW_INLINE __u8 sw_reason_keeps_whom(int reason)
{
	switch (reason) {
	case SW_REASON_RATE:
	case SW_REASON_SOURCE_LIVE:
	case SW_REASON_SOURCE_DIRECT:
	case SW_REASON_SOURCE_HALF_OPEN:
	case SW_REASON_PORT_REUSE:
		return SW_KEPT_BY_SOURCE;
	/*
	 * Others may pass: those with no incomplete handshake, those that have an entry, those of the family
	 * that the pooler, or the database at an address of its own, serves.
	 */
	case SW_REASON_HALF_OPEN:
	case SW_REASON_SOURCES_FULL:
	case SW_REASON_NO_LISTENER:
	case SW_REASON_POOLER_DOWN:
		return SW_KEPT_BY_SOURCE | SW_KEPT_BY_ALL;
	default:
		return SW_KEPT_BY_ALL;
	}
}

SW_INLINE __u8 sw_reason_keeps_by(int reason)
{
	return sw_reason_keeps_whom(reason) |
	       (SW_SILENT_REASONS >> (reason & 31) & 1) * SW_KEPT_SILENTLY;
}

/* One lane: 1 when it takes the waiter, or there is none left. */
static long sw_decide_try(__u32 turn, void *state)
{
	struct sw_walk *walk = state;
	__u8 lane = walk->chain & 0xff;
	int reason;

	(void)turn;
	if (lane == SW_LANE_NONE)
		return 1;
	reason = sw_decide_lane(walk->request, lane, &walk->limits);
	walk->chain >>= 8;
	if (reason) {
		walk->verdict.reason = sw_hide(walk->request, reason);
		walk->request->kept_by |= sw_hide(walk->request, sw_reason_keeps_by(reason));
		return 0;
	}
	walk->verdict.lane = lane;
	return 1;
}

/*
 * Where a waiter may go: before the queue; timed out, behind it; while nobody is let in, to the end. Where
 * nobody listens direct is of no use. A subprogram: the stack of who decides has no room for this as well.
 */
SW_SUBPROGRAM __u64 sw_waiter_chain(__u64 lanes, int closed, enum sw_release_op op)
{
	int is_unserved = closed == SW_REASON_NO_LISTENER;

	if (op == SW_RELEASE_ADMIT)
		return closed ? 0 : sw_chain_before_queue(lanes);
	if (closed && !is_unserved)
		return sw_chain_last(lanes);
	lanes = op == SW_RELEASE_ELSEWHERE ? sw_chain_without(lanes, SW_LANE_QUEUE)
					   : sw_chain_behind_queue(lanes);
	return is_unserved ? sw_chain_without(lanes, SW_LANE_DIRECT) : lanes;
}

/* Elsewhere is for whom nobody listens for at this moment; who can be served is not sent away. */
SW_INLINE enum sw_release_op sw_waiter_op(enum sw_release_op op, int closed)
{
	return op == SW_RELEASE_ELSEWHERE && closed != SW_REASON_NO_LISTENER ? SW_RELEASE_ADMIT
									     : op;
}

/*
 * A waiter's turn: SW_LANE_QUEUE and why, if none of the lanes before the queue has room for it yet;
 * else what it gets, which is taken then. Timed out it gets one of the lanes behind the queue; elsewhere,
 * one of all but direct. `over` says
 * which limit of its source it came over and is over still, for its chain is the over-limit one then; one
 * that it is over no more it came by all the same when its time is out.
 */
SW_INLINE struct sw_verdict sw_decide_waiter(struct sw_request *request, __u8 over,
					     enum sw_release_op op)
{
	__u64 lanes = sw_decide_whole(request, over);
	int closed = sw_decide_closed(request, sw_chain_before_queue(lanes));
	enum sw_release_op does = sw_waiter_op(op, closed);
	struct sw_walk walk = {
		.request = request,
		.chain = sw_waiter_chain(lanes, closed, does),
		.limits.live = over ? 0 : request->class_conf->connections_per_source,
		.limits.direct = request->class_conf->direct_per_source,
		.verdict.lane = does == SW_RELEASE_ADMIT ? SW_LANE_QUEUE : SW_LANE_REFUSE,
		.verdict.reason = sw_hide(request, closed ? closed : over),
	};

	if (closed || over)
		request->kept_by = sw_hide(request, sw_reason_keeps_by(walk.verdict.reason));
	SW_REPEAT(SW_CHAIN_MAX, sw_decide_try, &walk);
	if (does != SW_RELEASE_ADMIT && !sw_lane_admits(walk.verdict.lane))
		walk.verdict.reason = does == SW_RELEASE_TIME_OUT ? SW_REASON_QUEUE_TIMEOUT
								  : SW_REASON_NO_LISTENER;
	return walk.verdict;
}

#endif
