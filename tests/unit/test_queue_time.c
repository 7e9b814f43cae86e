/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time in a waiting room: how long one may wait, who must have given up, and how fast it moves.
 */
#include "queue_rig.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void the_oldest_is_overdue_at_max_wait(void **state)
{
	const struct sw_queue_settings plain = {.max_wait_ns = 10 * SECOND};
	struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);

	(void)state;
	sw_queue_configure(queue, &plain);
	assert_int_equal(sw_queue_deadline_ns(queue, START), UINT64_MAX);
	assert_null(sw_queue_overdue(queue, START));
	park(queue, &(struct client){.source = 1, .port = 1}, START);
	park(queue, &(struct client){.source = 2, .port = 2}, START + SECOND);
	assert_int_equal(sw_queue_deadline_ns(queue, START), START + 10 * SECOND);
	assert_null(sw_queue_overdue(queue, START + 10 * SECOND - 1));
	assert_int_equal(who(queue, sw_queue_overdue(queue, START + 10 * SECOND)).port, 1);
	sw_queue_leave(queue, sw_queue_overdue(queue, START + 10 * SECOND), false, START);
	assert_null(sw_queue_overdue(queue, START + 11 * SECOND - 1));
	assert_int_equal(who(queue, sw_queue_overdue(queue, START + 11 * SECOND)).port, 2);
	sw_queue_free(queue);
}

/* Ten times a second it is tried whether there is room, and there is none. */
static void find_no_room(struct sw_queue *queue, uint64_t from_ns, uint64_t to_ns)
{
	for (uint64_t now_ns = from_ns; now_ns <= to_ns; now_ns += 100 * MS)
		sw_queue_note_short(queue, sw_queue_oldest(queue), now_ns);
}

/* Somebody waits for room at every moment for so long. The wait that is served then. */
static uint64_t served_after(enum sw_queue_order order, uint64_t busy_ns)
{
	struct sw_queue *queue = queue_of(order);
	uint64_t served_ns;

	park(queue, &(struct client){.source = 1, .port = 1}, START);
	find_no_room(queue, START, START + busy_ns);
	park(queue, &(struct client){.source = 1, .port = 2}, START + busy_ns);
	let_in(queue, START + busy_ns);
	served_ns = sw_queue_max_wait_ns(queue, 0, START + busy_ns);
	sw_queue_free(queue);
	return served_ns;
}

static void a_queue_that_never_empties_serves_shorter_waits(void **state)
{
	(void)state;
	for (enum sw_queue_order order = SW_QUEUE_FAIR; order <= SW_QUEUE_FIFO; order++) {
		assert_int_equal(served_after(order, SECOND), 10 * SECOND);
		assert_int_equal(served_after(order, 10 * SECOND), 10 * SECOND);
		assert_int_equal(served_after(order, 15 * SECOND), 6 * SECOND);
		assert_int_equal(served_after(order, 20 * SECOND), 2 * SECOND);
		assert_int_equal(served_after(order, 200 * SECOND), 2 * SECOND);
	}
	assert_int_equal(served_after(SW_QUEUE_LIFO, 200 * SECOND), 10 * SECOND);
}

static void an_empty_queue_begins_anew(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);

	(void)state;
	park(queue, &(struct client){.source = 1, .port = 1}, START);
	find_no_room(queue, START, START + 30 * SECOND);
	assert_int_equal(sw_queue_max_wait_ns(queue, 0, START + 30 * SECOND), 2 * SECOND);
	let_in(queue, START + 30 * SECOND);
	assert_int_equal(sw_queue_max_wait_ns(queue, 0, START + 30 * SECOND), 10 * SECOND);
	park(queue, &(struct client){.source = 1, .port = 1}, START + 30 * SECOND);
	find_no_room(queue, START + 30 * SECOND, START + 40 * SECOND);
	assert_int_equal(sw_queue_max_wait_ns(queue, 0, START + 40 * SECOND), 10 * SECOND);
	sw_queue_free(queue);
}

static void time_in_which_nobody_is_let_in_is_none_of_the_queues(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);

	(void)state;
	park(queue, &(struct client){.source = 1, .port = 1}, START);
	find_no_room(queue, START, START + 20 * SECOND);
	sw_queue_hold(queue, true);
	assert_int_equal(sw_queue_max_wait_ns(queue, 0, START + 20 * SECOND), 10 * SECOND);
	assert_int_equal(sw_queue_deadline_ns(queue, START + SECOND), START + 10 * SECOND);
	sw_queue_hold(queue, false);
	find_no_room(queue, START + 60 * SECOND, START + 70 * SECOND);
	assert_int_equal(sw_queue_max_wait_ns(queue, 0, START + 70 * SECOND), 10 * SECOND);
	find_no_room(queue, START + 70 * SECOND, START + 80 * SECOND);
	assert_int_equal(sw_queue_max_wait_ns(queue, 0, START + 80 * SECOND), 2 * SECOND);
	sw_queue_free(queue);
}

/* A ramp of 200 a second after a pause of half a minute; max_wait is long enough for all of that. */
static void who_is_let_in_by_a_ramp_is_not_cut_short_although_it_takes_long(void **state)
{
	const struct sw_queue_settings patient = {.max_wait_ns = 60 * SECOND,
						  .overload_after_ns = 10 * SECOND,
						  .overload_wait_ns = 2 * SECOND};
	struct sw_queue *queue = sw_queue_new();
	uint64_t now_ns = START + 30 * SECOND;

	(void)state;
	sw_queue_configure(queue, &patient);
	sw_queue_hold(queue, true);
	for (uint16_t i = 0; i < 5000; i++)
		park(queue, &(struct client){.source = i % 100, .port = i}, START + i * 6 * MS);
	sw_queue_hold(queue, false);
	for (; sw_queue_count(queue); now_ns += 5 * MS) {
		assert_null(sw_queue_overdue(queue, now_ns));
		let_in(queue, now_ns);
	}
	assert_int_equal(now_ns, START + 55 * SECOND);
	sw_queue_free(queue);
}

/* The budget is less than what waited, and the room tells so all the while. */
static void who_waited_through_a_pause_is_not_cut_short_by_want_of_room(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);
	uint64_t resumed_ns = START + 5 * SECOND, in_ns = resumed_ns + 30 * SECOND;

	(void)state;
	park(queue, &(struct client){.source = 1, .port = 1}, START);
	find_no_room(queue, START - 30 * SECOND, START);
	sw_queue_begin_ramp(queue, resumed_ns);
	assert_int_equal(sw_queue_max_wait_ns(queue, 0, START + 1), 10 * SECOND);
	find_no_room(queue, resumed_ns, in_ns);
	park(queue, &(struct client){.source = 1, .port = 2}, in_ns);
	assert_int_equal(sw_queue_max_wait_ns(queue, 0, in_ns), 10 * SECOND);
	let_in(queue, in_ns);
	/* From there on it is as ever. */
	find_no_room(queue, in_ns, in_ns + 20 * SECOND);
	assert_int_equal(sw_queue_max_wait_ns(queue, 0, in_ns + 20 * SECOND), 2 * SECOND);
	sw_queue_free(queue);
}

/* The room tells of shortages that are not the source's own: it waits, the others come and go. */
static void who_waits_for_his_own_source_shortens_nobodys_wait(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);

	(void)state;
	park(queue, &(struct client){.source = 1, .port = 1}, START);
	for (uint64_t now_ns = START; now_ns < START + 60 * SECOND; now_ns += 100 * MS) {
		sw_queue_rejoin_all(queue);
		sw_queue_set_aside(queue, sw_queue_next(queue), SW_QUEUE_SOURCE);
		park(queue, &(struct client){.source = 2, .port = 2}, now_ns);
		assert_int_equal(sw_queue_max_wait_ns(queue, 0, now_ns), 10 * SECOND);
		assert_int_equal(let_in(queue, now_ns).source, 2);
	}
	sw_queue_free(queue);
}

/* Its own cap keeps class 7 out; class 0 has room, but for one that waits for his source. */
static void a_class_that_has_no_room_shortens_no_other_classes_wait(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);
	uint64_t end_ns = START + 20 * SECOND;

	(void)state;
	park(queue, &(struct client){.source = 1, .port = 1}, START);
	park(queue, &(struct client){.source = 2, .port = 2, .class_id = 7}, START + 15 * SECOND);
	park(queue, &(struct client){.source = 3, .port = 3, .class_id = 7}, START + 19 * SECOND);
	sw_queue_set_aside(queue, sw_queue_next(queue), SW_QUEUE_SOURCE);
	for (uint64_t now_ns = START; now_ns <= end_ns; now_ns += 100 * MS)
		sw_queue_note_short(queue, sw_queue_next(queue), now_ns);
	assert_int_equal(sw_queue_max_wait_ns(queue, 7, end_ns), 2 * SECOND);
	assert_int_equal(sw_queue_max_wait_ns(queue, 0, end_ns), 10 * SECOND);
	/* The first is overdue by max_wait; without him the second is the next, by less. */
	assert_int_equal(who(queue, sw_queue_overdue(queue, end_ns)).port, 1);
	sw_queue_leave(queue, sw_queue_overdue(queue, end_ns), false, end_ns);
	park(queue, &(struct client){.source = 1, .port = 4}, START + 14 * SECOND);
	assert_int_equal(who(queue, sw_queue_overdue(queue, end_ns)).port, 2);
	sw_queue_leave(queue, sw_queue_overdue(queue, end_ns), false, end_ns);
	assert_null(sw_queue_overdue(queue, end_ns));
	assert_int_equal(sw_queue_deadline_ns(queue, end_ns), START + 21 * SECOND);
	assert_int_equal(who(queue, sw_queue_oldest(queue)).port, 4);
	sw_queue_free(queue);
}

static void room_that_is_found_in_time_ends_the_shortage(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FIFO);

	(void)state;
	park(queue, &(struct client){.source = 1, .port = 1}, START);
	find_no_room(queue, START, START + 20 * SECOND);
	assert_int_equal(sw_queue_max_wait_ns(queue, 0, START + 20 * SECOND), 2 * SECOND);
	assert_int_equal(sw_queue_max_wait_ns(queue, 0, START + 21 * SECOND), 10 * SECOND);
	sw_queue_note_short(queue, sw_queue_oldest(queue), START + 21 * SECOND);
	assert_int_equal(sw_queue_max_wait_ns(queue, 0, START + 21 * SECOND), 10 * SECOND);
	sw_queue_free(queue);
}

static void without_an_overload_limit_max_wait_holds(void **state)
{
	const struct sw_queue_settings never = {.max_wait_ns = 10 * SECOND,
						.overload_wait_ns = SECOND};
	struct sw_queue *queue = sw_queue_new();

	(void)state;
	sw_queue_configure(queue, &never);
	park(queue, &(struct client){.source = 1, .port = 1}, START);
	find_no_room(queue, START, START + 1000 * SECOND);
	assert_int_equal(sw_queue_max_wait_ns(queue, 0, START + 1000 * SECOND), 10 * SECOND);
	sw_queue_free(queue);
}

/* Seconds after the first at which clients send their SYNs. */
static const int linux_old[] = {0, 1, 3, 7, 15, 31, 63};
static const int linux_new[] = {0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67};
static const int windows[] = {0, 1, 3, 7, 15};
static const struct {
	const int *at;
	size_t count;
} timers[] = {{linux_old, COUNT_OF(linux_old)},
	      {linux_new, COUNT_OF(linux_new)},
	      {windows, COUNT_OF(windows)}};

static void who_repeats_his_syn_is_never_taken_for_silent(void **state)
{
	(void)state;
	for (size_t t = 0; t < COUNT_OF(timers); t++) {
		struct sw_queue *queue = queue_of(SW_QUEUE_FIFO);
		const struct client client = {.source = 1, .port = 1};

		for (size_t i = 0; i < timers[t].count; i++) {
			uint64_t now_ns = START + (uint64_t)timers[t].at[i] * SECOND;
			const struct sw_parked parked = syn_of(&client, START, now_ns);

			if (i) /* up to a tenth late */
				assert_false(sw_queue_is_silent(
					sw_queue_next(queue),
					now_ns + (uint64_t)(timers[t].at[i] - timers[t].at[i - 1]) *
							 SECOND / 10));
			sw_queue_park(queue, &parked, now_ns);
			assert_false(sw_queue_is_silent(sw_queue_next(queue), now_ns + SECOND));
		}
		sw_queue_free(queue);
	}
}

/* Those of the timers that bit `lost` is set for never arrive; all that do are up to a tenth late. */
static void expect_to_be_kept(size_t t, unsigned int lost)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FIFO);
	const struct client client = {.source = 1, .port = 1};

	for (size_t i = 0; i < timers[t].count; i++) {
		uint64_t at_ms = (uint64_t)timers[t].at[i] * 1000;
		uint64_t gap_ms = i ? at_ms - (uint64_t)timers[t].at[i - 1] * 1000 : 0;
		uint64_t now_ns = START + (at_ms + gap_ms / 10) * MS;
		const struct sw_parked parked = syn_of(&client, START, now_ns);

		if (lost >> i & 1)
			continue;
		if (i)
			assert_false(sw_queue_is_gone(sw_queue_next(queue), now_ns));
		sw_queue_park(queue, &parked, now_ns);
	}
	sw_queue_free(queue);
}

/* Whichever are lost, if never two in a row; the first of all is what makes him wait. */
static void who_loses_a_syn_now_and_then_is_never_taken_for_gone(void **state)
{
	(void)state;
	for (size_t t = 0; t < COUNT_OF(timers); t++)
		for (unsigned int lost = 0; lost < 1u << timers[t].count; lost += 2)
			if (!(lost & lost << 1))
				expect_to_be_kept(t, lost);
}

static int count_gone(void *arg, const struct sw_waiter *waiter)
{
	(void)waiter;
	++*(int *)arg;
	return 0;
}

static void who_falls_silent_is_found(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FIFO);
	const struct client client = {.source = 1, .port = 1};
	struct sw_parked again;
	int gone = 0;

	(void)state;
	park(queue, &client, START);
	assert_true(sw_queue_is_silent(sw_queue_next(queue), START + 2 * SECOND));
	assert_false(sw_queue_is_gone(sw_queue_next(queue), START + 3 * SECOND));
	assert_true(sw_queue_is_gone(sw_queue_next(queue), START + 5 * SECOND));
	again = syn_of(&client, START, START + SECOND);
	sw_queue_park(queue, &again, START + SECOND);
	assert_false(sw_queue_is_silent(sw_queue_next(queue), START + 3 * SECOND));
	assert_true(sw_queue_is_silent(sw_queue_next(queue), START + 4 * SECOND));
	park(queue, &(struct client){.source = 2, .port = 2}, START + 9 * SECOND);
	sw_queue_each_gone(queue, START + 9 * SECOND, count_gone, &gone);
	assert_int_equal(gone, 1);
	sw_queue_free(queue);
}

/* Of whom a new daemon heard once, long after his first SYN, the next may be as far away again. */
static void who_was_heard_of_once_has_time_to_come_again(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FIFO);
	const struct client client = {.source = 1, .port = 1};
	const struct sw_parked parked = syn_of(&client, START, START + 15 * SECOND);

	(void)state;
	sw_queue_park(queue, &parked, START + 15 * SECOND);
	assert_false(sw_queue_is_silent(sw_queue_next(queue), START + 31 * SECOND));
	assert_true(sw_queue_is_silent(sw_queue_next(queue), START + 40 * SECOND));
	sw_queue_free(queue);
}

/* The gate saw his SYNs of 1 s and 3 s, the daemon none of them. */
static void who_was_heard_of_by_the_gate_has_his_time_from_then_on(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FIFO);

	(void)state;
	park(queue, &(struct client){.source = 1, .port = 1}, START);
	sw_queue_note_alive(queue, sw_queue_next(queue), START + 3 * SECOND);
	assert_int_equal(sw_queue_seen_ns(sw_queue_next(queue)), START + 3 * SECOND);
	assert_false(sw_queue_is_silent(sw_queue_next(queue), START + 8 * SECOND));
	assert_true(sw_queue_is_silent(sw_queue_next(queue), START + 9 * SECOND));
	sw_queue_free(queue);
}

static void two_looks_a_while_apart_find_that_nobody_listens(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FIFO);
	const struct sw_waiter *waiter;

	(void)state;
	park(queue, &(struct client){.source = 1, .port = 1}, START);
	waiter = sw_queue_next(queue);
	/* From any moment on, whatever its number. */
	for (uint64_t from_ns = START; from_ns < START + 2 * SECOND; from_ns += 7 * MS) {
		sw_queue_note_unserved(queue, waiter, 0);
		assert_false(sw_queue_note_unserved(queue, waiter, from_ns));
		assert_false(sw_queue_note_unserved(queue, waiter, from_ns));
		assert_false(sw_queue_note_unserved(queue, waiter, from_ns + 20 * MS));
		assert_true(sw_queue_note_unserved(queue, waiter, from_ns + 40 * MS));
		assert_true(sw_queue_note_unserved(queue, waiter, from_ns + 150 * MS));
		/* One that listens in between makes it anew. */
		sw_queue_note_unserved(queue, waiter, 0);
		assert_false(sw_queue_note_unserved(queue, waiter, from_ns + 150 * MS));
	}
	sw_queue_free(queue);
}

static void the_rate_is_that_of_the_last_seconds_from_the_first_on(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FIFO);

	(void)state;
	assert_int_equal((int)sw_queue_rate(queue, START), 0);
	for (int i = 0; i < 1000; i++) {
		uint64_t now_ns = START + (uint64_t)i * 10 * MS;

		park(queue, &(struct client){.source = 1, .port = 1}, now_ns);
		let_in(queue, now_ns);
		if (i >= 100)
			assert_in_range((int)sw_queue_rate(queue, now_ns), 90, 110);
	}
	assert_in_range((int)sw_queue_rate(queue, START + 60 * SECOND), 0, 1);
	sw_queue_free(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_is_overdue_at_max_wait),
		cmocka_unit_test(a_queue_that_never_empties_serves_shorter_waits),
		cmocka_unit_test(an_empty_queue_begins_anew),
		cmocka_unit_test(time_in_which_nobody_is_let_in_is_none_of_the_queues),
		cmocka_unit_test(who_is_let_in_by_a_ramp_is_not_cut_short_although_it_takes_long),
		cmocka_unit_test(who_waited_through_a_pause_is_not_cut_short_by_want_of_room),
		cmocka_unit_test(who_waits_for_his_own_source_shortens_nobodys_wait),
		cmocka_unit_test(a_class_that_has_no_room_shortens_no_other_classes_wait),
		cmocka_unit_test(room_that_is_found_in_time_ends_the_shortage),
		cmocka_unit_test(without_an_overload_limit_max_wait_holds),
		cmocka_unit_test(who_repeats_his_syn_is_never_taken_for_silent),
		cmocka_unit_test(who_loses_a_syn_now_and_then_is_never_taken_for_gone),
		cmocka_unit_test(who_falls_silent_is_found),
		cmocka_unit_test(who_was_heard_of_once_has_time_to_come_again),
		cmocka_unit_test(who_was_heard_of_by_the_gate_has_his_time_from_then_on),
		cmocka_unit_test(two_looks_a_while_apart_find_that_nobody_listens),
		cmocka_unit_test(the_rate_is_that_of_the_last_seconds_from_the_first_on),
	};

	return cmocka_run_group_tests_name("queue_time", tests, NULL, NULL);
}
