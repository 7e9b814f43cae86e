/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decision with hooks of our own instead of maps and listeners, and exact accounts of what it took.
 */
#ifndef TEST_DECIDE_RIG_H
#define TEST_DECIDE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spillway/decide.h"
#include "spillway/waiter.h"

#include "decide_row.h"

/* What surrounds the decision; the request's env. */
struct world {
	struct sw_source_live source;
	int listener_reason[16]; /* of each lane */
	int take_reason;	 /* what taking the source says; 0: its word decides */
	int destination_reason;
	int parkable_reason;
	int hides_live; /* the look sees no connection: another CPU is about to add it */
	int taken;
	int steps;
	int failed; /* steps that did not pass */
	enum sw_check last_check;
};

SW_INLINE int sw_env_source_take(struct sw_request *request, enum sw_source_share share,
				 const struct sw_source_limits *limits)
{
	struct world *world = request->env;
	int reason = world->take_reason ? world->take_reason
					: sw_source_take(&world->source.word, 0,
							 share != SW_SHARE_POOLED, limits);

	world->taken += !reason;
	return reason ? reason : sw_decide_begin(request, &world->source, share);
}

SW_INLINE __u32 sw_env_source_live(struct sw_request *request)
{
	const struct world *world = request->env;

	return world->hides_live ? 0 : sw_source_live_count(world->source.word);
}

SW_INLINE int sw_env_listener(struct sw_request *request, int lane)
{
	return ((const struct world *)request->env)->listener_reason[lane];
}

SW_INLINE int sw_env_destination(struct sw_request *request)
{
	return ((const struct world *)request->env)->destination_reason;
}

SW_INLINE int sw_env_parkable(struct sw_request *request)
{
	return ((const struct world *)request->env)->parkable_reason;
}

SW_INLINE int sw_env_source_wait(struct sw_request *request, __u32 limit)
{
	struct world *world = request->env;

	return sw_source_wait(&world->source.word, 0, limit);
}

SW_INLINE void sw_env_step(struct sw_request *request, enum sw_check check, __u64 value,
			   __u64 limit, int passed)
{
	struct world *world = request->env;

	(void)value, (void)limit;
	world->steps++;
	world->failed += !passed;
	world->last_check = check;
}

/* The maps around a row's decision, as they were before. */
struct stage {
	struct sw_service_conf conf;
	struct sw_service_state service;
	struct sw_class_conf class_conf;
	struct sw_class_state class;
	struct world world;
	struct sw_request request;
};

static void set_stage(struct stage *stage, const struct row *row)
{
	*stage = (struct stage){
		.conf = {.over_limit = row->over_limit ? row->over_limit : CHAIN1(DROP),
			 .budget = row->budget ? row->budget : 2,
			 .shared_limit = row->budget ? row->budget : 2,
			 .pooler_max = 2,
			 .half_open_max = row->half_open_max,
			 .half_open_per_source = row->half_open_per_source,
			 .queue_max = row->queue_max,
			 .queue_per_source = row->queue_per_source},
		.service = {.direct = sw_slots_word(row->direct_used, row->direct_used),
			    .pooler = row->pooler_used,
			    .half_open = row->half_open,
			    .waiting = row->waiting,
			    .hold = row->hold},
		.class_conf = {.lanes = row->lanes ? row->lanes : CHAIN3(DIRECT, POOLER, REFUSE),
			       .connections_per_source = row->connections_per_source,
			       .direct_per_source = row->direct_per_source,
			       .max_direct = row->max_direct,
			       .action = row->action,
			       .yields = row->yields},
		.class = {.direct = row->direct_used,
			  .pooler = row->pooler_used,
			  .waiting = row->class_waiting},
		.world = {.source.word = row->source_live * (SW_SOURCE_LIVE + SW_SOURCE_DIRECT) +
					 row->source_waiting * SW_SOURCE_WAITING,
			  .destination_reason = row->destination_reason,
			  .parkable_reason = row->parkable_reason,
			  .source.half_open = row->source_half_open,
			  .source.is_proven = row->source_is_proven,
			  .take_reason = row->take_reason,
			  .hides_live = row->hides_live},
	};
	stage->world.listener_reason[DIRECT] = row->direct_reason;
	stage->world.listener_reason[POOLER] = row->pooler_reason;
	stage->request = (struct sw_request){.service_conf = &stage->conf,
					     .service = &stage->service,
					     .class_conf = &stage->class_conf,
					     .class_state = &stage->class,
					     .over_rate = row->over_rate,
					     .is_fresh = !row->is_lost && !row->loss,
					     .loss = row->loss,
					     .env = &stage->world};
}

static void give_back(struct stage *stage, uint8_t lane)
{
	sw_release(&stage->service, &stage->class, &stage->world.source, lane, 1);
	if (lane != QUEUE)
		return;
	sw_waiting_free(&stage->service, &stage->class);
	sw_source_leave(&stage->world.source.word);
}

/* Exactly what the lane costs is taken. */
static void expect_taken(const struct stage *stage, const struct stage *before, uint8_t lane)
{
	int direct = lane == DIRECT, pooler = lane == POOLER, queue = lane == QUEUE;

	assert_int_equal(stage->service.direct - before->service.direct, direct * 0x100000001ull);
	assert_int_equal(stage->class.direct - before->class.direct, direct);
	assert_int_equal(stage->service.pooler - before->service.pooler, pooler);
	assert_int_equal(stage->class.pooler - before->class.pooler, pooler);
	assert_int_equal(sw_source_live_count(stage->world.source.word) -
				 sw_source_live_count(before->world.source.word),
			 direct + pooler);
	assert_int_equal(sw_source_direct_count(stage->world.source.word) -
				 sw_source_direct_count(before->world.source.word),
			 direct);
	assert_int_equal(stage->service.waiting - before->service.waiting, queue);
	assert_int_equal(stage->class.waiting - before->class.waiting, queue);
	assert_int_equal(sw_source_waiting_count(stage->world.source.word) -
				 sw_source_waiting_count(before->world.source.word),
			 queue);
	assert_int_equal(stage->service.half_open - before->service.half_open, direct);
	assert_int_equal(stage->world.source.half_open - before->world.source.half_open, direct);
}

#endif
