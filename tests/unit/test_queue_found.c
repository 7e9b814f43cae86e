/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lost wakeups, as a queue knows them: who was kept for what a wakeup tells the end of, and gets in by the clock.
 */
#include <stdbool.h>

#include "queue_rig.h"

#define MANY	1000
#define CROWD	20000 /* ten times as many as are looked at in turn */
#define LOOK	(50 * MS)
#define OF_THAT 15000

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
	enum sw_queue_found found;
	uint64_t since_ns;

	assert_non_null(waiter);
	found = sw_queue_found(queue, waiter, &since_ns);
	assert_int_not_equal(found, SW_QUEUE_UNTOLD);
	assert_int_equal(let_in(queue, START).source, source);
	return found == SW_QUEUE_FOUND;
}

static void who_gets_in_by_the_clock_is_found(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FIFO);

	(void)state;
	for (enum sw_queue_scope scope = SW_QUEUE_SOURCE; scope <= SW_QUEUE_CLASS; scope++) {
		come(queue, 1);
		keep(queue, scope);
		sw_queue_rejoin_some(queue, START, NULL, NULL);
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
	sw_queue_rejoin_some(queue, START, NULL, NULL);
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
		sw_queue_rejoin_some(queue, START, NULL, NULL);
		sw_queue_set_aside(queue, sw_queue_next(queue), scope);
		sw_queue_rejoin_some(queue, START, NULL, NULL);
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
	sw_queue_rejoin_some(queue, START, NULL, NULL);
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
	sw_queue_rejoin_some(queue, START, NULL, NULL);
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
	sw_queue_rejoin_some(queue, START, NULL, NULL);
	assert_false(finds(queue, 2));
	assert_true(finds(queue, 1));
	sw_queue_free(queue);
}

static void crowd_that_waits_for_its_sources(struct sw_queue *queue)
{
	for (uint16_t i = 0; i < CROWD; i++) {
		come(queue, i);
		keep(queue, SW_QUEUE_SOURCE);
	}
}

/* At the look of that time: when each was tried last, and kept. */
static uint64_t at_ns, kept_ns[CROWD];

/* Tries all that may try, of whom one has room: true if he has had his turn, and got in. */
static bool try_all(struct sw_queue *queue, uint16_t lucky, enum sw_queue_found *found,
		    uint64_t *since_ns)
{
	const struct sw_waiter *waiter;

	while ((waiter = sw_queue_next(queue))) {
		if (who(queue, waiter).source == lucky) {
			*found = sw_queue_found(queue, waiter, since_ns);
			sw_queue_leave(queue, waiter, true, START);
			return true;
		}
		kept_ns[who(queue, waiter).source] = at_ns;
		sw_queue_set_aside(queue, waiter, SW_QUEUE_SOURCE);
		sw_queue_expect_wakeup(queue, waiter);
	}
	return false;
}

static bool is_that_source(const void *arg, const struct sw_in6 *source)
{
	return !memcmp(arg, source, sizeof(*source));
}

/* Be it tried right after that look or, for others came before it, after the next. */
static void
whose_wakeup_is_known_to_be_lost_is_found_at_the_next_look_among_any_number(void **state)
{
	const struct sw_in6 address = source_address(OF_THAT);
	enum sw_queue_found found;
	uint64_t since_ns;

	(void)state;
	for (int later = 0; later < 2; later++) {
		struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);

		sw_queue_rejoin_some(queue, START, NULL, NULL);
		crowd_that_waits_for_its_sources(queue);
		sw_queue_rejoin_some(queue, START + LOOK, NULL, NULL);
		assert_false(try_all(queue, OF_THAT, &found, &since_ns));
		sw_queue_rejoin_some(queue, START + 2 * LOOK, is_that_source, &address);
		if (later)
			sw_queue_rejoin_some(queue, START + 3 * LOOK, NULL, NULL);
		/* Other wakeups come, which say nothing of it. */
		sw_queue_rejoin(queue, &(struct sw_in6){.words_be = {1}});
		assert_true(try_all(queue, OF_THAT, &found, &since_ns));
		assert_int_equal(found, SW_QUEUE_UNTOLD);
		assert_int_equal(since_ns, START + LOOK);
		sw_queue_free(queue);
	}
}

/*
 * A look at some of them at a time comes to each in the end. What he gets may be free since he was kept last, and it
 * is not said that it was for less long; wherever he stands.
 */
static void of_what_nobody_knew_it_is_said_how_long_at_most_it_went_unseen(void **state)
{
	enum sw_queue_found found;
	uint64_t since_ns;

	(void)state;
	for (uint16_t that = 500; that < CROWD; that += 1500) {
		struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);

		at_ns = START;
		sw_queue_rejoin_some(queue, at_ns, NULL, NULL);
		crowd_that_waits_for_its_sources(queue);
		/* Looks go round more than twice before. */
		for (int i = 0; i < 24; i++) {
			sw_queue_rejoin_some(queue, at_ns += LOOK, NULL, NULL);
			assert_false(try_all(queue, CROWD, &found, &since_ns));
		}
		do
			sw_queue_rejoin_some(queue, at_ns += LOOK, NULL, NULL);
		while (!try_all(queue, that, &found, &since_ns));
		assert_true(at_ns - kept_ns[that] > 2 * LOOK);
		assert_int_equal(found, SW_QUEUE_FOUND);
		assert_in_range(since_ns, at_ns - 20 * LOOK, kept_ns[that]);
		sw_queue_free(queue);
	}
}

static void where_all_are_looked_at_it_went_unseen_since_the_last_look(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);
	enum sw_queue_found found;
	uint64_t since_ns;

	(void)state;
	sw_queue_rejoin_some(queue, START, NULL, NULL);
	for (uint16_t i = 0; i < MANY; i++) {
		come(queue, i);
		keep(queue, SW_QUEUE_SOURCE);
	}
	for (int i = 1; i < 300; i++) {
		sw_queue_rejoin_some(queue, START + i * LOOK, NULL, NULL);
		assert_true(try_all(queue, (uint16_t)i, &found, &since_ns));
		assert_int_equal(found, SW_QUEUE_FOUND);
		assert_int_equal(since_ns, START + (i - 1) * LOOK);
		assert_false(try_all(queue, MANY, &found, &since_ns));
	}
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
		cmocka_unit_test(
			whose_wakeup_is_known_to_be_lost_is_found_at_the_next_look_among_any_number),
		cmocka_unit_test(of_what_nobody_knew_it_is_said_how_long_at_most_it_went_unseen),
		cmocka_unit_test(where_all_are_looked_at_it_went_unseen_since_the_last_look),
	};

	return cmocka_run_group_tests_name("queue_found", tests, NULL, NULL);
}
