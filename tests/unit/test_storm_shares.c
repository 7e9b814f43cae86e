/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The storm client's figures beyond percentiles: histograms, what each source got, fairness.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../tools/storm/by_source.c"
#include "../../tools/storm/histogram.c"
#include "../../tools/storm/sources.c"
#include "../../tools/storm/stats.c"
#include "../../tools/storm/values.c"

#define MS SW_NS_PER_MS

static void bounds_are_five_to_a_decade(void **state)
{
	(void)state;
	assert_int_equal(sw_histogram_bound(0), 10000);
	assert_int_equal(sw_histogram_bound(1), 16000);
	assert_int_equal(sw_histogram_bound(4), 63000);
	assert_int_equal(sw_histogram_bound(5), 100000);
	assert_int_equal(sw_histogram_bound(SW_HISTOGRAM_BUCKETS - 2), 1000 * SW_NS_PER_S);
	assert_int_equal(sw_histogram_bound(SW_HISTOGRAM_BUCKETS - 1), UINT64_MAX);
	for (unsigned int i = 1; i < SW_HISTOGRAM_BUCKETS; i++)
		assert_true(sw_histogram_bound(i - 1) < sw_histogram_bound(i));
}

static void a_value_at_a_bound_is_below_it(void **state)
{
	struct sw_histogram histogram = {0};
	unsigned int first, last;

	(void)state;
	assert_false(sw_histogram_range(&histogram, &first, &last));
	sw_histogram_add(&histogram, 10001);
	sw_histogram_add(&histogram, 16000);
	sw_histogram_add(&histogram, 16001);
	sw_histogram_add(&histogram, 63001);
	assert_int_equal(histogram.counts[1], 2);
	assert_int_equal(histogram.counts[2], 1);
	assert_int_equal(histogram.counts[5], 1);
	assert_true(sw_histogram_range(&histogram, &first, &last));
	assert_int_equal(first, 1);
	assert_int_equal(last, 5);
	sw_histogram_add(&histogram, 0);
	sw_histogram_add(&histogram, UINT64_MAX);
	assert_true(sw_histogram_range(&histogram, &first, &last));
	assert_int_equal(first, 0);
	assert_int_equal(last, SW_HISTOGRAM_BUCKETS - 1);
}

static void assert_near(double value, double expected)
{
	assert_true(fabs(value - expected) < 1e-9);
}

static void the_index_is_one_for_equals_and_a_kth_for_one_of_k(void **state)
{
	static const double equal[] = {3, 3, 3, 3}, one[] = {0, 7, 0, 0}, two[] = {1, 2},
			    none[] = {0, 0};

	(void)state;
	assert_near(sw_fairness_index(equal, 4), 1);
	assert_near(sw_fairness_index(one, 4), 0.25);
	assert_near(sw_fairness_index(two, 2), 0.9);
	assert_true(sw_fairness_index(none, 2) < 0);
	assert_true(sw_fairness_index(NULL, 0) < 0);
}

static struct sw_record served(uint64_t login_ms)
{
	return (struct sw_record){.start_ns = 1000 * MS,
				  .from_ns = 1000 * MS,
				  .connected_ns = 1001 * MS,
				  .login_ns = (1000 + login_ms) * MS,
				  .answered_ns = (1000 + login_ms) * MS,
				  .outcome = SW_OUTCOME_SUCCEEDED};
}

/*
 * Five clients of two rounds. Address 4 has clients 0 and 2, address 1 has client 1; the one of address
 * 2 fails each time; that of address 0 never begins.
 */
static void each_source_is_given_what_its_clients_got(void **state)
{
	static const struct sw_record failed = {
		.start_ns = 1, .from_ns = 1, .outcome = SW_OUTCOME_FAILED};
	struct sw_record records[10] = {
		[0] = served(10), [1] = served(50), [2] = served(30), [3] = failed,
		[5] = served(20), [6] = failed,	    [7] = served(40), [8] = failed};
	uint32_t source_of[] = {4, 1, 4, 2, 0};
	struct sw_options options = {.clients = 5};
	struct sw_storm storm = {
		.options = &options, .connections = 10, .records = records, .source_of = source_of};
	struct sw_by_source by_source;
	const struct sw_source_part *parts;

	(void)state;
	assert_int_equal(sw_by_source_compute(&storm, &by_source), 0);
	parts = by_source.parts;
	assert_int_equal(by_source.count, 3);
	assert_int_equal(parts[0].number, 1);
	assert_int_equal(parts[0].launched, 2);
	assert_int_equal(parts[0].succeeded, 1);
	assert_int_equal(parts[0].failed, 1);
	assert_int_equal(parts[0].login.p99_ns, 50 * MS);
	assert_int_equal(parts[1].number, 2);
	assert_int_equal(parts[1].failed, 2);
	assert_int_equal(parts[1].login.count, 0);
	assert_int_equal(parts[2].number, 4);
	assert_int_equal(parts[2].succeeded, 4);
	assert_int_equal(parts[2].login.count, 4);
	assert_int_equal(parts[2].login.p50_ns, 20 * MS);
	assert_int_equal(parts[2].login.max_ns, 40 * MS);
	assert_near(by_source.fairness.succeeded, 25.0 / (3 * 17));
	assert_near(by_source.fairness.served, 2.25 / (3 * 1.25));
	assert_near(by_source.fairness.login, 70.0 * 70 / (2 * (50.0 * 50 + 20 * 20)));
	free(by_source.parts);
}

static void a_histogram_has_each_latency_once(void **state)
{
	struct sw_record records[3] = {served(10), served(20), {.due_ns = 1}};
	uint64_t query_ns[] = {1 * MS, 1 * MS, 2000 * SW_NS_PER_S};
	struct sw_options options = {.clients = 3};
	struct sw_storm storm = {.options = &options,
				 .connections = 3,
				 .records = records,
				 .query_ns = query_ns,
				 .tally = {.queries = 3}};
	struct sw_histograms histograms;

	(void)state;
	sw_histograms_fill(&storm, &histograms);
	assert_int_equal(histograms.connect.counts[10], 2); /* 1 ms is the tenth bound */
	assert_int_equal(histograms.login.counts[15], 1);   /* 10 ms */
	assert_int_equal(histograms.login.counts[17], 1);   /* 16 to 25 ms */
	assert_int_equal(histograms.query.counts[10], 2);
	assert_int_equal(histograms.query.counts[SW_HISTOGRAM_BUCKETS - 1], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_are_five_to_a_decade),
		cmocka_unit_test(a_value_at_a_bound_is_below_it),
		cmocka_unit_test(the_index_is_one_for_equals_and_a_kth_for_one_of_k),
		cmocka_unit_test(each_source_is_given_what_its_clients_got),
		cmocka_unit_test(a_histogram_has_each_latency_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
