/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The small things everything stands on: errors, log lines, clocks, ownership.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/hash.h"
#include "core/cleanup.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/log.h"
#include "core/synack.h"

/* Runs with stderr going into a pipe and gives back what was written. */
static void capture(void (*speak)(void), char *buf, size_t size)
{
	int ends[2], saved = dup(STDERR_FILENO);
	ssize_t got;

	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	speak();
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	got = read(ends[0], buf, size - 1);
	buf[got > 0 ? got : 0] = '\0';
	close(ends[0]);
	close(ends[1]);
	close(saved);
}

static void an_error_keeps_code_and_text(void **state)
{
	struct sw_error err = {0};

	(void)state;
	assert_int_equal(sw_error_set(&err, -EINVAL, "found %d", 7), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_string_equal(err.text, "found 7");
	assert_int_equal(sw_error_set(&err, -ENOENT, "here: %s", err.text), -ENOENT);
	assert_string_equal(err.text, "here: found 7");
	assert_int_equal(sw_error_set(NULL, -EPERM, "nobody listens"), -EPERM);
}

static void an_error_too_long_for_its_text_ends_in_dots(void **state)
{
	struct sw_error err = {0};
	char text[600];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	sw_error_set(&err, -EINVAL, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_string_equal(err.text + sizeof(err.text) - 5, "x...");
}

static void an_error_is_never_cut_inside_a_character(void **state)
{
	struct sw_error err = {0};
	char text[600];

	(void)state;
	for (size_t shift = 0; shift < 4; shift++) {
		json_t *valid;

		memset(text, 'x', sizeof(text));
		for (size_t i = shift; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "€", 3);
		text[sizeof(text) - 1] = '\0';
		sw_error_set(&err, -EINVAL, "%s", text);
		valid = json_string(err.text);
		assert_non_null(valid);
		json_decref(valid);
	}
}

static void the_error_a_function_was_given_may_be_part_of_its_own_text(void **state)
{
	struct sw_error err = {0};

	(void)state;
	sw_error_set(&err, -EINVAL, "b");
	for (int i = 0; i < 1000; i++)
		sw_error_set(&err, -EINVAL, "a%s", err.text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void speak_all(void)
{
	errno = EPERM;
	sw_log_error("no %s", "bpffs");
	sw_log_warn("drift");
	sw_log_info("started\n\x1b[31mred\x7f\xc2\x9b");
	sw_log_debug("detail");
	assert_int_equal(errno, EPERM);
}

static void a_text_line_names_the_program_and_how_bad_it_is(void **state)
{
	char expected[256], text[1024];
	const char *me = program_invocation_short_name;

	(void)state;
	sw_log_init(SW_LOG_DEBUG, SW_LOG_TEXT);
	capture(speak_all, text, sizeof(text));
	snprintf(
		expected, sizeof(expected),
		"%s: error: no bpffs\n%s: warning: drift\n%s: started ?[31mred???\n%s: debug: detail\n",
		me, me, me, me);
	assert_string_equal(text, expected);
}

static void what_is_below_the_level_is_not_logged(void **state)
{
	char expected[128], text[1024];

	(void)state;
	sw_log_init(SW_LOG_ERROR, SW_LOG_TEXT);
	capture(speak_all, text, sizeof(text));
	snprintf(expected, sizeof(expected), "%s: error: no bpffs\n",
		 program_invocation_short_name);
	assert_string_equal(text, expected);
}

static void speak_quotes_and_bytes(void)
{
	sw_log_warn("said \"%s\" \\ \xff", "grüß");
	sw_log_warn("said \"%s\"", "grüß");
}

static void a_json_line_is_one_object_whatever_was_said(void **state)
{
	static const char *const expected[] = {"said \"gr????\" \\ ?", "said \"grüß\""};
	char text[1024], *line, *rest = text;

	(void)state;
	sw_log_init(SW_LOG_INFO, SW_LOG_JSON);
	capture(speak_quotes_and_bytes, text, sizeof(text));
	sw_log_init(SW_LOG_INFO, SW_LOG_TEXT);
	for (size_t i = 0; i < 2; i++) {
		json_t *object;

		line = strsep(&rest, "\n");
		object = json_loads(line, 0, NULL);
		assert_non_null(object);
		assert_string_equal(json_string_value(json_object_get(object, "level")), "warning");
		assert_string_equal(json_string_value(json_object_get(object, "message")),
				    expected[i]);
		assert_int_equal(strlen(json_string_value(json_object_get(object, "time"))),
				 strlen("2026-01-01T00:00:00.000000Z"));
		json_decref(object);
	}
	assert_string_equal(rest, "");
}

static void the_monotonic_clock_is_that_of_the_kernel_programs(void **state)
{
	struct timespec now;
	uint64_t before, after;

	(void)state;
	before = sw_clock_monotonic_ns();
	clock_gettime(CLOCK_MONOTONIC, &now);
	after = sw_clock_monotonic_ns();
	assert_in_range((uint64_t)now.tv_sec * SW_NS_PER_S + (uint64_t)now.tv_nsec, before, after);
	assert_in_range(sw_clock_realtime_ns() / SW_NS_PER_S, (uint64_t)time(NULL) - 1,
			(uint64_t)time(NULL) + 1);
}

static void the_clock_follows_the_kernel_s_however_far_that_is(void **state)
{
	const uint64_t ahead = 1000000 * SW_NS_PER_S;
	uint64_t before = sw_clock_monotonic_ns();

	(void)state;
	sw_clock_follow_kernel(before + ahead);
	assert_in_range(sw_clock_monotonic_ns(), before + ahead, before + ahead + SW_NS_PER_S);
	sw_clock_follow_kernel(before);
	assert_in_range(sw_clock_monotonic_ns(), before, before + SW_NS_PER_S);
}

static int open_and_leave(bool keep, int *seen)
{
	SW_CLOSE int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	*seen = fd;
	errno = EXDEV;
	return keep ? sw_steal_fd(&fd) : -1;
}

static void a_descriptor_is_closed_where_it_goes_out_of_scope_unless_handed_on(void **state)
{
	int seen, kept;

	(void)state;
	assert_int_equal(open_and_leave(false, &seen), -1);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(fcntl(seen, F_GETFD), -1);
	kept = open_and_leave(true, &seen);
	assert_int_equal(kept, seen);
	assert_true(fcntl(kept, F_GETFD) >= 0);
	close(kept);
}

static char *copy_and_hand_on(const char *text)
{
	SW_FREE char *copy = strdup(text);
	SW_FREE char *dropped = strdup("a leak, were it not for the attribute");

	assert_non_null(dropped);
	return sw_steal_ptr(&copy);
}

static void a_pointer_is_freed_where_it_goes_out_of_scope_unless_handed_on(void **state)
{
	SW_FREE char *text = copy_and_hand_on("kept");

	(void)state;
	assert_string_equal(text, "kept");
}

static void keys_of_one_pattern_spread_over_all_buckets(void **state)
{
	uint32_t filled[64] = {0};
	uint32_t key[10] = {0};

	(void)state;
	for (uint32_t i = 0; i < 64 * 64; i++) {
		uint32_t hash;

		key[3] = i << 20; /* only the upper bits of one word differ */
		hash = sw_hash(key, sizeof(key));
		assert_int_equal(hash, sw_hash(key, sizeof(key)));
		filled[hash >> 26]++;
	}
	/* 64 each are expected; 160 has a chance of some 10^-22 by itself. */
	for (int i = 0; i < 64; i++)
		assert_in_range(filled[i], 1, 160);
}

/* Linux: 1, 2, 4 s and so on, and after the last repetition once more. */
static void half_open_connections_last_as_long_as_the_kernel_repeats_its_answer(void **state)
{
	(void)state;
	assert_int_equal(sw_synack_lasts_s(5), 63 + 1);
	assert_int_equal(sw_synack_lasts_s(6), 127 + 1);
	assert_int_equal(sw_synack_lasts_s(7), 127 + 120 + 1);
	assert_int_equal(sw_synack_lasts_s(0), 1 + 1);
	assert_int_equal(sw_synack_lasts_s(UINT32_MAX), sw_synack_lasts_s(255));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_one_pattern_spread_over_all_buckets),
		cmocka_unit_test(
			half_open_connections_last_as_long_as_the_kernel_repeats_its_answer),
		cmocka_unit_test(an_error_keeps_code_and_text),
		cmocka_unit_test(an_error_too_long_for_its_text_ends_in_dots),
		cmocka_unit_test(an_error_is_never_cut_inside_a_character),
		cmocka_unit_test(the_error_a_function_was_given_may_be_part_of_its_own_text),
		cmocka_unit_test(a_text_line_names_the_program_and_how_bad_it_is),
		cmocka_unit_test(what_is_below_the_level_is_not_logged),
		cmocka_unit_test(a_json_line_is_one_object_whatever_was_said),
		cmocka_unit_test(the_monotonic_clock_is_that_of_the_kernel_programs),
		cmocka_unit_test(the_clock_follows_the_kernel_s_however_far_that_is),
		cmocka_unit_test(
			a_descriptor_is_closed_where_it_goes_out_of_scope_unless_handed_on),
		cmocka_unit_test(a_pointer_is_freed_where_it_goes_out_of_scope_unless_handed_on),
	};

	return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
