/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lost wakeups, as a queue knows them: who was kept for what a wakeup tells the end of, and gets in by the clock.
 */
#include <stdbool.h>

#include "queue_rig.h"

#define MANY 1000

static void come(struct sw_queue *queue, uint16_t source)
{
	park(queue, &(struct client){.source = source, .port = 1}, START + source);
}

/* Who is next stays, and a wakeup is to tell of it. */
static void keep(struct sw_queue *queue, enum sw_queue_scope scope)
{
	const struct sw_waiter *waiter = sw_queue_next(queue);

	assert_non_null(waiter);
	sw_queue_set_aside(queue, waiter, scope);
	sw_queue_expect_wakeup(queue, waiter);
}

/* Lets the next in, who is that source's: whether he was found. */
static bool finds(struct sw_queue *queue, uint16_t source)
{
	const struct sw_waiter *waiter = sw_queue_next(queue);
	bool is_found;

	assert_non_null(waiter);
	is_found = sw_queue_is_found(queue, waiter);
	assert_int_equal(let_in(queue, START).source, source);
	return is_found;
}

static void who_gets_in_by_the_clock_is_found(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FIFO);

	(void)state;
	for (enum sw_queue_scope scope = SW_QUEUE_SOURCE; scope <= SW_QUEUE_CLASS; scope++) {
		come(queue, 1);
		keep(queue, scope);
		sw_queue_rejoin_some(queue);
		assert_true(finds(queue, 1) || scope == SW_QUEUE_EITHER);
	}
	sw_queue_free(queue);
}

static void of_whom_a_wakeup_told_nobody_is_found(void **state)
{
	const struct sw_in6 address = source_address(1);
	struct sw_queue *queue = queue_of(SW_QUEUE_FIFO);

	(void)state;
	for (enum sw_queue_scope scope = SW_QUEUE_SOURCE; scope <= SW_QUEUE_CLASS; scope++) {
		come(queue, 1);
		keep(queue, scope);
		sw_queue_rejoin(queue, &address);
		assert_false(finds(queue, 1));
		come(queue, 1);
		keep(queue, scope);
		sw_queue_rejoin_all(queue);
		assert_false(finds(queue, 1));
	}
	/* It came while the clock's finds were tried. */
	come(queue, 1);
	keep(queue, SW_QUEUE_CLASS);
	sw_queue_rejoin_some(queue);
	sw_queue_rejoin(queue, &address);
	assert_false(finds(queue, 1));
	sw_queue_free(queue);
}

static void what_no_wakeup_tells_of_finds_nobody(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FIFO);

	(void)state;
	for (enum sw_queue_scope scope = SW_QUEUE_SOURCE; scope <= SW_QUEUE_CLASS; scope++) {
		come(queue, 1);
		/* What it was kept for before counts no more. */
		keep(queue, scope);
		sw_queue_rejoin_some(queue);
		sw_queue_set_aside(queue, sw_queue_next(queue), scope);
		sw_queue_rejoin_some(queue);
		assert_false(finds(queue, 1));
	}
	sw_queue_free(queue);
}

static void one_that_waits_for_his_rate_hides_nobody(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FIFO);

	(void)state;
	come(queue, 1);
	come(queue, 2);
	sw_queue_set_aside(queue, sw_queue_next(queue), SW_QUEUE_SOURCE);
	keep(queue, SW_QUEUE_CLASS);
	sw_queue_rejoin_some(queue);
	sw_queue_set_aside(queue, sw_queue_next(queue), SW_QUEUE_SOURCE);
	assert_true(finds(queue, 2));
	sw_queue_free(queue);
}

static void all_of_many_are_found(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FIFO);

	(void)state;
	for (uint16_t i = 0; i < MANY; i++)
		come(queue, i);
	keep(queue, SW_QUEUE_CLASS);
	sw_queue_rejoin_some(queue);
	for (uint16_t i = 0; i < MANY; i++)
		assert_true(finds(queue, i));
	/* And nobody who comes when that is done. */
	sw_queue_tried_all(queue);
	come(queue, 1);
	assert_false(finds(queue, 1));
	sw_queue_free(queue);
}

static void who_comes_before_the_one_who_was_tried_may_have_found_another_lane(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_LIFO);

	(void)state;
	come(queue, 1);
	keep(queue, SW_QUEUE_CLASS);
	come(queue, 2);
	sw_queue_rejoin_some(queue);
	assert_false(finds(queue, 2));
	assert_true(finds(queue, 1));
	sw_queue_free(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_gets_in_by_the_clock_is_found),
		cmocka_unit_test(of_whom_a_wakeup_told_nobody_is_found),
		cmocka_unit_test(what_no_wakeup_tells_of_finds_nobody),
		cmocka_unit_test(one_that_waits_for_his_rate_hides_nobody),
		cmocka_unit_test(all_of_many_are_found),
		cmocka_unit_test(
			who_comes_before_the_one_who_was_tried_may_have_found_another_lane),
	};

	return cmocka_run_group_tests_name("queue_found", tests, NULL, NULL);
}
