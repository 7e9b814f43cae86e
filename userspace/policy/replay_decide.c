/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decisions of a replay: the hooks that spillway/decide.h asks for, on simulated counts, and what the gate does
 * around it with the source's rate (bpf/admit.bpf.h, bpf/waiter_turn.bpf.h).
 */
#include <stdlib.h>
#include <string.h>

#include "core/addr.h"
#include "core/hash.h"
#include "policy/replay_parts.h"
#include "spillway/decide.h"
#include "spillway/gcra.h"
#include "spillway/waiter.h"

SW_INLINE int sw_env_source_take(struct sw_request *request, enum sw_source_share share,
				 const struct sw_source_limits *limits)
{
	struct sw_replay_source *source = request->env;
	int reason = sw_source_take(&source->live.word, sw_source_empty(&source->key),
				    share != SW_SHARE_POOLED, limits);

	return reason ? reason : sw_decide_begin(request, &source->live, share);
}

SW_INLINE __u32 sw_env_source_live(struct sw_request *request)
{
	return sw_source_live_count(((const struct sw_replay_source *)request->env)->live.word);
}

SW_INLINE int sw_env_source_wait(struct sw_request *request, __u32 limit)
{
	struct sw_replay_source *source = request->env;

	return sw_source_wait(&source->live.word, sw_source_empty(&source->key), limit);
}

SW_INLINE int sw_env_parkable(struct sw_request *request)
{
	(void)request;
	return 0;
}

SW_INLINE int sw_env_listener(struct sw_request *request, int lane)
{
	return lane == SW_LANE_POOLER && !request->service_conf->pooler.port_be
		       ? SW_REASON_NO_POOLER
		       : 0;
}

SW_INLINE int sw_env_destination(struct sw_request *request)
{
	(void)request;
	return 0;
}

SW_INLINE void sw_env_step(struct sw_request *request, enum sw_check check, __u64 value,
			   __u64 limit, int passed)
{
	(void)request, (void)check, (void)value, (void)limit, (void)passed;
}

static struct sw_request request_of(struct sw_replay_sim *sim, size_t index)
{
	const struct sw_replay_place *place = &sim->places[index];
	struct sw_replay_room *room = &sim->rooms[place->service];

	return (struct sw_request){
		.service_conf = &room->conf,
		.service = &room->state,
		.class_conf = &sw_plan_class(sim->plan, place->class_id)->conf,
		.class_state = &sim->classes[place->class_id],
		.source = place->source->key,
		.now_ns = sim->now_ns,
		.is_fresh = 1,
		.env = place->source,
	};
}

static bool exceeds(const struct sw_request *request)
{
	const struct sw_replay_source *source = request->env;
	const struct sw_class_conf *conf = request->class_conf;

	return conf->interval_ns && !sw_gcra_next(source->theoretical_ns, request->now_ns,
						  conf->interval_ns, conf->tolerance_ns);
}

/* True: it is over its rate, and nothing was taken. */
static bool take_arrival(const struct sw_request *request)
{
	struct sw_replay_source *source = request->env;
	const struct sw_class_conf *conf = request->class_conf;

	return conf->interval_ns && sw_gcra_take(&source->theoretical_ns, request->now_ns,
						 conf->interval_ns, conf->tolerance_ns);
}

struct sw_verdict sw_replay_decide(struct sw_replay_sim *sim, size_t index)
{
	struct sw_request request = request_of(sim, index);
	struct sw_replay_source *source = request.env;
	bool limits = request.class_conf->action == SW_ACTION_LIMIT;
	struct sw_verdict verdict;

	request.over_rate = limits && take_arrival(&request);
	verdict = sw_decide(&request);
	sim->places[index].over = verdict.over;
	/* Where those over their rate wait for it, an arrival is for who gets in. */
	if (limits && !request.over_rate && request.class_conf->interval_ns &&
	    sw_chain_has(request.service_conf->over_limit, SW_LANE_QUEUE) &&
	    !sw_lane_admits(verdict.lane)) {
		source->theoretical_ns -= request.class_conf->interval_ns;
		sim->places[index].owes_rate = true;
	}
	if (verdict.over == SW_REASON_RATE)
		sim->places[index].owes_rate = true;
	return verdict;
}

void sw_replay_take_anyway(struct sw_replay_sim *sim, size_t index, uint8_t lane)
{
	struct sw_request request = request_of(sim, index);
	const struct sw_source_limits none = {0};
	struct sw_replay_source *source = request.env;

	sw_source_take(&source->live.word, sw_source_empty(&source->key), lane == SW_LANE_DIRECT,
		       &none);
	if (lane == SW_LANE_DIRECT)
		sw_slots_take_anyway(request.service, request.class_state);
	else
		sw_pooler_take_anyway(request.service, request.class_state);
}

static __u8 still_over(struct sw_replay_sim *sim, struct sw_request *request, size_t index,
		       enum sw_release_op op)
{
	const struct sw_replay_place *place = &sim->places[index];
	bool is_end = op != SW_RELEASE_ADMIT;

	if ((place->over == SW_REASON_RATE && is_end) || (place->owes_rate && exceeds(request)))
		return SW_REASON_RATE;
	if (place->over == SW_REASON_SOURCE_LIVE && (is_end || sw_decide_is_over_live(request)))
		return SW_REASON_SOURCE_LIVE;
	return 0;
}

struct sw_replay_turn sw_replay_decide_waiter(struct sw_replay_sim *sim, size_t index,
					      enum sw_release_op op)
{
	struct sw_request request = request_of(sim, index);
	struct sw_replay_turn turn = {0};
	__u8 over;

	if (request.class_conf->action == SW_ACTION_ALLOW && !sw_decide_is_paused(&request)) {
		turn.verdict = sw_decide_anyway(&request, SW_REASON_ACTION);
		return turn;
	}
	over = still_over(sim, &request, index, op);
	turn.verdict = sw_decide_waiter(&request, over, op);
	turn.scope = !(request.kept_by & SW_KEPT_BY_SOURCE) ? SW_QUEUE_CLASS
		     : request.kept_by & SW_KEPT_BY_ALL	    ? SW_QUEUE_EITHER
							    : SW_QUEUE_SOURCE;
	if (sim->places[index].owes_rate && !over && sw_lane_admits(turn.verdict.lane))
		take_arrival(&request);
	return turn;
}
