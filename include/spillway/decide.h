/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The decision about one new connection, whole: the gate runs it on the live maps, `spillway explain` on
 * a copy. How sources and listeners are reached is said before this is included: see spillway/lane.h.
 */
#ifndef SPILLWAY_DECIDE_H
#define SPILLWAY_DECIDE_H

#include "spillway/walk.h"

/* Admits without limits: classes that allow all, and everybody while the daemon is lost. */
SW_INLINE struct sw_verdict sw_decide_anyway(struct sw_request *request, __u8 reason)
{
	const struct sw_source_limits none = {0};
	struct sw_verdict verdict = {.lane = SW_LANE_DIRECT, .reason = reason};
	__u64 before;

	if (sw_env_source_take(request, SW_SHARE_ANYWAY, &none))
		return (struct sw_verdict){sw_chain_last(request->class_conf->lanes),
					   SW_REASON_SOURCES_FULL, 0};
	before = sw_slots_take_anyway(request->service, request->class_state);
	request->over_budget = sw_slots_total(before) >= request->service_conf->budget;
	return verdict;
}

SW_INLINE __u8 sw_action_lane(__u8 action)
{
	switch (action) {
	case SW_ACTION_ALLOW:
		return SW_LANE_DIRECT;
	case SW_ACTION_RESET:
		return SW_LANE_RESET;
	case SW_ACTION_DROP:
		return SW_LANE_DROP;
	default:
		return SW_LANE_REFUSE;
	}
}

/* True when the source has as many connections as it may have: a look, not yet a count. */
SW_INLINE int sw_decide_is_over_live(struct sw_request *request)
{
	__u32 limit = request->class_conf->connections_per_source;
	__u32 live;

	if (!limit)
		return 0;
	live = sw_env_source_live(request);
	sw_env_step(request, SW_CHECK_SOURCE_LIVE, live, limit, live < limit);
	return live >= limit;
}

/* The whole decision. What it says was taken is taken: slots and the source's count. */
SW_INLINE struct sw_verdict sw_decide(struct sw_request *request)
{
	struct sw_verdict verdict = {.lane = SW_LANE_REFUSE, .reason = SW_REASON_ACTION};
	__u8 action = request->class_conf->action;
	__u8 over_reason = 0, closed = 0;

	if (action != SW_ACTION_LIMIT && action != SW_ACTION_ALLOW) {
		verdict.lane = sw_action_lane(action);
		return verdict;
	}
	/* No limit is for those who are allowed; but a pause is for all. */
	if (action == SW_ACTION_ALLOW && sw_decide_is_paused(request))
		closed = sw_hide(request, SW_REASON_PAUSED);
	if (action == SW_ACTION_ALLOW ? !closed : request->loss == SW_LOSS_OPEN)
		return sw_decide_anyway(request, action == SW_ACTION_ALLOW ? SW_REASON_ACTION
									   : SW_REASON_DAEMON_LOST);
	if (!closed && request->loss == SW_LOSS_CLOSED) {
		verdict.reason = SW_REASON_DAEMON_LOST;
		return verdict;
	}
	if (request->over_rate)
		over_reason = SW_REASON_RATE;
	else if (!closed && sw_decide_is_over_live(request))
		over_reason = SW_REASON_SOURCE_LIVE;
	return sw_decide_chain(request, over_reason, closed);
}

#endif
