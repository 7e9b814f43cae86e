/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long a ramp goes on: for those that waited when it began, and do not wait for something of their own.
 */
#include "queue_rig.h"

static void come(struct sw_queue *queue, uint16_t source, uint16_t port, uint64_t syn_ns)
{
	park(queue, &(struct client){.source = source, .port = port}, syn_ns);
}

static void it_goes_on_until_those_are_in_who_waited_when_it_began(void **state)
{
	(void)state;
	for (enum sw_queue_order order = SW_QUEUE_FAIR; order <= SW_QUEUE_LIFO; order++) {
		struct sw_queue *queue = queue_of(order);
		int early = 0;

		assert_false(sw_queue_needs_ramp(queue));
		for (uint16_t i = 0; i < 10; i++)
			come(queue, i % 3, i, START + i);
		sw_queue_begin_ramp(queue, START + SECOND);
		for (uint16_t i = 10; i < 20; i++)
			come(queue, i % 5, i, START + 2 * SECOND + i);
		while (early < 10) {
			assert_true(sw_queue_needs_ramp(queue));
			early += let_in(queue, START + 3 * SECOND).port < 10;
		}
		assert_false(sw_queue_needs_ramp(queue));
		sw_queue_free(queue);
	}
}

static void one_that_gives_up_ends_it_likewise(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);

	(void)state;
	come(queue, 1, 1, START);
	sw_queue_begin_ramp(queue, START + SECOND);
	come(queue, 1, 2, START + 2 * SECOND);
	sw_queue_leave(queue, sw_queue_oldest(queue), false, START + 2 * SECOND);
	assert_false(sw_queue_needs_ramp(queue));
	sw_queue_free(queue);
}

static void who_waits_for_something_of_his_own_does_not_make_it_last(void **state)
{
	const struct sw_in6 one = source_address(1);
	struct sw_queue *queue = queue_of(SW_QUEUE_FIFO);

	(void)state;
	come(queue, 1, 1, START);
	come(queue, 2, 1, START + 1);
	sw_queue_set_aside(queue, sw_queue_next(queue), SW_QUEUE_SOURCE);
	sw_queue_begin_ramp(queue, START + SECOND);
	assert_true(sw_queue_needs_ramp(queue));
	sw_queue_set_aside(queue, sw_queue_next(queue), SW_QUEUE_EITHER);
	assert_false(sw_queue_needs_ramp(queue));
	/* That they may try again does not say that they have room; only if all may be other they are of those. */
	sw_queue_rejoin(queue, &one);
	sw_queue_rejoin_some(queue, START, NULL, NULL);
	assert_false(sw_queue_needs_ramp(queue));
	sw_queue_set_aside(queue, sw_queue_next(queue), SW_QUEUE_SOURCE);
	sw_queue_set_aside(queue, sw_queue_next(queue), SW_QUEUE_SOURCE);
	sw_queue_rejoin_all(queue);
	assert_true(sw_queue_needs_ramp(queue));
	assert_int_equal(let_in(queue, START).source, 1);
	assert_true(sw_queue_needs_ramp(queue));
	assert_int_equal(let_in(queue, START).source, 2);
	assert_false(sw_queue_needs_ramp(queue));
	sw_queue_free(queue);
}

static void a_source_that_got_one_in_is_of_those_again(void **state)
{
	const struct sw_in6 one = source_address(1);
	struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);

	(void)state;
	for (uint16_t port = 1; port <= 3; port++)
		come(queue, 1, port, START + port);
	sw_queue_begin_ramp(queue, START + SECOND);
	let_in(queue, START + SECOND);
	/* At its next turn the first is still inside, and it may have one only. */
	sw_queue_set_aside(queue, sw_queue_next(queue), SW_QUEUE_SOURCE);
	assert_false(sw_queue_needs_ramp(queue));
	sw_queue_rejoin(queue, &one);
	let_in(queue, START + 2 * SECOND);
	assert_true(sw_queue_needs_ramp(queue));
	let_in(queue, START + 3 * SECOND);
	assert_false(sw_queue_needs_ramp(queue));
	sw_queue_free(queue);
}

static void a_class_without_room_does_not_make_it_last_until_it_has_some(void **state)
{
	const struct sw_in6 other = source_address(9);

	(void)state;
	for (enum sw_queue_order order = SW_QUEUE_FAIR; order <= SW_QUEUE_LIFO; order++) {
		struct sw_queue *queue = queue_of(order);

		park(queue, &(struct client){.source = 1, .port = 1, .class_id = 7}, START);
		park(queue, &(struct client){.source = 2, .port = 2, .class_id = 7}, START);
		sw_queue_begin_ramp(queue, START + SECOND);
		assert_true(sw_queue_needs_ramp(queue));
		sw_queue_set_aside(queue, sw_queue_next(queue), SW_QUEUE_CLASS);
		assert_false(sw_queue_needs_ramp(queue));
		/* Each end of anybody's lets it try, and whoever came later is not behind that. */
		come(queue, 3, 3, START + 2 * SECOND);
		sw_queue_rejoin(queue, &other);
		assert_false(sw_queue_needs_ramp(queue));
		sw_queue_leave(queue, sw_queue_oldest(queue), true, START + 2 * SECOND);
		assert_true(sw_queue_needs_ramp(queue));
		sw_queue_free(queue);
	}
}

/* The daemon before this one began it, or was told to when nobody had been heard of yet. */
static void it_is_for_whoever_is_heard_of_later_and_had_come_before(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);

	(void)state;
	sw_queue_begin_ramp(queue, START + SECOND);
	assert_false(sw_queue_needs_ramp(queue));
	come(queue, 1, 1, START + 2 * SECOND);
	assert_false(sw_queue_needs_ramp(queue));
	come(queue, 2, 2, START);
	assert_true(sw_queue_needs_ramp(queue));
	sw_queue_free(queue);
}

static void who_was_postponed_does_not_make_it_last(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);

	(void)state;
	come(queue, 1, 1, START);
	sw_queue_begin_ramp(queue, START + SECOND);
	come(queue, 1, 2, START + 2 * SECOND);
	sw_queue_postpone(queue, sw_queue_next(queue));
	assert_false(sw_queue_needs_ramp(queue));
	assert_int_equal(let_in(queue, START).port, 2);
	assert_true(sw_queue_needs_ramp(queue));
	sw_queue_free(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_goes_on_until_those_are_in_who_waited_when_it_began),
		cmocka_unit_test(one_that_gives_up_ends_it_likewise),
		cmocka_unit_test(who_waits_for_something_of_his_own_does_not_make_it_last),
		cmocka_unit_test(a_source_that_got_one_in_is_of_those_again),
		cmocka_unit_test(a_class_without_room_does_not_make_it_last_until_it_has_some),
		cmocka_unit_test(it_is_for_whoever_is_heard_of_later_and_had_come_before),
		cmocka_unit_test(who_was_postponed_does_not_make_it_last),
	};

	return cmocka_run_group_tests_name("queue_ramp", tests, NULL, NULL);
}
