/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose turn it is to connect: newcomers and those that come again, by time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../tools/storm/arrivals.c"

/* Three clients, three rounds. */
static const struct sw_options options = {.clients = 3};

static void assert_next(struct sw_storm *storm, uint64_t due_ns, uint32_t connection)
{
	assert_int_equal(sw_arrivals_next_ns(storm), due_ns);
	assert_int_equal(sw_arrivals_take(storm), connection);
}

static void newcomers_and_returns_come_in_order_of_time(void **state)
{
	struct sw_record records[9] = {{.due_ns = 10}, {.due_ns = 20}, {.due_ns = 50}};
	struct sw_storm storm = {.options = &options, .connections = 9, .records = records};

	(void)state;
	assert_int_equal(sw_arrivals_init(&storm), 0);
	assert_next(&storm, 10, 0);
	assert_next(&storm, 20, 1);
	sw_arrivals_return(&storm, 4, 30);
	sw_arrivals_return(&storm, 3, 50);
	assert_int_equal(records[3].due_ns, 50);
	assert_next(&storm, 30, 4);
	assert_next(&storm, 50, 2); /* the newcomer first */
	assert_next(&storm, 50, 3);
	assert_int_equal(sw_arrivals_next_ns(&storm), UINT64_MAX);
	sw_arrivals_free(&storm);
}

static void all_clients_may_be_away_again_and_again(void **state)
{
	struct sw_record records[3 * 50] = {{0}};
	struct sw_storm storm = {.options = &options, .connections = 150, .records = records};

	(void)state;
	assert_int_equal(sw_arrivals_init(&storm), 0);
	for (uint32_t n = 0; n < 3; n++)
		assert_int_equal(sw_arrivals_take(&storm), n);
	/* One is inside while two are away, so that the ring's start wanders. */
	sw_arrivals_return(&storm, 3, 100);
	sw_arrivals_return(&storm, 4, 101);
	for (uint32_t n = 5; n < 150; n++) {
		sw_arrivals_return(&storm, n, 97 + n);
		assert_next(&storm, 95 + n, n - 2);
	}
	assert_next(&storm, 245, 148);
	assert_next(&storm, 246, 149);
	assert_int_equal(sw_arrivals_next_ns(&storm), UINT64_MAX);
	sw_arrivals_free(&storm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newcomers_and_returns_come_in_order_of_time),
		cmocka_unit_test(all_clients_may_be_away_again_and_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
