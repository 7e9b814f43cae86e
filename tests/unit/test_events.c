/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is remembered of connections, and how long, with a gate of this test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>

#define sw_ring_open  fake_ring_open
#define sw_ring_read  fake_ring_read
#define sw_ring_close fake_ring_close
#define sw_kern_count fake_kern_count

#include "daemon/events.c"

static void (*told)(void *arg, const void *record, size_t bytes);
static void *told_arg;
static enum sw_told pending_kind;
static unsigned int pending; /* decisions that the gate told, and nobody has read */
static uint64_t untold;
static const struct sw_maps maps = {.decisions_fd = 7};
static struct sw_daemon guard;

int fake_ring_open(int map_fd, void (*each)(void *arg, const void *record, size_t bytes), void *arg,
		   struct sw_ring **out)
{
	assert_int_equal(map_fd, guard.maps->decisions_fd);
	told = each;
	told_arg = arg;
	*out = NULL;
	return 0;
}

bool fake_ring_read(struct sw_ring *ring, unsigned int most)
{
	const struct sw_decision decision = {.lane = SW_LANE_REFUSE,
					     .kind = (__u8)pending_kind,
					     .at_ns = 5 * SW_NS_PER_S,
					     .opened_ns = 2 * SW_NS_PER_S};

	(void)ring;
	/* More than the ring holds can only have come meanwhile. */
	assert_int_equal(most, SW_DECISIONS_BYTES / sizeof(decision));
	for (; pending; pending--)
		told(told_arg, &decision, sizeof(decision));
	return true;
}

void fake_ring_close(struct sw_ring *ring)
{
	(void)ring;
}

int fake_kern_count(struct sw_kern *kern, uint32_t service, enum sw_counter counter, uint64_t by)
{
	(void)kern, (void)service;
	assert_int_equal(counter, SW_COUNTER_EVENTS_UNTOLD);
	untold += by;
	return 0;
}

void sw_events_log(const struct sw_daemon *daemon, const struct sw_event *event)
{
	(void)daemon, (void)event;
}

static int begin(void **unused)
{
	struct sw_error err;

	(void)unused;
	pending = 0;
	pending_kind = SW_TOLD_DECISION;
	untold = 0;
	guard = (struct sw_daemon){.base = event_base_new(), .maps = &maps};
	return guard.base ? sw_events_start(&guard, &err) : -1;
}

static int end(void **unused)
{
	(void)unused;
	sw_events_stop(&guard);
	event_base_free(guard.base);
	return 0;
}

static void evict(void)
{
	sw_events_evicted(&guard, 0, 0, "192.0.2.7", "4711", 90);
}

static void the_newest_put_out_the_oldest_and_how_many_is_known(void **unused)
{
	(void)unused;
	pending = SW_EVENTS_KEPT + 10;
	assert_int_equal(sw_events_next(&guard), SW_EVENTS_KEPT + 10);
	assert_int_equal(sw_events_missed(&guard, 0), 10);
	assert_int_equal(sw_events_missed(&guard, 4), 6);
	assert_int_equal(sw_events_missed(&guard, 10), 0);
	assert_int_equal(sw_events_from(&guard, 0)->number, 10);
	assert_int_equal(sw_events_from(&guard, 77)->number, 77);
	assert_null(sw_events_from(&guard, SW_EVENTS_KEPT + 10));
}

static void a_storm_puts_out_no_session_that_was_ended(void **unused)
{
	const struct sw_event *first;

	(void)unused;
	evict();
	pending = 3 * SW_EVENTS_KEPT;
	assert_int_equal(sw_events_next(&guard), 3 * SW_EVENTS_KEPT + 1);
	first = sw_events_from(&guard, 0);
	assert_int_equal(first->kind, SW_EVENT_EVICTED);
	assert_int_equal(first->took_ns, 90 * SW_NS_PER_S);
	assert_int_equal(ntohs(first->what.client_port_be), 4711);
	assert_int_equal(sw_events_from(&guard, 1)->kind, SW_EVENT_DECISION);
	assert_int_equal(sw_events_missed(&guard, 0), 2 * SW_EVENTS_KEPT);
}

static void what_the_gate_told_before_comes_before(void **unused)
{
	const struct sw_flow_key flow = {0};
	const struct sw_released released = {.lane = SW_LANE_DIRECT};

	(void)unused;
	pending = 2;
	evict();
	pending = 1;
	sw_events_wait_ended(&guard, 0, 0, &flow, SW_WAIT_ADMITTED, &released, 0);
	assert_int_equal(sw_events_next(&guard), 5);
	assert_int_equal(sw_events_from(&guard, 1)->kind, SW_EVENT_DECISION);
	assert_int_equal(sw_events_from(&guard, 2)->kind, SW_EVENT_EVICTED);
	assert_int_equal(sw_events_from(&guard, 3)->kind, SW_EVENT_DECISION);
	assert_int_equal(sw_events_from(&guard, 4)->kind, SW_EVENT_WAIT_ENDED);
}

static void ends_of_connections_are_kept_apart_from_the_rest(void **unused)
{
	(void)unused;
	pending = 3;
	sw_events_next(&guard);
	pending_kind = SW_TOLD_END;
	pending = SW_EVENTS_ENDS + 10;
	assert_int_equal(sw_ends_next(&guard), SW_EVENTS_ENDS + 10);
	assert_int_equal(sw_ends_missed(&guard, 0), 10);
	assert_int_equal(sw_ends_missed(&guard, 10), 0);
	assert_int_equal(sw_ends_from(&guard, 0)->number, 10);
	assert_int_equal(sw_ends_from(&guard, 10)->kind, SW_EVENT_ENDED);
	assert_int_equal(sw_ends_from(&guard, 10)->took_ns, 3 * SW_NS_PER_S);
	assert_null(sw_ends_from(&guard, SW_EVENTS_ENDS + 10));
	assert_int_equal(sw_events_next(&guard), 3);
	assert_int_equal(sw_events_missed(&guard, 0), 0);
}

/* However long the daemon is kept from reading one after the other. */
static void times_are_as_far_apart_as_by_the_clock_of_the_kernel(void **unused)
{
	(void)unused;
	pending = 2000;
	sw_events_next(&guard);
	for (uint64_t number = 1; number < 2000; number++)
		assert_int_equal(sw_events_from(&guard, number)->at_ns,
				 sw_events_from(&guard, 0)->at_ns);
	assert_in_range(sw_clock_realtime_ns() - sw_events_from(&guard, 0)->at_ns,
			sw_clock_monotonic_ns() - 6 * SW_NS_PER_S, sw_clock_monotonic_ns());
}

/* Over the end of a second twice as many may be told. */
static void of_ends_of_waits_too_there_are_so_many_a_second_and_the_rest_is_counted(void **unused)
{
	const unsigned int ended = 3 * SW_DECISIONS_ALL;
	const struct sw_flow_key flow = {0};
	const struct sw_released released = {.lane = SW_LANE_DIRECT};

	(void)unused;
	for (unsigned int i = 0; i < ended; i++)
		sw_events_wait_ended(&guard, 0, 0, &flow, SW_WAIT_ADMITTED, &released, 0);
	assert_in_range(sw_events_next(&guard), SW_DECISIONS_ALL, 2 * SW_DECISIONS_ALL);
	assert_int_equal(sw_events_next(&guard) + untold, ended);
}

/* So many neighbours, whose addresses differ in that byte alone, have so many places among those who are told of. */
static size_t places_of_neighbours(size_t byte)
{
	static uint8_t taken[SW_SAMPLED];
	size_t places = 0;

	memset(taken, 0, sizeof(taken));
	for (unsigned int i = 0; i < 256; i++) {
		struct sw_source_key key = {.address.words_be = {0, 0, htonl(0xffff), 0}};
		uint32_t place;

		key.address.bytes[byte] = (uint8_t)i;
		place = sw_sample_place(sw_sample_hash(&key));
		places += !taken[place]++;
	}
	return places;
}

static void neighbours_do_not_put_each_other_out(void **unused)
{
	(void)unused;
	for (size_t byte = 0; byte < sizeof(struct sw_in6); byte++)
		assert_in_range(places_of_neighbours(byte), 230, 256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_newest_put_out_the_oldest_and_how_many_is_known,
						begin, end),
		cmocka_unit_test_setup_teardown(a_storm_puts_out_no_session_that_was_ended, begin,
						end),
		cmocka_unit_test_setup_teardown(what_the_gate_told_before_comes_before, begin, end),
		cmocka_unit_test_setup_teardown(ends_of_connections_are_kept_apart_from_the_rest,
						begin, end),
		cmocka_unit_test_setup_teardown(
			times_are_as_far_apart_as_by_the_clock_of_the_kernel, begin, end),
		cmocka_unit_test_setup_teardown(
			of_ends_of_waits_too_there_are_so_many_a_second_and_the_rest_is_counted,
			begin, end),
		cmocka_unit_test(neighbours_do_not_put_each_other_out),
	};

	return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
