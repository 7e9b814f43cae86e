/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ten minutes of history for the status page's charts, on a clock of the test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/history.c"

static struct sw_history *history;
static uint64_t now_ns;

static int set_up(void **state)
{
	(void)state;
	history = sw_history_new();
	now_ns = 1000 * SW_NS_PER_S;
	return history ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	sw_history_free(history);
	return 0;
}

/* A second later, so many are in and so many came in all. */
static void second(uint32_t id, const char *name, uint64_t used, uint64_t direct)
{
	uint64_t values[SW_HISTORY_SERIES] = {0};

	now_ns += SW_NS_PER_S;
	values[SW_HISTORY_USED] = used;
	values[SW_HISTORY_DIRECT] = direct;
	assert_int_equal(sw_history_add(history, id, name, values, now_ns), 0);
}

static size_t points(enum sw_history_series series, float out[SW_HISTORY_POINTS])
{
	return sw_history_points(history, 3, series, out);
}

static void a_rate_is_that_of_the_last_second(void **state)
{
	double rate = -1;

	(void)state;
	second(3, "main", 0, 100);
	assert_false(sw_history_rate(history, 3, SW_HISTORY_DIRECT, &rate));
	second(3, "main", 0, 107);
	assert_true(sw_history_rate(history, 3, SW_HISTORY_DIRECT, &rate));
	assert_float_equal(rate, 7, 1e-9);
	now_ns += SW_NS_PER_S;
	second(3, "main", 0, 117);
	assert_true(sw_history_rate(history, 3, SW_HISTORY_DIRECT, &rate));
	assert_float_equal(rate, 5, 1e-9);
}

static void a_total_that_began_anew_is_no_rate_and_no_part_of_a_point(void **state)
{
	float values[SW_HISTORY_POINTS];
	double rate;

	(void)state;
	second(3, "main", 0, 1000000);
	second(3, "main", 0, 5);
	assert_false(sw_history_rate(history, 3, SW_HISTORY_DIRECT, &rate));
	for (uint64_t i = 0; i < SW_HISTORY_STEP_S; i++)
		second(3, "main", 0, 5);
	assert_int_equal(points(SW_HISTORY_DIRECT, values), 1);
	assert_float_equal(values[0], 0, 1e-9);
}

static void a_point_has_the_highest_of_a_gauge_and_the_mean_of_a_rate(void **state)
{
	float used[SW_HISTORY_POINTS], direct[SW_HISTORY_POINTS];

	(void)state;
	second(3, "main", 2, 0);
	second(3, "main", 9, 50);
	second(3, "main", 1, 50);
	second(3, "main", 1, 50);
	second(3, "main", 1, 100);
	assert_int_equal(points(SW_HISTORY_USED, used), 0);
	second(3, "main", 1, 100);
	assert_int_equal(points(SW_HISTORY_USED, used), 1);
	assert_int_equal(points(SW_HISTORY_DIRECT, direct), 1);
	assert_float_equal(used[0], 9, 1e-6);
	assert_float_equal(direct[0], 20, 1e-6);
}

static void ten_minutes_are_kept_the_oldest_first(void **state)
{
	float used[SW_HISTORY_POINTS];
	uint64_t version;

	(void)state;
	for (uint64_t i = 0; i <= 2 * SW_HISTORY_POINTS * SW_HISTORY_STEP_S; i++)
		second(3, "main", i, 0);
	assert_int_equal(points(SW_HISTORY_USED, used), SW_HISTORY_POINTS);
	assert_float_equal(used[SW_HISTORY_POINTS - 1], 2 * SW_HISTORY_POINTS * SW_HISTORY_STEP_S,
			   1e-3);
	for (size_t i = 1; i < SW_HISTORY_POINTS; i++)
		assert_float_equal(used[i] - used[i - 1], SW_HISTORY_STEP_S, 1e-3);
	version = sw_history_version(history);
	assert_int_equal(version, 2 * SW_HISTORY_POINTS);
	second(3, "main", 0, 0);
	assert_int_equal(sw_history_version(history), version);
}

static void an_id_with_another_name_is_another_service(void **state)
{
	float used[SW_HISTORY_POINTS];
	double rate;

	(void)state;
	for (int i = 0; i < 20; i++)
		second(3, "main", 7, 0);
	second(3, "edge", 1, 0);
	assert_int_equal(points(SW_HISTORY_USED, used), 0);
	assert_false(sw_history_rate(history, 3, SW_HISTORY_SYN, &rate));
	assert_int_equal(sw_history_id(history, "edge"), 3);
	assert_int_equal(sw_history_id(history, "main"), SW_SERVICES_MAX);
	second(9, "edge", 1, 0);
	assert_int_equal(sw_history_id(history, "edge"), 9);
}

static void who_is_not_known_has_nothing(void **state)
{
	const uint64_t values[SW_HISTORY_SERIES] = {0};
	float out[SW_HISTORY_POINTS];
	double rate;

	(void)state;
	assert_int_equal(sw_history_points(history, 3, SW_HISTORY_USED, out), 0);
	assert_int_equal(sw_history_points(history, SW_SERVICES_MAX, SW_HISTORY_USED, out), 0);
	assert_false(sw_history_rate(history, SW_SERVICES_MAX, SW_HISTORY_SYN, &rate));
	assert_true(sw_history_add(history, SW_SERVICES_MAX, "x", values, now_ns) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(a_rate_is_that_of_the_last_second),
		TEST(a_total_that_began_anew_is_no_rate_and_no_part_of_a_point),
		TEST(a_point_has_the_highest_of_a_gauge_and_the_mean_of_a_rate),
		TEST(ten_minutes_are_kept_the_oldest_first),
		TEST(an_id_with_another_name_is_another_service),
		TEST(who_is_not_known_has_nothing),
	};

	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
