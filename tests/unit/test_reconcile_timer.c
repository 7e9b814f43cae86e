/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the daemon warns of every so often, by a clock and with counters that the test says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/log.h"

static void fake_log(const char *format, ...);

/* What the kernel would say, said by the test. */
#define sw_clock_monotonic_ns fake_clock_monotonic_ns
#define sw_read_counters      fake_read_counters
#define sw_reconcile	      fake_reconcile
#define sw_notes_save	      fake_notes_save
#define sw_links_count_untold fake_links_count_untold
#define sw_log_warn	      fake_log
#define sw_log_error	      fake_log

#include "daemon/reconcile_timer.c"

static struct {
	uint64_t now_ns, flows_full, sources_full;
	size_t no_room;
	uint64_t untold; /* what no program was told of, by the kernel's count */
	int untold_failed;
	int passes;
	bool fails;
	int said;
	uint64_t noted; /* for the daemon after this one */
	char last[256];
} world;

static struct sw_plan_service service;
static struct sw_plan plan = {.services = &service, .service_count = 1};
static struct sw_daemon daemon;

static void fake_log(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(world.last, sizeof(world.last), format, args);
	va_end(args);
	world.said++;
}

uint64_t fake_clock_monotonic_ns(void)
{
	return world.now_ns;
}

void fake_read_counters(const struct sw_maps *maps, uint32_t id, uint64_t out[SW_COUNTER_COUNT])
{
	(void)maps, (void)id;
	memset(out, 0, SW_COUNTER_COUNT * sizeof(*out));
	out[SW_COUNTER_FLOWS_FULL] = world.flows_full;
	out[SW_COUNTER_SOURCES_FULL] = world.sources_full;
}

int fake_reconcile(struct sw_daemon *of, struct sw_reconcile *out, struct sw_error *err)
{
	(void)of;
	world.passes++;
	if (world.fails)
		return sw_error_set(err, -ENOBUFS, "no sockets");
	*out = (struct sw_reconcile){.no_room = world.no_room};
	return 0;
}

void fake_notes_save(const struct sw_daemon *of)
{
	assert_true(of->knows_turned_away);
	world.noted = of->turned_away;
}

int fake_links_count_untold(const struct sw_kern *kern, uint64_t *out)
{
	(void)kern;
	if (!world.untold_failed)
		*out = world.untold;
	return world.untold_failed;
}

/* How many warnings the next look makes, so many seconds after the last. */
static int look_after(unsigned int seconds)
{
	world.now_ns += seconds * SW_NS_PER_S;
	world.said = 0;
	on_time(-1, 0, &daemon);
	return world.said;
}

static int begin(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.now_ns = SW_NS_PER_S;
	memset(&daemon, 0, sizeof(daemon));
	daemon.plan = &plan;
	daemon.base = event_base_new();
	return !daemon.base;
}

static int end(void **state)
{
	(void)state;
	sw_reconcile_stop(&daemon);
	event_base_free(daemon.base);
	return 0;
}

static void once_a_minute(void **state)
{
	(void)state;
	assert_int_equal(sw_reconcile_start(&daemon), 0);
	assert_int_equal(look_after(10), 0);
	world.flows_full = 2;
	assert_int_equal(look_after(10), 1);
	assert_non_null(strstr(world.last, " 2 connections"));
	world.sources_full = 3;
	assert_int_equal(look_after(10), 0);
	assert_int_equal(look_after(49), 0);
	assert_int_equal(look_after(1), 1);
	assert_non_null(strstr(world.last, " 3 connections"));
	assert_int_equal(look_after(60), 0);
}

static void not_of_long_ago(void **state)
{
	(void)state;
	world.flows_full = 5;
	assert_int_equal(sw_reconcile_start(&daemon), 0);
	assert_int_equal(look_after(10), 0);
	world.flows_full = 6;
	assert_int_equal(look_after(10), 1);
	assert_non_null(strstr(world.last, " 1 connections"));
}

static void what_came_while_there_was_none(void **state)
{
	(void)state;
	/* The notes say that 3 of them were told. */
	daemon.turned_away = 3;
	daemon.knows_turned_away = true;
	world.flows_full = 5;
	assert_int_equal(sw_reconcile_start(&daemon), 0);
	assert_int_equal(look_after(10), 1);
	assert_non_null(strstr(world.last, " 2 connections"));
	assert_int_equal(world.noted, 5);
	assert_int_equal(look_after(60), 0);
}

static void a_service_that_goes_takes_its_counts_with_it(void **state)
{
	(void)state;
	world.flows_full = 5;
	assert_int_equal(sw_reconcile_start(&daemon), 0);
	world.flows_full = 1;
	assert_int_equal(look_after(10), 0);
	assert_int_equal(world.noted, 1);
	world.flows_full = 2;
	assert_int_equal(look_after(10), 1);
}

static void each_warning_has_its_own_minute(void **state)
{
	(void)state;
	assert_int_equal(sw_reconcile_start(&daemon), 0);
	world.flows_full = 1;
	world.no_room = 1;
	assert_int_equal(look_after(10), 2);
	world.fails = true;
	world.flows_full = 2;
	assert_int_equal(look_after(10), 1);
	assert_int_equal(look_after(59), 1);
	world.fails = false;
	assert_int_equal(look_after(1), 1);
}

/* How often flows are compared with sockets in the next second. */
static int passes_in_a_second(void)
{
	world.now_ns += SW_NS_PER_S;
	world.passes = 0;
	world.said = 0;
	sw_reconcile_untold(&daemon);
	return world.passes;
}

static void what_no_program_was_told_of_is_looked_for_at_once(void **state)
{
	(void)state;
	assert_int_equal(passes_in_a_second(), 0);
	world.untold = 1;
	assert_int_equal(passes_in_a_second(), 1);
	assert_int_equal(passes_in_a_second(), 0);
	world.untold = 40;
	assert_int_equal(passes_in_a_second(), 1);
	world.untold_failed = -ENOENT;
	world.untold = 41;
	assert_int_equal(passes_in_a_second(), 0);
	world.untold_failed = 0;
	assert_int_equal(passes_in_a_second(), 1);
}

static void a_look_that_fails_is_told_as_any_other(void **state)
{
	(void)state;
	world.fails = true;
	world.untold = 1;
	assert_int_equal(passes_in_a_second(), 1);
	assert_int_equal(world.said, 1);
	world.untold = 2;
	assert_int_equal(passes_in_a_second(), 1);
	assert_int_equal(world.said, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{"that a table is full is told once a minute, with what came since", once_a_minute,
		 begin, end, NULL},
		{"what an older daemon counted, which did not note what it told, is not told again",
		 not_of_long_ago, begin, end, NULL},
		{"what nobody told of yet is told by the next daemon, and noted",
		 what_came_while_there_was_none, begin, end, NULL},
		{"a service that goes takes its counts with it",
		 a_service_that_goes_takes_its_counts_with_it, begin, end, NULL},
		{"where the kernel left the second program out, flows are compared with sockets at once",
		 what_no_program_was_told_of_is_looked_for_at_once, begin, end, NULL},
		{"where that fails it is told once a minute",
		 a_look_that_fails_is_told_as_any_other, begin, end, NULL},
		{"each warning has a minute of its own", each_warning_has_its_own_minute, begin,
		 end, NULL},
	};

	return cmocka_run_group_tests_name("reconcile_timer", tests, NULL, NULL);
}
