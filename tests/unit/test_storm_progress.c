/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How often the storm client's progress line comes, and what rate it tells.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../../tools/storm/progress.c"

static uint32_t lines_until(bool terminal, uint64_t end_ns)
{
	uint32_t lines = 0;

	for (uint64_t at = 0; at < end_ns; at += distance_ns(terminal, at))
		lines++;
	return lines;
}

static void in_a_log_lines_become_rare_on_a_terminal_they_do_not(void **state)
{
	(void)state;
	assert_int_equal(lines_until(true, 3600 * SW_NS_PER_S), 18000);
	assert_int_equal(lines_until(false, 10 * SW_NS_PER_S), 50);
	assert_in_range(lines_until(false, 3600 * SW_NS_PER_S), 500, 600);
	/* It still shows that the storm is alive. */
	assert_int_equal(distance_ns(false, 86400 * SW_NS_PER_S), 10 * SW_NS_PER_S);
}

static void the_rate_is_that_of_the_last_second_or_more(void **state)
{
	struct sw_progress progress = {.mark_ns = 5 * SW_NS_PER_S};

	(void)state;
	measure_rate(&progress, 100, 5 * SW_NS_PER_S + 200 * SW_NS_PER_MS);
	assert_true(fabs(progress.queries_per_s) < 1e-9);
	measure_rate(&progress, 300, 7 * SW_NS_PER_S);
	assert_true(fabs(progress.queries_per_s - 150) < 1e-9);
	measure_rate(&progress, 310, 8 * SW_NS_PER_S);
	assert_true(fabs(progress.queries_per_s - 10) < 1e-9);
}

static void queries_are_told_where_there_are_rounds(void **state)
{
	struct sw_options options = {.clients = 2, .rounds = 1};
	struct sw_storm storm = {.options = &options, .connections = 2, .tally = {.queries = 7}};
	struct sw_progress progress = {.queries_per_s = 3};
	char line[LINE_TEXT];

	(void)state;
	compose(&progress, &storm, SW_NS_PER_S, line);
	assert_string_equal(line,
			    "storm:   1.0 s  launched 0 of 2  logged in 0  succeeded 0  failed 0");
	options.rounds = 9;
	compose(&progress, &storm, SW_NS_PER_S, line);
	assert_non_null(strstr(line, "failed 0  queries 7 (3/s)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_a_log_lines_become_rare_on_a_terminal_they_do_not),
		cmocka_unit_test(the_rate_is_that_of_the_last_second_or_more),
		cmocka_unit_test(queries_are_told_where_there_are_rounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
