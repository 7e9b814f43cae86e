/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers, durations and rates: what people write, and what they must not.
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/number.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define UNTOUCHED	UINT64_C(0xdeadbeef)

struct row {
	const char *text;
	int rc;
	uint64_t value;
};

static void check(const struct row *row, int rc, uint64_t value)
{
	if (rc != row->rc || value != (rc ? UNTOUCHED : row->value))
		fail_msg("'%s': returned %d with %" PRIu64 ", expected %d with %" PRIu64, row->text,
			 rc, value, row->rc, row->rc ? UNTOUCHED : row->value);
}

static void a_number_is_digits_and_nothing_else(void **state)
{
	static const struct row rows[] = {
		{"0", 0, 0},
		{"10", 0, 10},
		{"007", 0, 7},
		{"4294967295", 0, UINT32_MAX},
		{"4294967296", -ERANGE, 0},
		{"18446744073709551616", -ERANGE, 0},
		{"99999999999999999999999999", -ERANGE, 0},
		{"99999999999999999999999999x", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"12abc", -EINVAL, 0},
		{" 5", -EINVAL, 0},
		{"5 ", -EINVAL, 0},
		{"+5", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"-0", -EINVAL, 0},
		{"1e3", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
		{"1.5", -EINVAL, 0},
		{"1_000", -EINVAL, 0},
		{"eighty", -EINVAL, 0},
		{"5\n", -EINVAL, 0},
		{"\xd9\xa3", -EINVAL, 0}, /* ARABIC-INDIC DIGIT THREE */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint32_t value = (uint32_t)UNTOUCHED;
		int rc = sw_parse_u32(rows[i].text, &value);

		check(&rows[i], rc, value);
	}
}

static void a_large_number_has_64_bits_and_no_more(void **state)
{
	static const struct row rows[] = {
		{"4294967296", 0, UINT64_C(4294967296)},
		{"18446744073709551615", 0, UINT64_MAX},
		{"18446744073709551616", -ERANGE, 0},
		{"18446744073709551620", -ERANGE, 0},
		{"184467440737095516150", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"-1", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t value = UNTOUCHED;
		int rc = sw_parse_u64(rows[i].text, &value);

		check(&rows[i], rc, value);
	}
}

static void a_duration_has_a_unit(void **state)
{
	static const struct row rows[] = {
		{"500ms", 0, 500 * SW_NS_PER_MS},
		{"10s", 0, 10 * SW_NS_PER_S},
		{"5m", 0, 300 * SW_NS_PER_S},
		{"2h", 0, 7200 * SW_NS_PER_S},
		{"7us", 0, 7 * SW_NS_PER_US},
		{"9ns", 0, 9},
		{"0s", 0, 0},
		{"18446744073709551615ns", 0, UINT64_MAX},
		{"18446744073709551616ns", -ERANGE, 0},
		{"18446744074s", -ERANGE, 0},
		{"5124096h", -ERANGE, 0},
		{"10", -EINVAL, 0},
		{"0", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"s", -EINVAL, 0},
		{"ms", -EINVAL, 0},
		{"5 s", -EINVAL, 0},
		{" 5s", -EINVAL, 0},
		{"5s ", -EINVAL, 0},
		{"+5s", -EINVAL, 0},
		{"-5s", -EINVAL, 0},
		{"1.5s", -EINVAL, 0},
		{"1e3s", -EINVAL, 0},
		{"0x10s", -EINVAL, 0},
		{"5S", -EINVAL, 0},
		{"5sec", -EINVAL, 0},
		{"5d", -EINVAL, 0},
		{"1m30s", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t value = UNTOUCHED;
		int rc = sw_parse_duration(rows[i].text, &value);

		check(&rows[i], rc, value);
	}
}

static void a_rate_is_a_count_per_second_minute_or_hour(void **state)
{
	static const struct {
		const char *text;
		int rc;
		struct sw_rate rate;
	} rows[] = {
		{"100/s", 0, {100, SW_NS_PER_S}},
		{"30/m", 0, {30, 60 * SW_NS_PER_S}},
		{"5/h", 0, {5, 3600 * SW_NS_PER_S}},
		{"unlimited", 0, {0, SW_NS_PER_S}},
		{"1000000000/s", 0, {1000000000, SW_NS_PER_S}},
		{"1000000001/s", -ERANGE, {0}},
		{"18446744073709551616/s", -ERANGE, {0}},
		{"0/s", -ERANGE, {0}},
		{"0", -EINVAL, {0}},
		{"100", -EINVAL, {0}},
		{"100/", -EINVAL, {0}},
		{"/s", -EINVAL, {0}},
		{"", -EINVAL, {0}},
		{"100/d", -EINVAL, {0}},
		{"100/ms", -EINVAL, {0}},
		{"100/s ", -EINVAL, {0}},
		{" 100/s", -EINVAL, {0}},
		{"100 /s", -EINVAL, {0}},
		{"+100/s", -EINVAL, {0}},
		{"-1/s", -EINVAL, {0}},
		{"1e3/s", -EINVAL, {0}},
		{"0x10/s", -EINVAL, {0}},
		{"100//s", -EINVAL, {0}},
		{"100s", -EINVAL, {0}},
		{"Unlimited", -EINVAL, {0}},
		{"unlimited ", -EINVAL, {0}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct sw_rate rate = {UNTOUCHED, UNTOUCHED};
		int rc = sw_parse_rate(rows[i].text, &rate);
		struct row count = {rows[i].text, rows[i].rc, rows[i].rate.count};
		struct row per = {rows[i].text, rows[i].rc, rows[i].rate.per_ns};

		check(&count, rc, rate.count);
		check(&per, rc, rate.per_ns);
	}
}

static void every_duration_reads_back_as_it_was_written(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} rows[] = {
		{0, "0s"},
		{1, "1ns"},
		{1500 * SW_NS_PER_US, "1500us"},
		{1500 * SW_NS_PER_MS, "1500ms"},
		{90 * SW_NS_PER_S, "90s"},
		{3600 * SW_NS_PER_S, "1h"},
		{UINT64_MAX, "18446744073709551615ns"},
	};
	char text[SW_DURATION_TEXT];
	uint64_t back;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(sw_format_duration(rows[i].ns, text, sizeof(text)), 0);
		assert_string_equal(text, rows[i].text);
		assert_int_equal(sw_parse_duration(text, &back), 0);
		assert_int_equal(back, rows[i].ns);
	}
}

static void every_rate_reads_back_as_it_was_written(void **state)
{
	static const char *const rows[] = {"1/s", "100/s",     "30/m",
					   "5/h", "unlimited", "3600000000000/h"};
	char text[SW_RATE_TEXT];
	struct sw_rate rate;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(sw_parse_rate(rows[i], &rate), 0);
		assert_int_equal(sw_format_rate(&rate, text, sizeof(text)), 0);
		assert_string_equal(text, rows[i]);
	}
}

static void what_does_not_fit_the_buffer_is_an_error(void **state)
{
	struct sw_rate rate = {100, SW_NS_PER_S}, odd = {1, 7};
	char text[6];

	(void)state;
	assert_int_equal(sw_format_duration(100 * SW_NS_PER_MS, text, 6), 0);
	assert_int_equal(sw_format_duration(100 * SW_NS_PER_MS, text, 5), -ENOSPC);
	assert_int_equal(sw_format_rate(&rate, text, 6), 0);
	assert_int_equal(sw_format_rate(&rate, text, 5), -ENOSPC);
	assert_int_equal(sw_format_rate(&odd, text, 6), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_digits_and_nothing_else),
		cmocka_unit_test(a_large_number_has_64_bits_and_no_more),
		cmocka_unit_test(a_duration_has_a_unit),
		cmocka_unit_test(a_rate_is_a_count_per_second_minute_or_hour),
		cmocka_unit_test(every_duration_reads_back_as_it_was_written),
		cmocka_unit_test(every_rate_reads_back_as_it_was_written),
		cmocka_unit_test(what_does_not_fit_the_buffer_is_an_error),
	};

	return cmocka_run_group_tests_name("core/number", tests, NULL, NULL);
}
