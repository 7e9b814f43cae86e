/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decision about one connection, with hooks of our own instead of maps and listeners: which lane,
 * for which reason, and that exactly what it says was taken is taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spillway/decide.h"
#include "spillway/waiter.h"
#include "test_decide_rows.h"

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

SW_INLINE int sw_env_source_take(struct sw_request *request, int direct,
				 const struct sw_source_limits *limits)
{
	struct world *world = request->env;
	int reason = world->take_reason ? world->take_reason
					: sw_source_take(&world->source.word, 0, direct, limits);

	world->taken += !reason;
	return reason;
}

SW_INLINE struct sw_source_live *sw_env_source(struct sw_request *request)
{
	return &((struct world *)request->env)->source;
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
			 .budget = 2,
			 .shared_limit = 2,
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

static void check_row(void **state)
{
	const struct row *row = *state;
	struct stage stage, before;
	struct sw_verdict verdict;
	int direct, pooler, queue;

	set_stage(&stage, row);
	before = stage;
	verdict = sw_decide(&stage.request);
	assert_int_equal(verdict.lane, row->expect.lane);
	assert_int_equal(verdict.reason, row->expect.reason);
	direct = verdict.lane == DIRECT;
	pooler = verdict.lane == POOLER;
	queue = verdict.lane == QUEUE;
	assert_int_equal(stage.service.direct - before.service.direct, direct * 0x100000001ull);
	assert_int_equal(stage.class.direct - before.class.direct, direct);
	assert_int_equal(stage.service.pooler - before.service.pooler, pooler);
	assert_int_equal(stage.class.pooler - before.class.pooler, pooler);
	assert_int_equal(sw_source_live_count(stage.world.source.word) - row->source_live,
			 direct + pooler);
	assert_int_equal(sw_source_direct_count(stage.world.source.word) - row->source_live,
			 direct);
	assert_int_equal(stage.service.waiting - before.service.waiting, queue);
	assert_int_equal(stage.class.waiting - before.class.waiting, queue);
	assert_int_equal(sw_source_waiting_count(stage.world.source.word) - row->source_waiting,
			 queue);
	assert_int_equal(stage.service.half_open - before.service.half_open, direct);
	assert_int_equal(stage.world.source.half_open - before.world.source.half_open, direct);
	give_back(&stage, verdict.lane);
	assert_memory_equal(&stage.service, &before.service, sizeof(stage.service));
	assert_memory_equal(&stage.class, &before.class, sizeof(stage.class));
	assert_memory_equal(&stage.world.source, &before.world.source, sizeof(before.world.source));
}

static void every_reason_has_a_row_but_those_of_the_table_of_flows(void **state)
{
	(void)state;
	for (int reason = 0; reason < SW_REASON_COUNT; reason++) {
		int found = reason == SW_REASON_FLOWS_FULL || reason == SW_REASON_QUEUE_TIMEOUT;

		for (size_t i = 0; i < COUNT_OF(rows); i++)
			found |= rows[i].expect.reason == reason;
		if (!found)
			fail_msg("no row ends with reason %d", reason);
	}
}

static void a_chain_of_eight_lanes_is_walked_to_its_end(void **state)
{
	static const struct row full = {.direct_used = 2, .pooler_used = 2};
	struct sw_verdict verdict;
	struct stage stage;

	(void)state;
	set_stage(&stage, &full);
	stage.class_conf.lanes = 0;
	for (int i = 0; i < SW_CHAIN_MAX; i++)
		stage.class_conf.lanes |= CHAIN1(i == SW_CHAIN_MAX - 1 ? DROP
						 : i % 2	       ? DIRECT
								       : POOLER)
					  << 8 * i;
	verdict = sw_decide(&stage.request);
	assert_int_equal(verdict.lane, DROP);
	assert_int_equal(sw_chain_last(stage.class_conf.lanes), DROP);
	assert_int_equal(sw_chain_last(0), REFUSE);
}

static void the_steps_of_an_explanation_name_each_check(void **state)
{
	static const struct row limited = {
		.direct_used = 2, .pooler_used = 2, .connections_per_source = 9};
	struct stage stage;

	(void)state;
	set_stage(&stage, &limited);
	sw_decide(&stage.request);
	/* connections, max_direct, reserve, budget, pooler; no reserve, no slot, no place */
	assert_int_equal(stage.world.steps, 5);
	assert_int_equal(stage.world.failed, 3);
	assert_int_equal(stage.world.last_check, SW_CHECK_POOLER);
}

static void a_reserve_serves_its_class_when_the_shared_slots_are_gone(void **state)
{
	static const struct row full = {.direct_used = 1};
	struct sw_verdict verdict;
	struct stage stage;

	(void)state;
	set_stage(&stage, &full);
	stage.conf.shared_limit = 1;
	stage.class.direct = 0; /* the slot is another class's */
	verdict = sw_decide(&stage.request);
	assert_int_equal(verdict.lane, POOLER);
	set_stage(&stage, &full);
	stage.conf.shared_limit = 1;
	stage.class.direct = 0;
	stage.class_conf.reserved = 1;
	verdict = sw_decide(&stage.request);
	assert_int_equal(verdict.lane, DIRECT);
	assert_int_equal(stage.class.direct, sw_slots_word(1, 0));
	assert_int_equal(stage.service.direct, sw_slots_word(2, 1));
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(every_reason_has_a_row_but_those_of_the_table_of_flows),
		cmocka_unit_test(a_chain_of_eight_lanes_is_walked_to_its_end),
		cmocka_unit_test(the_steps_of_an_explanation_name_each_check),
		cmocka_unit_test(a_reserve_serves_its_class_when_the_shared_slots_are_gone),
	};
	struct CMUnitTest tests[COUNT_OF(rows) + COUNT_OF(others)];

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		tests[i] = (struct CMUnitTest){rows[i].sentence, check_row, NULL, NULL,
					       (void *)&rows[i]};
	for (size_t i = 0; i < COUNT_OF(others); i++)
		tests[COUNT_OF(rows) + i] = others[i];
	return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
