/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decision about one connection, with hooks of our own instead of maps and listeners: which lane,
 * for which reason, and that exactly what it says was taken is taken.
 */
#include "decide_rig.h"
#include "test_decide_rows.h"

static void check_row(void **state)
{
	const struct row *row = *state;
	struct stage stage, before;
	struct sw_verdict verdict;

	set_stage(&stage, row);
	before = stage;
	verdict = sw_decide(&stage.request);
	assert_int_equal(verdict.lane, row->expect.lane);
	assert_int_equal(verdict.reason, row->expect.reason);
	expect_taken(&stage, &before, verdict.lane);
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
