/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The storm client's figures: percentiles by hand-made samples, sums that add up, spans, causes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../../tools/storm/failures.c"
#include "../../tools/storm/stats.c"
#include "../../tools/storm/values.c"

#define MS SW_NS_PER_MS

static void percentiles_are_by_nearest_rank(void **state)
{
	uint64_t hundred[100], ten[] = {10, 1, 9, 2, 8, 3, 7, 4, 6, 5}, one[] = {42};
	struct sw_latency latency;

	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		hundred[i] = 100 - i;
	latency = sw_stats_latency(hundred, 100);
	assert_int_equal(latency.count, 100);
	assert_int_equal(latency.p50_ns, 50);
	assert_int_equal(latency.p90_ns, 90);
	assert_int_equal(latency.p99_ns, 99);
	assert_int_equal(latency.max_ns, 100);

	latency = sw_stats_latency(ten, 10);
	assert_int_equal(latency.p50_ns, 5);
	assert_int_equal(latency.p90_ns, 9);
	assert_int_equal(latency.p99_ns, 10); /* ceil(9.9) */

	latency = sw_stats_latency(one, 1);
	assert_int_equal(latency.p50_ns, 42);
	assert_int_equal(latency.max_ns, 42);
}

static void no_value_is_a_count_of_zero(void **state)
{
	struct sw_latency latency = sw_stats_latency(NULL, 0);

	(void)state;
	assert_int_equal(latency.count, 0);
	assert_int_equal(latency.max_ns, 0);
}

/* One of each fate: served, refused, timed out after the login, in flight, never launched. */
static struct sw_record records[] = {
	{.due_ns = 900 * MS,
	 .ready_ns = 1000 * MS,
	 .start_ns = 1001 * MS,
	 .from_ns = 1001 * MS,
	 .connected_ns = 1002 * MS,
	 .login_ns = 1011 * MS,
	 .answered_ns = 1021 * MS,
	 .done_ns = 1121 * MS,
	 .outcome = SW_OUTCOME_SUCCEEDED},
	{.ready_ns = 1010 * MS,
	 .start_ns = 1010 * MS,
	 .from_ns = 1010 * MS,
	 .done_ns = 1011 * MS,
	 .outcome = SW_OUTCOME_FAILED},
	{.ready_ns = 1020 * MS,
	 .start_ns = 1025 * MS,
	 .from_ns = 1025 * MS,
	 .connected_ns = 1026 * MS,
	 .login_ns = 1055 * MS,
	 .done_ns = 1525 * MS,
	 .outcome = SW_OUTCOME_FAILED},
	{.ready_ns = 1030 * MS,
	 .start_ns = 1030 * MS,
	 .from_ns = 1030 * MS,
	 .connected_ns = 1034 * MS,
	 .outcome = SW_OUTCOME_UNFINISHED},
	{.due_ns = 1040 * MS},
};

static void each_figure_counts_those_who_came_so_far(void **state)
{
	static const struct sw_options options = {.clients = 5};
	uint64_t query_ns[] = {7 * MS, 5 * MS, 9 * MS};
	struct sw_storm storm = {
		.options = &options,
		.connections = 5,
		.records = records,
		.query_ns = query_ns,
		.tally = {.launched = 4, .succeeded = 1, .failed = 2, .queries = 3},
		.start_ns = 1000 * MS,
		.end_ns = 1600 * MS,
		.cpu_ns = 60 * MS,
	};
	struct sw_stats stats;

	(void)state;
	assert_int_equal(sw_stats_compute(&storm, &stats), 0);
	assert_int_equal(stats.connect.count, 3);
	assert_int_equal(stats.connect.max_ns, 4 * MS);
	assert_int_equal(stats.login.count, 2);
	assert_int_equal(stats.login.p50_ns, 10 * MS);
	assert_int_equal(stats.login.max_ns, 30 * MS);
	assert_int_equal(stats.total.count, 1);
	assert_int_equal(stats.total.max_ns, 20 * MS);
	assert_int_equal(stats.query.count, 3);
	assert_int_equal(stats.query.p50_ns, 7 * MS);
	assert_int_equal(stats.lateness.count, 4);
	assert_int_equal(stats.lateness.max_ns, 5 * MS);
	assert_int_equal(stats.unfinished, 1);
	assert_int_equal(stats.not_started, 1);
	assert_int_equal(stats.makespan_ns, 524 * MS);
	assert_int_equal(stats.last_success_ns, 120 * MS);
	assert_int_equal(stats.launching_ns, 29 * MS);
	assert_true(stats.cpu_share > 0.0999 && stats.cpu_share < 0.1001);
	assert_true(stats.succeeded_per_s > 8.33 && stats.succeeded_per_s < 8.34);
}

/* It wanted to connect at 900 and could at 1000, when it took another millisecond. */
static void who_was_due_before_waited_already(void **state)
{
	struct sw_record record = records[0];
	uint64_t value_ns;

	(void)state;
	record.from_ns = record.due_ns;
	assert_true(sw_value_of(&record, SW_VALUE_LOGIN, &value_ns));
	assert_int_equal(value_ns, 111 * MS);
	assert_true(sw_value_of(&record, SW_VALUE_LATENESS, &value_ns));
	assert_int_equal(value_ns, 1 * MS);
	assert_false(sw_value_of(&records[4], SW_VALUE_LATENESS, &value_ns));
	assert_int_equal(value_ns, 1 * MS);
}

static void note(struct sw_failures *failures, const char *cause, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	sw_failures_note(failures, cause, fmt, args);
	va_end(args);
}

static void a_cause_keeps_its_count_and_its_first_sample(void **state)
{
	struct sw_failures failures = {0};

	(void)state;
	note(&failures, "reset", "%s", "first");
	note(&failures, "timeout", "%s", "a\x1b[2J\nb");
	note(&failures, "reset", "%s", "second");
	assert_int_equal(failures.count, 2);
	assert_int_equal(failures.rows[0].count, 2);
	assert_string_equal(failures.rows[0].sample, "first");
	assert_string_equal(failures.rows[1].sample, "a [2J b");
}

static void more_causes_than_fit_are_other_and_still_add_up(void **state)
{
	struct sw_failures failures = {0};
	uint32_t sum = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		char cause[32];

		snprintf(cause, sizeof(cause), "cause_%d", i);
		note(&failures, cause, "x");
	}
	note(&failures, "cause_3", "x");
	assert_int_equal(failures.count, SW_FAILURES_MAX);
	assert_int_equal(failures.rows[3].count, 2);
	assert_string_equal(failures.rows[SW_FAILURES_MAX - 1].cause, "other");
	for (size_t i = 0; i < failures.count; i++)
		sum += failures.rows[i].count;
	assert_int_equal(sum, 201);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_are_by_nearest_rank),
		cmocka_unit_test(no_value_is_a_count_of_zero),
		cmocka_unit_test(each_figure_counts_those_who_came_so_far),
		cmocka_unit_test(who_was_due_before_waited_already),
		cmocka_unit_test(a_cause_keeps_its_count_and_its_first_sample),
		cmocka_unit_test(more_causes_than_fit_are_other_and_still_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
