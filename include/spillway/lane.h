/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One lane and what it takes: a slot, a place at the pooler or in the queue, and the source's count. The
 * gate runs this on the live maps, `spillway explain` on a copy of them: who includes this file says
 * beforehand how to reach sources and listeners, by
 *
 *   int sw_env_source_take(struct sw_request *, share, limits)     0, or which limit speaks
 *   __u32 sw_env_source_live(struct sw_request *)           connections that the source has now
 *   int sw_env_source_wait(struct sw_request *, limit)      0, or why none more of it may wait
 *   int sw_env_parkable(struct sw_request *)                0, or why this SYN cannot be kept
 *   int sw_env_listener(struct sw_request *, lane)          0, or the reason why the lane has none
 *   int sw_env_destination(struct sw_request *)             0, or why nobody serves where it goes
 *   void sw_env_step(struct sw_request *, check, value, limit, passed)       for explanations
 */
#ifndef SPILLWAY_LANE_H
#define SPILLWAY_LANE_H

#include "spillway/chain.h"
#include "spillway/fresh.h"
#include "spillway/queue.h"
#include "spillway/release.h"

/* What an explanation lists, one row per check: ROW(id, name). */
#define SW_CHECKS(ROW)                                                                             \
	ROW(ACTION, "class action")                                                                \
	ROW(DAEMON, "daemon heartbeat")                                                            \
	ROW(RATE, "rate")                                                                          \
	ROW(SOURCE_LIVE, "connections_per_source")                                                 \
	ROW(LISTENER, "listener")                                                                  \
	ROW(CLASS_DIRECT, "max_direct")                                                            \
	ROW(RESERVE, "reserved slots")                                                             \
	ROW(BUDGET, "budget")                                                                      \
	ROW(SOURCE_DIRECT, "direct_per_source")                                                    \
	ROW(POOLER, "pooler max_connections")                                                      \
	ROW(QUEUE, "queue")                                                                        \
	ROW(HALF_OPEN, "half_open")                                                                \
	ROW(SOURCE_HALF_OPEN, "half_open_per_source")                                              \
	ROW(HOLD, "hold")                                                                          \
	ROW(WAITERS, "waiters before it")                                                          \
	ROW(SOURCE_WAITING, "max_waiting_per_source")

enum sw_check {
#define SW_CHECK_ID(id, name) SW_CHECK_##id,
	SW_CHECKS(SW_CHECK_ID)
#undef SW_CHECK_ID
		SW_CHECK_COUNT,
};

/* What on_daemon_loss asks for at the moment; SW_LOSS_NONE while the heartbeat is fresh. */
enum sw_loss {
	SW_LOSS_NONE = 0,
	SW_LOSS_OPEN,
	SW_LOSS_CLOSED,
};

struct sw_request {
	const struct sw_service_conf *service_conf;
	struct sw_service_state *service;
	const struct sw_class_conf *class_conf;
	struct sw_class_state *class_state;
	struct sw_source_key source;
	__u64 now_ns;
	__u8 over_rate;
	__u8 is_fresh;	  /* the daemon lives: it lets waiters in */
	__u8 loss;	  /* enum sw_loss */
	__u8 kept_by;	  /* set by the decision: what a waiter stays for, SW_KEPT_… */
	__u8 over_budget; /* set by the decision: it admitted beyond the budget */
	void *env;	  /* for the hooks */
};

SW_INLINE int sw_env_source_take(struct sw_request *request, enum sw_source_share share,
				 const struct sw_source_limits *limits);
SW_INLINE __u32 sw_env_source_live(struct sw_request *request);
SW_INLINE int sw_env_source_wait(struct sw_request *request, __u32 limit);
SW_INLINE int sw_env_parkable(struct sw_request *request);
SW_INLINE int sw_env_listener(struct sw_request *request, int lane);
SW_INLINE int sw_env_destination(struct sw_request *request);
SW_INLINE void sw_env_step(struct sw_request *request, enum sw_check check, __u64 value,
			   __u64 limit, int passed);

/*
 * The value, of up to 8 bits, but not for the verifier, which knows no byte of a map: what it knows it keeps
 * apart, and the steps of a walk would be followed once for each reason that each lane before may have had.
 */
SW_INLINE __u8 sw_hide(const struct sw_request *request, __u8 value)
{
	return value | request->service_conf->zero;
}

SW_INLINE enum sw_loss sw_decide_loss(const struct sw_control *said, __u64 now_ns)
{
	if (said->on_loss == SW_ON_LOSS_HOLD || sw_decide_is_fresh(said, now_ns))
		return SW_LOSS_NONE;
	return said->on_loss == SW_ON_LOSS_OPEN ? SW_LOSS_OPEN : SW_LOSS_CLOSED;
}

/* Tells an explanation what the slot pools held before the slot was asked for. */
SW_INLINE void sw_decide_show_slots(struct sw_request *request)
{
	const struct sw_class_conf *conf = request->class_conf;
	__u64 of_class = request->class_state->direct;
	__u64 of_service = request->service->direct;
	int reserve = sw_slots_reserved(of_class) < conf->reserved;

	sw_env_step(request, SW_CHECK_CLASS_DIRECT, sw_slots_of_class(of_class), conf->max_direct,
		    !conf->max_direct || sw_slots_of_class(of_class) < conf->max_direct);
	sw_env_step(request, SW_CHECK_RESERVE, sw_slots_reserved(of_class), conf->reserved,
		    reserve);
	sw_env_step(request, SW_CHECK_BUDGET,
		    reserve ? sw_slots_total(of_service) : sw_slots_shared(of_service),
		    reserve ? request->service_conf->budget : request->service_conf->shared_limit,
		    sw_slots_total(of_service) < request->service_conf->budget &&
			    (reserve ||
			     sw_slots_shared(of_service) < request->service_conf->shared_limit));
}

/* Takes what the lane itself has to give: a slot, or a place at the pooler. */
SW_INLINE int sw_decide_take(struct sw_request *request, __u8 lane)
{
	const struct sw_service_conf *conf = request->service_conf;

	if (lane == SW_LANE_DIRECT) {
		sw_decide_show_slots(request);
		return sw_slots_take(conf, request->service, request->class_conf,
				     request->class_state);
	}
	sw_env_step(request, SW_CHECK_POOLER, request->service->pooler, conf->pooler_max,
		    !conf->pooler_max || request->service->pooler < conf->pooler_max);
	return sw_pooler_take(conf, request->service, request->class_state);
}

/* Likewise of incomplete handshakes, where there are caps. */
SW_INLINE void sw_decide_show_half_open(struct sw_request *request,
					const struct sw_source_live *source)
{
	const struct sw_service_conf *conf = request->service_conf;
	__u64 own = source ? source->half_open : 0;

	if (conf->half_open_per_source)
		sw_env_step(request, SW_CHECK_SOURCE_HALF_OPEN, own, conf->half_open_per_source,
			    own < conf->half_open_per_source);
	if (conf->half_open_max)
		sw_env_step(request, SW_CHECK_HALF_OPEN, request->service->half_open,
			    conf->half_open_max,
			    sw_half_open_is_within(conf, request->service->half_open, own,
						   source && source->is_proven));
}

/* For hooks that have counted a connection and can be explained to: the handshake that it begins with. 0 or why not. */
SW_INLINE int sw_decide_begin(struct sw_request *request, struct sw_source_live *source,
			      enum sw_source_share share)
{
	if (share == SW_SHARE_DIRECT)
		sw_decide_show_half_open(request, source);
	return sw_half_open_begin(request->service_conf, request->service, source, share);
}

/* Takes a place in the queue: 0, or why there is none. */
SW_INLINE int sw_decide_wait(struct sw_request *request)
{
	const struct sw_service_conf *conf = request->service_conf;
	int reason = request->is_fresh ? sw_env_parkable(request) : SW_REASON_NO_QUEUE;

	sw_env_step(request, SW_CHECK_QUEUE, request->service->waiting, conf->queue_max,
		    !reason && (!conf->queue_max || request->service->waiting < conf->queue_max));
	if (!reason)
		reason = sw_waiting_take(conf, request->service, request->class_state);
	if (reason)
		return reason;
	reason = sw_env_source_wait(request, conf->queue_per_source);
	if (reason)
		sw_waiting_free(request->service, request->class_state);
	return reason;
}

/* Tries one lane: 0 when it took the connection, else why it did not. */
SW_INLINE int sw_decide_lane(struct sw_request *request, __u8 lane,
			     const struct sw_source_limits *limits)
{
	int reason;

	if (lane == SW_LANE_QUEUE)
		return sw_decide_wait(request);
	if (!sw_lane_admits(lane))
		return 0;
	reason = sw_env_listener(request, lane);
	if (!reason)
		reason = sw_decide_take(request, lane);
	if (reason)
		return reason;
	reason = sw_env_source_take(
		request, lane == SW_LANE_DIRECT ? SW_SHARE_DIRECT : SW_SHARE_POOLED, limits);
	if (reason)
		sw_release(request->service, request->class_state, 0, lane, 0);
	return reason;
}

#endif
