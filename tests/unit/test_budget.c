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
		cmocka_unit_test(it_is_never_above_its_bound_and_never_below_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
