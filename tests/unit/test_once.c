/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core/once: what is said once, however things take turns.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/once.h"

static void each_of_two_that_alternate_is_said_once(void **state)
{
	struct sw_once once = {0};

	(void)state;
	assert_true(sw_once(&once, "a wrong password"));
	assert_true(sw_once(&once, "no answer"));
	for (int i = 0; i < 100; i++)
		assert_false(sw_once(&once, i % 2 ? "no answer" : "a wrong password"));
	sw_once_forget(&once);
}

static void what_is_over_is_said_again(void **state)
{
	struct sw_once once = {0};

	(void)state;
	assert_false(sw_once_forget(&once));
	assert_true(sw_once(&once, "a wrong password"));
	assert_true(sw_once_forget(&once));
	assert_false(sw_once_forget(&once));
	assert_true(sw_once(&once, "a wrong password"));
	sw_once_forget(&once);
}

static void of_more_than_it_knows_the_oldest_are_said_again(void **state)
{
	struct sw_once once = {0};
	char what[16];

	(void)state;
	for (int i = 0; i <= SW_ONCE_MAX; i++) {
		snprintf(what, sizeof(what), "%d", i);
		assert_true(sw_once(&once, what));
	}
	assert_false(sw_once(&once, "1"));
	assert_true(sw_once(&once, "0"));
	assert_true(sw_once(&once, "1"));
	assert_false(sw_once(&once, "3"));
	sw_once_forget(&once);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_of_two_that_alternate_is_said_once),
		cmocka_unit_test(what_is_over_is_said_again),
		cmocka_unit_test(of_more_than_it_knows_the_oldest_are_said_again),
	};

	return cmocka_run_group_tests_name("once", tests, NULL, NULL);
}
