/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections that end together, and such as end all the time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/endings.h"

static struct sw_endings endings;
static uint64_t so_far;

/* A look at which so many more have ended. */
static bool look(uint32_t ended, uint32_t open)
{
	so_far += ended;
	return sw_endings_look(&endings, so_far, open);
}

static int begin(void **state)
{
	(void)state;
	endings = (struct sw_endings){0};
	so_far = 1000;
	look(0, 20);
	return 0;
}

static void what_ended_before_the_first_look_is_nothing(void **state)
{
	(void)state;
	endings = (struct sw_endings){0};
	assert_false(look(500, 20));
	assert_false(look(0, 20));
}

static void most_of_them_at_once_are_many(void **state)
{
	(void)state;
	assert_true(look(15, 5));
	assert_false(look(0, 5));
}

/* Each freed slot is taken again at once: as many are open as ever. */
static void they_are_many_although_others_took_their_places(void **state)
{
	(void)state;
	assert_true(look(16, 20));
}

static void less_than_three_quarters_of_them_are_not(void **state)
{
	(void)state;
	assert_false(look(7, 13));
	assert_false(look(7, 6));
	assert_false(look(0, 6));
}

static void those_of_four_looks_count_together(void **state)
{
	(void)state;
	assert_false(look(4, 16));
	assert_false(look(4, 12));
	assert_false(look(4, 8));
	assert_true(look(4, 4));
}

static void those_of_five_do_not(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		assert_false(look(3, 20));
}

static void a_few_are_never_many(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		look(0, 3);
	assert_false(look(3, 0));
}

static void who_asks_one_thing_and_leaves_says_nothing_of_the_database(void **state)
{
	int said = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		said += look(15 + i % 5, 20);
	/* As it began it was not usual yet. */
	assert_in_range(said, 1, 3);
	for (int i = 0; i < 1000; i++)
		assert_false(look(15 + i % 5, 20));
	/* And with ten times as many as that it is not usual any more. */
	assert_true(look(170, 20));
}

static void after_a_quiet_time_it_is_unusual_again(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		look(20, 20);
	for (int i = 0; i < 100; i++)
		look(0, 20);
	assert_true(look(20, 20));
}

/* The row of a service that has gone is another one's, and begins at nothing. */
static void a_count_that_began_anew_is_no_end(void **state)
{
	(void)state;
	so_far = 0;
	assert_false(look(0, 20));
	assert_true(look(20, 20));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_ended_before_the_first_look_is_nothing, begin),
		cmocka_unit_test_setup(most_of_them_at_once_are_many, begin),
		cmocka_unit_test_setup(they_are_many_although_others_took_their_places, begin),
		cmocka_unit_test_setup(less_than_three_quarters_of_them_are_not, begin),
		cmocka_unit_test_setup(those_of_four_looks_count_together, begin),
		cmocka_unit_test_setup(those_of_five_do_not, begin),
		cmocka_unit_test_setup(a_few_are_never_many, begin),
		cmocka_unit_test_setup(who_asks_one_thing_and_leaves_says_nothing_of_the_database,
				       begin),
		cmocka_unit_test_setup(after_a_quiet_time_it_is_unusual_again, begin),
		cmocka_unit_test_setup(a_count_that_began_anew_is_no_end, begin),
	};

	return cmocka_run_group_tests_name("endings", tests, NULL, NULL);
}
