/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Walking a chain of lanes until one takes the connection. Part of spillway/decide.h.
 */
#ifndef SPILLWAY_WALK_H
#define SPILLWAY_WALK_H

#include "spillway/lane.h"

_Static_assert(SW_LANE_DIRECT < SW_LANE_POOLER && SW_LANE_POOLER < SW_LANE_QUEUE,
	       "lanes that admit are the first");

struct sw_walk {
	struct sw_request *request;
	__u64 chain;
	struct sw_source_limits limits;
	__u8 barred; /* why lanes that admit are passed over, enum sw_reason; 0: they are not */
	__u8 below;  /* those before this one are, enum sw_lane: both, direct, or none */
	struct sw_verdict verdict;
};

SW_INLINE __u64 sw_decide_whole(const struct sw_request *request, __u8 over)
{
	return over ? request->service_conf->over_limit : request->class_conf->lanes;
}

/*
 * The queue had no room for somebody who should have waited behind others. Who has none of his own
 * class or of more weight before him may try what the others did not get; whom the service as a whole
 * keeps out is not let in by that. Where nobody listens direct alone is of no use.
 */
SW_INLINE void sw_decide_unbar(struct sw_walk *walk)
{
	const struct sw_request *request = walk->request;
	int is_unserved = walk->barred == SW_REASON_NO_LISTENER;

	if (walk->below != SW_LANE_QUEUE || (walk->barred != SW_REASON_WAITERS && !is_unserved))
		return;
	walk->below = sw_hide(request, is_unserved * SW_LANE_POOLER);
	if (!request->class_state->waiting && !request->class_conf->yields)
		walk->chain = sw_decide_whole(request, walk->verdict.over);
}

/* One lane of the chain: 1 when it took the connection, or there is none left. */
static long sw_decide_turn(__u32 turn, void *state)
{
	struct sw_walk *walk = state;
	__u8 lane = walk->chain & 0xff;
	int reason;

	(void)turn;
	if (lane == SW_LANE_NONE)
		return 1;
	if (lane < walk->below)
		reason = walk->barred;
	else
		reason = sw_decide_lane(walk->request, lane, &walk->limits);
	if (!reason) {
		walk->verdict.lane = sw_hide(walk->request, lane);
		return 1;
	}
	walk->verdict.reason = sw_hide(walk->request, reason);
	walk->chain >>= 8;
	if (reason == SW_REASON_CHECKSUM) {
		walk->verdict.lane = sw_hide(walk->request, SW_LANE_DROP);
		return 1;
	}
	if (lane == SW_LANE_QUEUE)
		sw_decide_unbar(walk);
	if (reason == SW_REASON_SOURCE_LIVE) {
		/* Another CPU took the source's last connection after it was looked at. */
		walk->limits.live = sw_hide(walk->request, 0);
		walk->verdict.over = sw_hide(walk->request, SW_REASON_SOURCE_LIVE);
		walk->chain = sw_decide_whole(walk->request, SW_REASON_SOURCE_LIVE);
	}
	return 0;
}

/* True while nobody at all gets in. Without a daemon nobody would end it. */
SW_INLINE int sw_decide_is_paused(const struct sw_request *request)
{
	return request->is_fresh && *(volatile __u64 *)&request->service->hold & SW_HOLD_PAUSED;
}

/*
 * Why the service lets nobody in who may wait: it is held, or nothing listens where the packet goes.
 * Without a daemon nobody would lift the hold. A service without a budget of its own has no need of a
 * listener. enum sw_reason, 0: it does.
 */
SW_INLINE int sw_decide_closed(struct sw_request *request, __u64 chain)
{
	__u64 hold = request->is_fresh ? *(volatile __u64 *)&request->service->hold : 0;

	if (hold)
		sw_env_step(request, SW_CHECK_HOLD, hold, 0, 0);
	if (hold & SW_HOLD_PAUSED)
		return SW_REASON_PAUSED;
	if (hold & SW_HOLD_NOT_READY)
		return SW_REASON_NOT_READY;
	if (request->service_conf->direct.port_be || !request->service_conf->budget ||
	    !sw_chain_has(chain, SW_LANE_DIRECT))
		return 0;
	return sw_env_destination(request);
}

/*
 * Why a newcomer may not try the lanes before the queue although they might have room: the service is
 * closed to whom it can let wait, or others wait and would be overtaken. Without a daemon nobody is let
 * in from the queue, so nobody is kept from going past it. enum sw_reason, 0: he may.
 */
SW_INLINE int sw_decide_bar(struct sw_request *request, __u64 chain)
{
	__u64 waiting = *(volatile __u64 *)&request->service->waiting;
	int may_wait = sw_chain_has(chain, SW_LANE_QUEUE);
	int reason = 0;

	if (!request->is_fresh)
		return 0;
	if (may_wait)
		reason = sw_decide_closed(request, chain);
	else if (sw_decide_is_paused(request))
		reason = SW_REASON_PAUSED;
	if (reason)
		return reason;
	if (!waiting)
		return 0;
	sw_env_step(request, SW_CHECK_WAITERS, waiting, 0, 0);
	return may_wait || request->class_state->waiting || request->class_conf->yields
		       ? SW_REASON_WAITERS
		       : 0;
}

/*
 * Walks the class's chain, or the over-limit chain from the moment a source's limit speaks. Closed, for that
 * reason, to one whom no limit is for: he waits, or gets the chain's last answer.
 */
SW_INLINE struct sw_verdict sw_decide_chain(struct sw_request *request, __u8 over_reason,
					    __u8 closed)
{
	struct sw_walk walk = {
		.request = request,
		.chain = sw_decide_whole(request, over_reason),
		.limits.live = over_reason ? 0 : request->class_conf->connections_per_source,
		.limits.direct = request->class_conf->direct_per_source,
		.verdict.lane = sw_hide(request, SW_LANE_REFUSE),
		.verdict.reason = sw_hide(request, over_reason),
		.verdict.over = sw_hide(request, over_reason),
	};

	if (closed) {
		walk.chain = (__u64)sw_chain_last(walk.chain) << 8 | SW_LANE_QUEUE;
		walk.verdict.reason = closed;
	} else {
		walk.barred = sw_hide(request, sw_decide_bar(request, walk.chain));
		walk.below = sw_hide(request, walk.barred ? SW_LANE_QUEUE : SW_LANE_NONE);
	}
	/* A pause is waited for by all that would have got in, whatever their chain says. */
	if (walk.barred == SW_REASON_PAUSED && !sw_chain_has(walk.chain, SW_LANE_QUEUE) &&
	    sw_lane_admits(walk.chain & 0xff)) {
		walk.chain = walk.chain << 8 | SW_LANE_QUEUE;
		walk.verdict.reason = SW_REASON_PAUSED;
	}
	SW_REPEAT(3 * SW_CHAIN_MAX, sw_decide_turn, &walk);
	return walk.verdict;
}

#endif
