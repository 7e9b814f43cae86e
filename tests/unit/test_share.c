/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is whose where several services share one database: by examples, and what holds for any.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "policy/share.h"

#define ROUNDS 20000

static void what_is_free_is_shared_and_what_is_used_stays(void **state)
{
	const struct sw_sharer idle[] = {{.budget = 9}, {.budget = 9}};
	const struct sw_sharer busy[] = {{.used = 9, .budget = 9}, {.budget = 5}};

	(void)state;
	assert_int_equal(sw_share_of(18, idle, 2, 0), 9);
	assert_int_equal(sw_share_of(18, busy, 2, 0), 13);
	assert_int_equal(sw_share_of(18, busy, 2, 1), 5);
}

static void who_uses_least_has_the_odd_one(void **state)
{
	const struct sw_sharer sharers[] = {{.used = 17, .budget = 17}, {.budget = 0}};

	(void)state;
	assert_int_equal(sw_share_of(18, sharers, 2, 0), 17);
	assert_int_equal(sw_share_of(18, sharers, 2, 1), 1);
}

static void what_is_in_force_for_others_is_not_had_before_they_give_it_up(void **state)
{
	const struct sw_sharer sharers[] = {{.budget = 18}, {.budget = 0}};

	(void)state;
	assert_int_equal(sw_share_of(18, sharers, 2, 1), 0);
	assert_int_equal(sw_share_of(18, sharers, 2, 0), 9);
}

static void a_bound_leaves_the_rest_to_others_and_a_fixed_budget_is_what_it_is(void **state)
{
	const struct sw_sharer bound[] = {{.budget = 4}, {.budget = 4, .bound = 4}};
	const struct sw_sharer fixed[] = {{.budget = 4}, {.budget = 12, .is_fixed = true}};

	(void)state;
	assert_int_equal(sw_share_of(18, bound, 2, 0), 14);
	assert_int_equal(sw_share_of(18, fixed, 2, 0), 6);
}

/* Used slots come and go within the budgets, and the budgets are set one after the other in any order. */
static void the_sum_is_never_above_the_room_and_all_of_it_is_given_out(void **state)
{
	struct sw_sharer sharers[4] = {{0}};
	const uint32_t room = 23;

	(void)state;
	srandom(1);
	for (int round = 0; round < ROUNDS; round++) {
		size_t me = (size_t)random() % 4, count = 4;
		uint32_t sum = 0;

		sharers[me].used =
			sharers[me].budget ? (uint32_t)random() % (sharers[me].budget + 1) : 0;
		me = (size_t)random() % 4;
		sharers[me].budget = sw_share_of(room, sharers, count, me);
		for (size_t i = 0; i < count; i++) {
			assert_true(sharers[i].used <= sharers[i].budget);
			sum += sharers[i].budget;
		}
		assert_in_range(sum, 0, room);
	}
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < 4; i++)
			sharers[i].budget = sw_share_of(room, sharers, 4, i);
	assert_int_equal(sharers[0].budget + sharers[1].budget + sharers[2].budget +
				 sharers[3].budget,
			 room);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_free_is_shared_and_what_is_used_stays),
		cmocka_unit_test(who_uses_least_has_the_odd_one),
		cmocka_unit_test(what_is_in_force_for_others_is_not_had_before_they_give_it_up),
		cmocka_unit_test(
			a_bound_leaves_the_rest_to_others_and_a_fixed_budget_is_what_it_is),
		cmocka_unit_test(the_sum_is_never_above_the_room_and_all_of_it_is_given_out),
	};

	return cmocka_run_group_tests_name("share", tests, NULL, NULL);
}
