/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the lines of a recording to connections.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/field.c"
#include "cli/recording_build.c"
#include "cli/recording_read.c"
#include "cli/recording_time.c"
#include "cli/replay_tally.c"

#define MS SW_NS_PER_MS

void sw_table_add(struct sw_table *table, enum sw_style style, const char *fmt, ...)
{
	(void)table, (void)style, (void)fmt;
}

static struct sw_recording recording;

/* Seconds and milliseconds after the beginning, then the line's other members. */
static void try_lines(const char *lines, int expected)
{
	static const char header[] =
		"{\"spillway_recording\":1,\"host\":\"h\",\"at\":\"2026-03-29T02:00:00.000000Z\","
		"\"configuration\":\"\"}\n";
	char path[] = "/tmp/test_recording.XXXXXX";
	struct sw_error err = {};
	int fd = mkstemp(path);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
	int rc;

	assert_non_null(file);
	fputs(header, file);
	fputs(lines, file);
	fclose(file);
	rc = sw_recording_read(path, &recording, &err);
	unlink(path);
	if (rc != expected)
		fail_msg("%d: %s", rc, err.text);
	assert_true(!rc || err.text[0]);
}

static void read_lines(const char *lines)
{
	try_lines(lines, 0);
}

static int forget(void **unused)
{
	(void)unused;
	sw_recording_free(&recording);
	return 0;
}

#define AT(second) "\"at\":\"2026-03-29T02:00:0" second "00Z\","
#define WHO(n)                                                                                     \
	"\"service\":\"main\",\"class\":\"c\",\"source\":\"10.0.0." n                              \
	"\",\"source_port\":1000,\"destination\":\"10.0.0.9\",\"destination_port\":5432}\n"
#define DECIDED(second, n, lane)                                                                   \
	"{\"event\":\"decision\"," AT(second) "\"lane\":\"" lane "\",\"reason\":\"budget\"," WHO(n)
#define ENDED(second, n, open)                                                                     \
	"{\"event\":\"ended\"," AT(second) "\"lane\":\"direct\",\"open_s\":" open "," WHO(n)
#define WAITED(second, n, lane, outcome, s)                                                        \
	"{\"event\":\"wait_ended\"," AT(second) "\"lane\":" lane ",\"outcome\":\"" outcome         \
						"\",\"waited_s\":" s "," WHO(n)

static const struct sw_replay_connection *at(size_t index)
{
	assert_true(index < recording.replay.count);
	return &recording.replay.connections[index];
}

static void a_connection_is_held_from_its_decision_to_its_end(void **unused)
{
	(void)unused;
	read_lines(DECIDED("1.0000", "1", "direct") ENDED("1.5000", "1", "0.490")
			   DECIDED("2.0000", "2", "refuse"));
	assert_int_equal(recording.replay.count, 2);
	assert_int_equal(at(0)->at_ns, 1000 * MS);
	assert_int_equal(at(0)->held_ns, 500 * MS);
	assert_in_range(at(0)->handshake_ns, 10 * MS - 10, 10 * MS + 10);
	assert_int_equal(at(0)->was.reason, SW_REASON_BUDGET);
	assert_int_equal(at(1)->was.lane, SW_LANE_REFUSE);
	assert_int_equal(at(1)->held_ns, SW_REPLAY_UNKNOWN);
	assert_true(recording.is_cut_off);
}

static void the_order_of_lines_is_not_that_of_time(void **unused)
{
	(void)unused;
	read_lines(ENDED("1.5000", "1", "0.5") DECIDED("2.0000", "1", "direct")
			   DECIDED("1.0000", "1", "direct") ENDED("3.0000", "1", "1.0"));
	assert_int_equal(recording.replay.count, 2);
	assert_int_equal(at(0)->held_ns, 500 * MS);
	assert_int_equal(at(1)->held_ns, 1000 * MS);
	assert_false(at(0)->is_inside);
}

static void who_waited_is_held_from_where_he_got_in(void **unused)
{
	(void)unused;
	read_lines(DECIDED("1.0000", "1", "queue") WAITED("1.2000", "1", "\"direct\"", "admitted",
							  "0.2") ENDED("1.5000", "1", "0.3"));
	assert_int_equal(recording.replay.count, 1);
	assert_true(at(0)->was.waited);
	assert_int_equal(at(0)->was.lane, SW_LANE_DIRECT);
	assert_int_equal(at(0)->was.waited_ns, 200 * MS);
	assert_int_equal(at(0)->held_ns, 300 * MS);
	assert_int_equal(at(0)->patience_ns, SW_REPLAY_UNKNOWN);
}

static void who_gave_up_has_that_much_patience(void **unused)
{
	(void)unused;
	read_lines(DECIDED("1.0000", "1", "queue")
			   WAITED("3.0000", "1", "null", "abandoned", "2.0"));
	assert_int_equal(at(0)->was.lane, SW_LANE_NONE);
	assert_int_equal(at(0)->patience_ns, 2000 * MS);
}

static void a_handshake_that_nobody_finished_is_silent(void **unused)
{
	(void)unused;
	read_lines(DECIDED("1.0000", "1", "direct") ENDED("6.0000", "1", "null"));
	assert_true(at(0)->is_silent);
	assert_int_equal(at(0)->held_ns, 5000 * MS);
}

static void whose_beginning_was_not_told_was_inside(void **unused)
{
	(void)unused;
	read_lines(ENDED("1.0000", "1", "60.0") ENDED("3.0000", "2", "1.0"));
	assert_true(at(0)->is_inside && at(1)->is_inside);
	assert_int_equal(at(0)->at_ns, 0);
	assert_int_equal(at(0)->held_ns, 1000 * MS);
	assert_int_equal(at(1)->at_ns, 2000 * MS);
	assert_int_equal(at(1)->held_ns, 1000 * MS);
}

static void who_is_listed_as_inside_counts_once(void **unused)
{
	(void)unused;
	read_lines(
		"{\"event\":\"inside\"," AT("2.0000") "\"lane\":\"direct\",\"age_s\":1," WHO(
			"1") DECIDED("1.5000", "1", "direct")
			DECIDED("2.0000", "2", "direct") "{\"event\":\"inside\"," AT("2.0000") "\"lane\":\"direct\",\"age_s\":0," WHO(
				"2") "{\"event\":\"inside\"," AT("2.0000") "\"lane\":\"pooler\",\"age_s\":1," WHO("3"));
	assert_int_equal(recording.replay.count, 3);
	assert_true(at(0)->is_inside);
	assert_int_equal(at(0)->was.lane, SW_LANE_POOLER);
	assert_int_equal(at(0)->at_ns, 1000 * MS);
	assert_false(at(1)->is_inside || at(2)->is_inside);
}

#define STATE(second, untold, ends)                                                                \
	"{\"event\":\"state\"," AT(second) "\"service\":\"main\",\"budget\":7,\"paused\":false,"   \
					   "\"ready\":true,\"untold\":" untold                     \
					   ",\"ends_untold\":" ends "}\n"

static void what_is_missing_is_counted(void **unused)
{
	(void)unused;
	read_lines(STATE("1.0000", "100", "5") STATE("2.0000", "150", "7") STATE(
		"3.0000", "160", "7") "{\"event\":\"missed\",\"count\":1e300}\n"
				      "{\"event\":\"missed\",\"count\":3}\n"
				      "{\"event\":\"something new\"}\n"
				      "{\"event\":\"end\"," AT("4.0000") "\"x\":1}\n");
	assert_int_equal(recording.decisions_untold, 60);
	assert_int_equal(recording.ends_untold, 2);
	assert_int_equal(recording.lost, 3);
	assert_false(recording.is_cut_off);
	assert_int_equal(recording.replay.change_count, 3);
	assert_int_equal(recording.replay.changes[0].budget, 7);
	assert_true(recording.replay.changes[0].is_ready);
}

static void what_came_close_to_an_end_may_differ_and_the_first_that_was_not_is_told(void **unused)
{
	struct sw_replay_agreement agreement;

	(void)unused;
	read_lines(DECIDED("1.0000", "1", "direct") ENDED("2.0000", "1", "1.0")
			   DECIDED("2.0005", "2", "direct") DECIDED("2.0500", "3", "direct"));
	for (size_t i = 0; i < 3; i++)
		recording.replay.connections[i].is = recording.replay.connections[i].was;
	agreement = sw_replay_compare(&recording.replay);
	assert_int_equal(agreement.decided, 3);
	assert_int_equal(agreement.same, 3);
	assert_int_equal(agreement.close, 1);
	assert_int_equal(agreement.first_unexplained_ns, SW_REPLAY_UNKNOWN);
	recording.replay.connections[2].is.lane = SW_LANE_REFUSE;
	agreement = sw_replay_compare(&recording.replay);
	assert_int_equal(agreement.first_unexplained_ns, 2050 * MS);
	assert_int_equal(agreement.apart, 1);
	/* What follows on one that may differ is no riddle. */
	recording.replay.connections[1].is.lane = SW_LANE_REFUSE;
	assert_int_equal(sw_replay_compare(&recording.replay).first_unexplained_ns,
			 SW_REPLAY_UNKNOWN);
}

static void times_are_read_as_they_are_written(void **unused)
{
	char text[SW_CLOCK_TEXT];
	uint64_t at_ns;

	(void)unused;
	assert_int_equal(sw_recording_parse_time("2026-03-29T02:17:45.123456Z", &at_ns), 0);
	sw_clock_format(at_ns, text, sizeof(text));
	assert_string_equal(text, "2026-03-29T02:17:45.123456Z");
	assert_int_equal(sw_recording_parse_time("2026-03-29T02:17:45Z", &at_ns), -EINVAL);
	assert_int_equal(sw_recording_parse_time("2026-03-29T02:17:45.123456", &at_ns), -EINVAL);
	assert_int_equal(sw_recording_parse_time("2026-03-29T02:17:45.12345-Z", &at_ns), -EINVAL);
}

static void times_that_no_clock_here_can_have_are_none(void **unused)
{
	uint64_t at_ns;

	(void)unused;
	assert_int_equal(sw_recording_parse_time("1970-01-01T00:00:00.000000Z", &at_ns), 0);
	assert_int_equal(sw_recording_parse_time("1969-12-31T23:59:59.000000Z", &at_ns), -EINVAL);
	assert_int_equal(sw_recording_parse_time("2262-01-01T00:00:00.000000Z", &at_ns), 0);
	assert_int_equal(sw_recording_parse_time("2262-12-31T00:00:00.000000Z", &at_ns), -EINVAL);
	read_lines(DECIDED("1.0000", "1", "direct") ENDED("2.0000", "1", "9e9"));
	sw_recording_free(&recording);
	try_lines(DECIDED("1.0000", "1", "direct") ENDED("2.0000", "1", "1e10"), -EINVAL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, forget)
	const struct CMUnitTest tests[] = {
		TEST(a_connection_is_held_from_its_decision_to_its_end),
		TEST(the_order_of_lines_is_not_that_of_time),
		TEST(who_waited_is_held_from_where_he_got_in),
		TEST(who_gave_up_has_that_much_patience),
		TEST(a_handshake_that_nobody_finished_is_silent),
		TEST(whose_beginning_was_not_told_was_inside),
		TEST(who_is_listed_as_inside_counts_once),
		TEST(what_is_missing_is_counted),
		TEST(what_came_close_to_an_end_may_differ_and_the_first_that_was_not_is_told),
		TEST(times_are_read_as_they_are_written),
		TEST(times_that_no_clock_here_can_have_are_none),
	};

	return cmocka_run_group_tests_name("recording", tests, NULL, NULL);
}
