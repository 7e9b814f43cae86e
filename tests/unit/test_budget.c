/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sum that a budget is, and where it ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/budget.h"

static const struct sw_budget_terms usual = {
	.max_connections = 100,
	.superuser_reserved = 3,
	.backends = {[SW_BACKEND_GATE] = 40, [SW_BACKEND_UNIX] = 2, [SW_BACKEND_MONITOR] = 1},
	.headroom = 3,
};

static void what_is_left_is_the_budget_and_who_came_by_the_gate_is_part_of_it(void **state)
{
	(void)state;
	assert_int_equal(sw_budget_others(&usual), 3);
	assert_int_equal(sw_budget_auto(&usual), 91);
}

static void every_term_but_replication_by_the_gate_lowers_it(void **state)
{
	struct sw_budget_terms terms = usual;

	(void)state;
	terms.reserved = 5;
	assert_int_equal(sw_budget_auto(&terms), 86);
	terms.backends[SW_BACKEND_LOCAL] = 10;
	assert_int_equal(sw_budget_auto(&terms), 76);
	terms.backends[SW_BACKEND_ELSEWHERE] = 6;
	assert_int_equal(sw_budget_auto(&terms), 70);
	terms.gate_walsenders = 2;
	assert_int_equal(sw_budget_auto(&terms), 72);
}

static uint32_t lately_at(struct sw_budget_recent *recent, uint64_t now_s, uint32_t past_the_gate)
{
	struct sw_budget_terms terms = usual;

	terms.backends[SW_BACKEND_UNIX] = 0;
	terms.backends[SW_BACKEND_ELSEWHERE] = past_the_gate;
	sw_budget_remember(recent, now_s, &terms);
	assert_int_equal(sw_budget_auto(&terms), 93 - past_the_gate - terms.lately);
	return terms.lately;
}

static void who_was_there_a_moment_ago_may_be_back(void **state)
{
	struct sw_budget_recent recent = {0};

	(void)state;
	assert_int_equal(lately_at(&recent, 1000, 4), 0);
	/* Several looks a second, too. */
	assert_int_equal(lately_at(&recent, 1000, 1), 3);
	assert_int_equal(lately_at(&recent, 1000, 2), 2);
	assert_int_equal(lately_at(&recent, 1009, 0), 4);
	assert_int_equal(lately_at(&recent, 1009, 6), 0);
	assert_int_equal(lately_at(&recent, 1010, 0), 6);
	assert_int_equal(lately_at(&recent, 1018, 0), 6);
	assert_int_equal(lately_at(&recent, 1019, 0), 0);
	/* A monitor that was away for long remembers nothing. */
	assert_int_equal(lately_at(&recent, 1020, 5), 0);
	assert_int_equal(lately_at(&recent, 5020, 0), 0);
}

static void who_came_through_the_gate_after_all_is_none_who_may_be_back(void **state)
{
	struct sw_budget_recent recent = {0};

	(void)state;
	assert_int_equal(lately_at(&recent, 1000, 60), 0);
	sw_budget_forget(&recent, 58);
	assert_int_equal(lately_at(&recent, 1001, 0), 2);
	sw_budget_forget(&recent, 3);
	assert_int_equal(lately_at(&recent, 1001, 0), 0);
}

static void it_is_never_above_its_bound_and_never_below_nothing(void **state)
{
	struct sw_budget_terms terms = usual;

	(void)state;
	terms.bound = 91;
	assert_int_equal(sw_budget_auto(&terms), 91);
	terms.bound = 90;
	assert_int_equal(sw_budget_auto(&terms), 90);
	terms.backends[SW_BACKEND_UNIX] = 92;
	assert_int_equal(sw_budget_auto(&terms), 1);
	terms.backends[SW_BACKEND_UNIX] = 4000000000u;
	assert_int_equal(sw_budget_auto(&terms), 0);
	terms.headroom = UINT32_MAX;
	assert_int_equal(sw_budget_auto(&terms), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_is_the_budget_and_who_came_by_the_gate_is_part_of_it),
		cmocka_unit_test(every_term_but_replication_by_the_gate_lowers_it),
		cmocka_unit_test(who_was_there_a_moment_ago_may_be_back),
		cmocka_unit_test(who_came_through_the_gate_after_all_is_none_who_may_be_back),
		cmocka_unit_test(it_is_never_above_its_bound_and_never_below_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
