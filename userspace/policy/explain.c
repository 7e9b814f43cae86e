/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hooks that spillway/decide.h asks for, on a copy, and the steps around it that the gate takes
 * in gate.bpf.h: the heartbeat and the source's rate before, the flow's entry after.
 */
#include "policy/explain.h"

#include "spillway/decide.h"
#include "spillway/gcra.h"

/* The longest way: every check before the chain, then each lane of two chains with its own checks. */
_Static_assert(SW_EXPLAIN_STEPS_MAX >= 7 + 3 * SW_CHAIN_MAX * 7, "no step is lost");

struct run {
	const struct sw_explain_facts *facts;
	struct sw_explanation *out;
	struct sw_source_live source;
};

static void add_step(struct run *run, unsigned int check, uint64_t value, uint64_t limit,
		     bool passed)
{
	struct sw_explanation *out = run->out;

	if (out->step_count < SW_EXPLAIN_STEPS_MAX)
		out->steps[out->step_count++] =
			(struct sw_explain_step){check, value, limit, passed};
}

/* A class without a reserve has nothing to be checked there. */
SW_INLINE void sw_env_step(struct sw_request *request, enum sw_check check, __u64 value,
			   __u64 limit, int passed)
{
	if (check != SW_CHECK_RESERVE || limit)
		add_step(request->env, check, value, limit, passed);
}

SW_INLINE __u32 sw_env_source_live(struct sw_request *request)
{
	const struct run *run = request->env;

	return sw_source_live_count(run->source.word);
}

SW_INLINE int sw_env_source_take(struct sw_request *request, enum sw_source_share share,
				 const struct sw_source_limits *limits)
{
	struct run *run = request->env;
	__u64 empty = sw_source_empty(&request->source);
	uint32_t has = sw_source_direct_count(run->source.word);
	bool direct = share != SW_SHARE_POOLED;
	int reason;

	if (direct && limits->direct)
		add_step(run, SW_CHECK_SOURCE_DIRECT, has, limits->direct, has < limits->direct);
	if (run->facts->sources_full && run->source.word == empty)
		return SW_REASON_SOURCES_FULL;
	reason = sw_source_take(&run->source.word, empty, direct, limits);
	return reason ? reason : sw_decide_begin(request, &run->source, share);
}

/* A SYN's own port may be in TIME_WAIT, which nobody can tell without the port. */
SW_INLINE int sw_env_listener(struct sw_request *request, int lane)
{
	const struct sw_service_conf *conf = request->service_conf;
	struct run *run = request->env;
	bool pooled = lane == SW_LANE_POOLER;
	bool is_set = pooled ? conf->pooler.port_be : conf->direct.port_be;
	bool listens = pooled ? run->facts->pooler_listens : run->facts->direct_listens;
	bool steerable = run->facts->now_ns >= request->service->unsteerable_until_ns[pooled];

	/* Without a target of its own, direct is whatever the client addresses. */
	if (!is_set && !pooled)
		return 0;
	add_step(run, SW_CHECK_LISTENER, listens, lane, is_set && steerable && listens);
	if (!is_set)
		return SW_REASON_NO_POOLER;
	if (!steerable)
		return SW_REASON_UNSTEERABLE;
	if (listens)
		return 0;
	return pooled ? SW_REASON_POOLER_DOWN : SW_REASON_NO_LISTENER;
}

SW_INLINE int sw_env_source_wait(struct sw_request *request, __u32 limit)
{
	struct run *run = request->env;
	uint32_t waiting = sw_source_waiting_count(run->source.word);
	__u64 empty = sw_source_empty(&request->source);

	/* Then the gate makes no entry for who waits, so no lack of room keeps him from it. */
	if (!limit)
		return 0;
	add_step(run, SW_CHECK_SOURCE_WAITING, waiting, limit, waiting < limit);
	if (run->facts->sources_full && run->source.word == empty)
		return SW_REASON_SOURCES_FULL;
	return sw_source_wait(&run->source.word, empty, limit);
}

/* An ordinary SYN is asked for, and that can be kept. */
SW_INLINE int sw_env_parkable(struct sw_request *request)
{
	(void)request;
	return 0;
}

SW_INLINE int sw_env_destination(struct sw_request *request)
{
	struct run *run = request->env;

	if (run->facts->destination_listens)
		return 0;
	add_step(run, SW_CHECK_LISTENER, 0, SW_LANE_DIRECT, false);
	return SW_REASON_NO_LISTENER;
}

const char *sw_explain_check_name(unsigned int check)
{
#define SW_CHECK_NAME(id, name) [SW_CHECK_##id] = (name),
	static const char *const names[] = {SW_CHECKS(SW_CHECK_NAME)};
#undef SW_CHECK_NAME

	return check < SW_CHECK_COUNT ? names[check] : "none";
}

const char *sw_explain_reason_name(unsigned int reason)
{
#define SW_REASON_NAME(id, name, help) (name),
	static const char *const names[] = {SW_REASONS(SW_REASON_NAME)};
#undef SW_REASON_NAME

	return reason < SW_REASON_COUNT ? names[reason] : "none";
}

enum sw_explain_unit sw_explain_check_unit(unsigned int check)
{
	static const enum sw_explain_unit units[SW_CHECK_COUNT] = {
		[SW_CHECK_ACTION] = SW_EXPLAIN_ACTION,	   [SW_CHECK_DAEMON] = SW_EXPLAIN_AGE_NS,
		[SW_CHECK_RATE] = SW_EXPLAIN_BURST,	   [SW_CHECK_SOURCE_LIVE] = SW_EXPLAIN_CAP,
		[SW_CHECK_LISTENER] = SW_EXPLAIN_LISTENER, [SW_CHECK_CLASS_DIRECT] = SW_EXPLAIN_CAP,
		[SW_CHECK_SOURCE_DIRECT] = SW_EXPLAIN_CAP, [SW_CHECK_POOLER] = SW_EXPLAIN_CAP,
		[SW_CHECK_QUEUE] = SW_EXPLAIN_CAP,	   [SW_CHECK_HOLD] = SW_EXPLAIN_HOLD,
	};

	return check < SW_CHECK_COUNT ? units[check] : SW_EXPLAIN_COUNT;
}

bool sw_explain_is_fresh(const struct sw_control *control, uint64_t now_ns)
{
	return sw_decide_is_fresh(control, now_ns);
}

static enum sw_loss loss_now(struct run *run)
{
	const struct sw_control *control = &run->facts->control;
	uint64_t now_ns = run->facts->now_ns;

	add_step(run, SW_CHECK_DAEMON,
		 now_ns > control->heartbeat_ns ? now_ns - control->heartbeat_ns : 0,
		 control->heartbeat_timeout_ns, sw_decide_is_fresh(control, now_ns));
	return sw_decide_loss(control, now_ns);
}

/* Shown as how much of its burst the source has used up: there is room while that is less than all. */
static bool is_over_rate(struct run *run)
{
	const struct sw_explain_facts *facts = run->facts;
	const struct sw_class_conf *conf = &facts->class_conf;
	uint64_t used = 0;
	bool conforms;

	if (!conf->interval_ns) {
		add_step(run, SW_CHECK_RATE, 0, 0, true);
		return false;
	}
	if (facts->theoretical_ns > facts->now_ns)
		used = (facts->theoretical_ns - facts->now_ns + conf->interval_ns - 1) /
		       conf->interval_ns;
	conforms = sw_gcra_next(facts->theoretical_ns, facts->now_ns, conf->interval_ns,
				conf->tolerance_ns) != 0;
	add_step(run, SW_CHECK_RATE, used, conf->tolerance_ns / conf->interval_ns + 1, conforms);
	return !conforms;
}

void sw_explain(const struct sw_explain_facts *facts, struct sw_explanation *out)
{
	struct sw_service_state service = facts->service;
	struct sw_class_state class_state = facts->class_state;
	struct run run = {
		.facts = facts,
		.out = out,
		.source.word = facts->source_word,
		.source.half_open = facts->source_half_open,
		.source.is_proven = facts->source_is_proven,
	};
	struct sw_request request = {
		.service_conf = &facts->service_conf,
		.service = &service,
		.class_conf = &facts->class_conf,
		.class_state = &class_state,
		.source = facts->source,
		.env = &run,
	};
	uint8_t action = facts->class_conf.action;

	out->step_count = 0;
	/* An entry that is on its way out is replaced by a fresh one. */
	if (sw_source_is_gone(run.source.word))
		run.source.word = sw_source_empty(&facts->source);
	add_step(&run, SW_CHECK_ACTION, action, 0,
		 action == SW_ACTION_LIMIT || action == SW_ACTION_ALLOW);
	request.is_fresh = sw_decide_is_fresh(&facts->control, facts->now_ns);
	if (action == SW_ACTION_LIMIT) {
		request.loss = loss_now(&run);
		request.over_rate = !request.loss && is_over_rate(&run);
	}
	out->verdict = sw_decide(&request);
	if (facts->flows_full &&
	    (sw_lane_admits(out->verdict.lane) || out->verdict.lane == SW_LANE_QUEUE))
		out->verdict = (struct sw_verdict){
			.lane = sw_chain_last(facts->class_conf.lanes),
			.reason = SW_REASON_FLOWS_FULL,
		};
}
