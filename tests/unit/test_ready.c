/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When those who wait for a database that is back are let in: not by the budget from before; and when it is asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/log.h"

static void fake_log(const char *format, ...);

#define sw_log_debug	      fake_log
#define sw_log_info	      fake_log
#define sw_log_warn	      fake_log
#define sw_clock_monotonic_ns fake_clock_monotonic_ns
#define sw_listeners_read     fake_listeners_read

#include "daemon/ready.c"
#include "daemon/ready_tick.c"

static struct {
	bool has_monitor, is_watched;
	bool has_no_listener;
	uint64_t ended; /* connections, so far */
	int hurried, told, asked;
	uint64_t now_ns;
	bool is_ready, was_down;
} world;

static struct sw_plan_service service = {.name = "main", .id = 3};
static struct sw_plan plan = {.services = &service, .service_count = 1};
static struct sw_daemon the_daemon = {.plan = &plan};
static struct sw_ready *ready;

static void fake_log(const char *format, ...)
{
	(void)format;
}

uint64_t fake_clock_monotonic_ns(void)
{
	return world.now_ns;
}

const char *sw_read_database_why(enum sw_ready_state state)
{
	return state == SW_READY_NOBODY_LISTENS ? "nobody_listens" : "turns_away";
}

bool sw_monitor_hurry(struct sw_daemon *of, uint32_t id)
{
	(void)of, (void)id;
	world.hurried++;
	return world.has_monitor;
}

const struct sw_monitor_view *sw_monitor_view(const struct sw_daemon *of, uint32_t id)
{
	static const struct sw_monitor_view up = {.is_up = true};

	(void)of, (void)id;
	return world.is_watched ? &up : NULL;
}

uint64_t sw_read_service_ended(const struct sw_maps *maps, uint32_t id)
{
	(void)maps, (void)id;
	return world.ended;
}

int fake_listeners_read(struct sw_listeners *out)
{
	(void)out;
	return 0;
}

bool sw_read_service_database_at(const struct sw_plan *of, const struct sw_plan_service *planned,
				 const struct sw_listeners *listeners, struct sw_endpoint *out)
{
	(void)of, (void)planned, (void)listeners, (void)out;
	return !world.has_no_listener;
}

/* What is asked the test concludes itself. */
void sw_ready_question(struct sw_ready *of)
{
	world.asked++;
	of->ping = (struct sw_ping *)&world;
}

void sw_ready_end_question(struct sw_ready *of)
{
	of->ping = NULL;
}

static void told(void *arg, bool is_ready, bool was_down)
{
	(void)arg;
	world.told++;
	world.is_ready = is_ready;
	world.was_down = was_down;
}

/* A service that may wait, whose database has gone. */
static int begin(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.has_monitor = true;
	world.now_ns = 100 * SW_NS_PER_S;
	the_daemon.base = event_base_new();
	ready = sw_ready_new(&the_daemon, 3, told, NULL);
	ready->is_counted = ready->can_ask = ready->may_wait = true;
	sw_ready_conclude(ready, SW_READY_NOBODY_LISTENS);
	assert_false(world.is_ready);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sw_ready_free(ready);
	event_base_free(the_daemon.base);
	return 0;
}

static void those_who_wait_are_let_in_when_the_budget_is_known(void **state)
{
	(void)state;
	sw_ready_conclude(ready, SW_READY_SERVES);
	assert_int_equal(world.hurried, 1);
	assert_int_equal(world.told, 1);
	assert_int_equal(sw_ready_state(ready), SW_READY_SERVES);
	sw_ready_budget_is_known(ready);
	assert_int_equal(world.told, 2);
	assert_true(world.is_ready && world.was_down);
	/* Of what it hears afterwards nothing comes. */
	sw_ready_budget_is_known(ready);
	assert_int_equal(world.told, 2);
}

static void or_two_seconds_later(void **state)
{
	struct timeval now, at;

	(void)state;
	sw_ready_conclude(ready, SW_READY_SERVES);
	assert_true(evtimer_pending(ready->no_budget, &at));
	evutil_gettimeofday(&now, NULL);
	assert_true(at.tv_sec - now.tv_sec <= 2);
	event_active(ready->no_budget, EV_TIMEOUT, 1);
	event_base_loop(the_daemon.base, EVLOOP_NONBLOCK);
	assert_true(world.is_ready);
}

static void at_once_where_no_budget_follows_the_database(void **state)
{
	(void)state;
	ready->is_counted = false;
	sw_ready_conclude(ready, SW_READY_SERVES);
	assert_true(world.is_ready);
	assert_int_equal(world.hurried, 1);
}

static void at_once_where_nobody_asks_it_or_nobody_waits(void **state)
{
	(void)state;
	world.has_monitor = false;
	sw_ready_conclude(ready, SW_READY_SERVES);
	assert_true(world.is_ready);
	world.has_monitor = true;
	ready->may_wait = false;
	sw_ready_conclude(ready, SW_READY_NOBODY_LISTENS);
	sw_ready_conclude(ready, SW_READY_SERVES);
	assert_false(ready->was_down);
}

static void while_it_serves_nothing_is_waited_for(void **state)
{
	(void)state;
	sw_ready_conclude(ready, SW_READY_SERVES);
	sw_ready_budget_is_known(ready);
	sw_ready_conclude(ready, SW_READY_SERVES);
	assert_int_equal(world.told, 3);
	assert_int_equal(world.hurried, 1);
	assert_false(evtimer_pending(ready->no_budget, NULL));
}

/* It serves, and was asked so long ago. */
static void serve_since(uint64_t ns)
{
	evtimer_del(ready->again);
	sw_ready_conclude(ready, SW_READY_SERVES);
	sw_ready_budget_is_known(ready);
	assert_true(world.is_ready);
	world.now_ns += SW_NS_PER_S;
	sw_ready_suspect(ready, false);
	sw_ready_conclude(ready, SW_READY_SERVES);
	world.now_ns += ns;
	world.asked = 0;
}

/* Of what was to be asked again by the clock. */
static void ring(void)
{
	event_active(ready->again, EV_TIMEOUT, 1);
	event_base_loop(the_daemon.base, EVLOOP_NONBLOCK);
}

static void what_looks_like_its_end_is_asked_at_once_and_keeps_all_waiting(void **state)
{
	(void)state;
	serve_since(60 * SW_NS_PER_MS);
	/* Other reasons have 200 ms. */
	sw_ready_suspect(ready, true);
	assert_int_equal(world.asked, 0);
	assert_true(world.is_ready);
	sw_ready_doubt(ready);
	assert_int_equal(world.asked, 1);
	assert_false(world.is_ready);
	sw_ready_conclude(ready, SW_READY_SERVES);
	assert_true(world.is_ready);
	assert_false(ready->was_down);
}

static void or_after_50_ms(void **state)
{
	struct timeval now, at;

	(void)state;
	serve_since(20 * SW_NS_PER_MS);
	sw_ready_doubt(ready);
	assert_int_equal(world.asked, 0);
	assert_false(world.is_ready);
	assert_true(evtimer_pending(ready->again, &at));
	evutil_gettimeofday(&now, NULL);
	evutil_timersub(&at, &now, &at);
	assert_true(at.tv_sec <= 0 && at.tv_usec <= 30000);
	ring();
	assert_int_equal(world.asked, 1);
}

static void at_once_after_50_ms_and_not_before(void **state)
{
	(void)state;
	serve_since(50 * SW_NS_PER_MS - 1);
	sw_ready_doubt(ready);
	assert_int_equal(world.asked, 0);
	end(state);
	begin(state);
	serve_since(50 * SW_NS_PER_MS);
	sw_ready_doubt(ready);
	assert_int_equal(world.asked, 1);
}

static void who_finds_no_listener_has_it_asked_at_once_if_it_was_not_just_asked(void **state)
{
	(void)state;
	serve_since(200 * SW_NS_PER_MS);
	sw_ready_suspect(ready, true);
	assert_int_equal(world.asked, 1);
	assert_false(world.is_ready);
}

static void if_it_was_he_does_not_wait_and_it_is_asked_when_200_ms_are_over(void **state)
{
	struct timeval now, at;

	(void)state;
	serve_since(199 * SW_NS_PER_MS);
	sw_ready_suspect(ready, true);
	assert_int_equal(world.asked, 0);
	assert_true(world.is_ready);
	assert_true(evtimer_pending(ready->again, &at));
	evutil_gettimeofday(&now, NULL);
	evutil_timersub(&at, &now, &at);
	assert_true(at.tv_sec <= 0 && at.tv_usec <= 1500);
	world.now_ns += SW_NS_PER_MS;
	ring();
	assert_int_equal(world.asked, 1);
}

static void unless_nobody_listens_which_needs_no_question(void **state)
{
	(void)state;
	serve_since(20 * SW_NS_PER_MS);
	ready->is_here = true;
	world.has_no_listener = true;
	sw_ready_suspect(ready, true);
	assert_int_equal(world.asked, 0);
	assert_false(world.is_ready);
	assert_int_equal(sw_ready_state(ready), SW_READY_NOBODY_LISTENS);
}

/* A postgres, asked so long ago. */
static void serve_ticking_since(uint64_t ns)
{
	serve_since(ns);
	ready->is_postgres = true;
	ready->ended = world.ended;
}

static void tick_after(uint64_t ns)
{
	world.now_ns += ns;
	sw_ready_tick(ready, world.now_ns);
}

static void while_connections_end_it_is_asked_every_200_ms(void **state)
{
	(void)state;
	serve_ticking_since(0);
	for (int i = 0; i < 3; i++) {
		world.ended++;
		tick_after(199 * SW_NS_PER_MS);
		assert_int_equal(world.asked, i);
		assert_false(evtimer_pending(ready->again, NULL));
		tick_after(SW_NS_PER_MS);
		assert_int_equal(world.asked, i + 1);
		assert_true(world.is_ready);
		sw_ready_conclude(ready, SW_READY_SERVES);
	}
}

static void while_none_ends_only_one_that_has_a_monitor_is_and_every_ten_seconds(void **state)
{
	(void)state;
	serve_ticking_since(0);
	tick_after(10 * SW_NS_PER_S);
	assert_int_equal(world.asked, 0);
	world.is_watched = true;
	serve_ticking_since(0);
	tick_after(10 * SW_NS_PER_S - 1);
	assert_int_equal(world.asked, 0);
	tick_after(1);
	assert_int_equal(world.asked, 1);
}

static void one_that_cannot_say_whether_it_serves_is_not_asked(void **state)
{
	(void)state;
	serve_ticking_since(SW_NS_PER_S);
	world.ended++;
	ready->is_postgres = false;
	tick_after(0);
	ready->is_postgres = true;
	ready->can_ask = false;
	tick_after(0);
	assert_int_equal(world.asked, 0);
}

static void an_answer_to_an_earlier_question_says_nothing_good(void **state)
{
	(void)state;
	serve_since(SW_NS_PER_S);
	sw_ready_suspect(ready, true);
	assert_int_equal(world.asked, 1);
	sw_ready_doubt(ready);
	world.now_ns += 60 * SW_NS_PER_MS;
	sw_ready_conclude(ready, SW_READY_SERVES);
	assert_int_equal(world.asked, 2);
	assert_false(world.is_ready);
	sw_ready_conclude(ready, SW_READY_SERVES);
	assert_true(world.is_ready);
	assert_int_equal(world.asked, 2);
}

static void but_it_may_say_that_it_does_not_serve(void **state)
{
	(void)state;
	serve_since(SW_NS_PER_S);
	sw_ready_suspect(ready, true);
	sw_ready_doubt(ready);
	sw_ready_conclude(ready, SW_READY_TURNS_AWAY);
	assert_true(ready->was_down);
	assert_int_equal(world.asked, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(those_who_wait_are_let_in_when_the_budget_is_known),
		TEST(or_two_seconds_later),
		TEST(at_once_where_no_budget_follows_the_database),
		TEST(at_once_where_nobody_asks_it_or_nobody_waits),
		TEST(while_it_serves_nothing_is_waited_for),
		TEST(what_looks_like_its_end_is_asked_at_once_and_keeps_all_waiting),
		TEST(or_after_50_ms),
		TEST(at_once_after_50_ms_and_not_before),
		TEST(who_finds_no_listener_has_it_asked_at_once_if_it_was_not_just_asked),
		TEST(if_it_was_he_does_not_wait_and_it_is_asked_when_200_ms_are_over),
		TEST(unless_nobody_listens_which_needs_no_question),
		TEST(while_connections_end_it_is_asked_every_200_ms),
		TEST(while_none_ends_only_one_that_has_a_monitor_is_and_every_ten_seconds),
		TEST(one_that_cannot_say_whether_it_serves_is_not_asked),
		TEST(an_answer_to_an_earlier_question_says_nothing_good),
		TEST(but_it_may_say_that_it_does_not_serve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
