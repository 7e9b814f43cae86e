/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Prometheus text writer: the exact bytes it writes, and that a caller's mistake never makes the page invalid.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/exposition.c"

struct fixture {
	struct evbuffer *out;
	struct sw_exposition *page;
};

static int set_up(void **state)
{
	static struct fixture fix;

	fix.out = evbuffer_new();
	fix.page = sw_exposition_begin(fix.out);
	*state = &fix;
	return fix.out && fix.page ? 0 : -1;
}

static int tear_down(void **state)
{
	evbuffer_free(((struct fixture *)*state)->out);
	return 0;
}

static void expect_page(struct fixture *fix, int rc, const char *expected)
{
	size_t length = evbuffer_get_length(fix->out);
	char *text = calloc(1, length + 1);

	assert_int_equal(sw_exposition_end(fix->page), rc);
	evbuffer_copyout(fix->out, text, length);
	assert_string_equal(text, expected);
	free(text);
}

static void a_family_has_help_type_and_samples(void **state)
{
	const struct sw_label labels[] = {{"service", "main"}, {"lane", "direct"}};
	struct fixture *fix = *state;

	sw_exposition_family(fix->page, "sw_slots_used", SW_METRIC_GAUGE, "Slots in use");
	sw_exposition_count(fix->page, labels, 2, 18446744073709551615ULL);
	sw_exposition_value(fix->page, labels, 1, 0.1);
	sw_exposition_family(fix->page, "sw_syn_total", SW_METRIC_COUNTER, "SYNs seen");
	sw_exposition_count(fix->page, NULL, 0, 7);
	expect_page(fix, 0,
		    "# HELP sw_slots_used Slots in use\n"
		    "# TYPE sw_slots_used gauge\n"
		    "sw_slots_used{service=\"main\",lane=\"direct\"} 18446744073709551615\n"
		    "sw_slots_used{service=\"main\"} 0.1\n"
		    "# HELP sw_syn_total SYNs seen\n"
		    "# TYPE sw_syn_total counter\n"
		    "sw_syn_total 7\n");
}

static void help_escapes_backslash_and_newline_and_labels_the_quote_too(void **state)
{
	const struct sw_label labels[] = {
		{"v", "a\\b\"c\nd\xc3\xa4"}, {"empty", ""}, {"none", NULL}};
	struct fixture *fix = *state;

	sw_exposition_family(fix->page, "sw_info", SW_METRIC_GAUGE, "a\\b\"c\nd");
	sw_exposition_count(fix->page, labels, 3, 1);
	expect_page(fix, 0,
		    "# HELP sw_info a\\\\b\"c\\nd\n"
		    "# TYPE sw_info gauge\n"
		    "sw_info{v=\"a\\\\b\\\"c\\nd\xc3\xa4\",empty=\"\",none=\"\"} 1\n");
}

static void numbers_are_as_short_as_they_can_be_and_read_back_the_same(void **state)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {
		{0, "0"},
		{0.1, "0.1"},
		{1.0 / 3, "0.3333333333333333"},
		{1e21, "1e+21"},
		{-2.5, "-2.5"},
		{NAN, "NaN"},
		{INFINITY, "+Inf"},
		{-INFINITY, "-Inf"},
		{1e-9, "1e-09"},
		{5e-324, "4.94066e-324"},
		{1234567.5, "1234567.5"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[NUMBER_TEXT];

		format_double(rows[i].value, text);
		assert_string_equal(text, rows[i].text);
	}
	sw_exposition_end(((struct fixture *)*state)->page);
}

static void a_histogram_is_cumulative_and_ends_in_inf(void **state)
{
	const struct sw_label labels[] = {{"service", "main"}};
	const double bounds[] = {0.001, 0.25, 10};
	const uint64_t counts[] = {1, 0, 3, 2};
	const struct sw_histogram histogram = {bounds, counts, 3, 27.5};
	struct fixture *fix = *state;

	sw_exposition_family(fix->page, "sw_wait_seconds", SW_METRIC_HISTOGRAM, "Wait");
	sw_exposition_histogram(fix->page, labels, 1, &histogram);
	sw_exposition_histogram(fix->page, NULL, 0, &(const struct sw_histogram){.counts = counts});
	expect_page(fix, 0,
		    "# HELP sw_wait_seconds Wait\n"
		    "# TYPE sw_wait_seconds histogram\n"
		    "sw_wait_seconds_bucket{service=\"main\",le=\"0.001\"} 1\n"
		    "sw_wait_seconds_bucket{service=\"main\",le=\"0.25\"} 1\n"
		    "sw_wait_seconds_bucket{service=\"main\",le=\"10\"} 4\n"
		    "sw_wait_seconds_bucket{service=\"main\",le=\"+Inf\"} 6\n"
		    "sw_wait_seconds_sum{service=\"main\"} 27.5\n"
		    "sw_wait_seconds_count{service=\"main\"} 6\n"
		    "sw_wait_seconds_bucket{le=\"+Inf\"} 1\n"
		    "sw_wait_seconds_sum 0\n"
		    "sw_wait_seconds_count 1\n");
}

static void a_second_family_of_the_same_name_is_left_out_with_its_samples(void **state)
{
	struct fixture *fix = *state;

	sw_exposition_family(fix->page, "sw_a", SW_METRIC_GAUGE, "A");
	sw_exposition_count(fix->page, NULL, 0, 1);
	sw_exposition_family(fix->page, "sw_b", SW_METRIC_GAUGE, "B");
	sw_exposition_family(fix->page, "sw_a", SW_METRIC_GAUGE, "A again");
	sw_exposition_count(fix->page, NULL, 0, 2);
	sw_exposition_family(fix->page, "sw_c", SW_METRIC_GAUGE, "C");
	sw_exposition_count(fix->page, NULL, 0, 3);
	expect_page(fix, -EEXIST,
		    "# HELP sw_a A\n# TYPE sw_a gauge\nsw_a 1\n"
		    "# HELP sw_b B\n# TYPE sw_b gauge\n"
		    "# HELP sw_c C\n# TYPE sw_c gauge\nsw_c 3\n");
}

static void a_name_outside_the_alphabet_is_left_out(void **state)
{
	static const char *const bad[] = {"", "1a", "a-b", "a b", "a\n", "\xc3\xa4", "a{"};
	struct fixture *fix = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		sw_exposition_family(fix->page, bad[i], SW_METRIC_GAUGE, "bad");
		sw_exposition_count(fix->page, NULL, 0, 1);
	}
	expect_page(fix, -EINVAL, "");
}

static void a_bad_label_costs_its_own_sample_only(void **state)
{
	static const char *const bad[] = {"", "1a", "a-b", "a:b", "a\"b"};
	struct fixture *fix = *state;

	sw_exposition_family(fix->page, "sw:a", SW_METRIC_GAUGE, "A");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		sw_exposition_count(fix->page, &(const struct sw_label){bad[i], "v"}, 1, 1);
	sw_exposition_count(fix->page, &(const struct sw_label){"ok", "v"}, 1, 1);
	expect_page(fix, -EINVAL, "# HELP sw:a A\n# TYPE sw:a gauge\nsw:a{ok=\"v\"} 1\n");
}

static void a_counter_is_called_total_and_nothing_else_is(void **state)
{
	struct fixture *fix = *state;

	sw_exposition_family(fix->page, "sw_syn", SW_METRIC_COUNTER, "SYNs");
	sw_exposition_family(fix->page, "sw_live_total", SW_METRIC_GAUGE, "live");
	sw_exposition_family(fix->page, "_total", SW_METRIC_COUNTER, "nothing");
	expect_page(fix, -EINVAL, "");
}

static void a_sample_of_the_wrong_kind_or_without_a_family_is_left_out(void **state)
{
	const uint64_t counts[] = {1};
	const struct sw_histogram histogram = {.counts = counts};
	struct fixture *fix = *state;

	sw_exposition_count(fix->page, NULL, 0, 1);
	sw_exposition_family(fix->page, "sw_a", SW_METRIC_GAUGE, "A");
	sw_exposition_histogram(fix->page, NULL, 0, &histogram);
	sw_exposition_family(fix->page, "sw_h", SW_METRIC_HISTOGRAM, "H");
	sw_exposition_count(fix->page, NULL, 0, 1);
	sw_exposition_histogram(fix->page, &(const struct sw_label){"le", "1"}, 1, &histogram);
	expect_page(fix, -EINVAL,
		    "# HELP sw_a A\n# TYPE sw_a gauge\n# HELP sw_h H\n# TYPE sw_h histogram\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(a_family_has_help_type_and_samples),
		TEST(help_escapes_backslash_and_newline_and_labels_the_quote_too),
		TEST(numbers_are_as_short_as_they_can_be_and_read_back_the_same),
		TEST(a_histogram_is_cumulative_and_ends_in_inf),
		TEST(a_second_family_of_the_same_name_is_left_out_with_its_samples),
		TEST(a_name_outside_the_alphabet_is_left_out),
		TEST(a_bad_label_costs_its_own_sample_only),
		TEST(a_counter_is_called_total_and_nothing_else_is),
		TEST(a_sample_of_the_wrong_kind_or_without_a_family_is_left_out),
	};

	return cmocka_run_group_tests_name("exposition", tests, NULL, NULL);
}
