/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose turn it is in a waiting room: under each discipline, with some set aside, and while they come,
 * repeat, and go.
 */
#include "queue_rig.h"

#define TCP6_AT		54
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void first_come_first_served_under_fifo(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FIFO);

	(void)state;
	for (uint16_t i = 0; i < 50; i++)
		assert_int_equal(
			park(queue, &(struct client){.source = i % 7, .port = i}, START + i * MS),
			SW_QUEUE_NEW);
	for (uint16_t i = 0; i < 50; i++)
		assert_int_equal(let_in(queue, START + SECOND).port, i);
	assert_null(sw_queue_next(queue));
	sw_queue_free(queue);
}

static void last_come_first_served_under_lifo(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_LIFO);

	(void)state;
	for (uint16_t i = 0; i < 50; i++)
		park(queue, &(struct client){.source = i % 7, .port = i}, START + i * MS);
	for (uint16_t i = 50; i-- > 0;)
		assert_int_equal(let_in(queue, START + SECOND).port, i);
	sw_queue_free(queue);
}

static void a_noisy_source_waits_for_itself_under_fair(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);
	int quiet = 0;

	(void)state;
	for (uint16_t i = 0; i < 500; i++)
		park(queue, &(struct client){.source = 1, .port = i}, START + i);
	for (uint16_t i = 0; i < 50; i++)
		park(queue, &(struct client){.source = 2 + i % 10, .port = i}, START + 600 + i);
	for (int i = 0; i < 55; i++)
		quiet += let_in(queue, START + SECOND).source != 1;
	assert_int_equal(quiet, 50);
	for (uint16_t i = 5; i < 500; i++) /* its own, in their order */
		assert_int_equal(let_in(queue, START + SECOND).port, i);
	sw_queue_free(queue);
}

/* How many of the first `turns` the class 1 has, with class 2 of weight 1 beside it. */
static int share_of(uint32_t weight, int turns)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);
	int share = 0;

	assert_int_equal(sw_queue_set_weight(queue, 1, weight), 0);
	assert_int_equal(sw_queue_set_weight(queue, 2, 1), 0);
	for (int i = 0; i < 2 * turns; i++)
		park(queue, &(struct client){.source = i, .port = i, .class_id = 1 + i % 2},
		     START + i);
	for (int i = 0; i < turns; i++)
		share += let_in(queue, START + SECOND).source % 2 == 0;
	sw_queue_free(queue);
	return share;
}

static void classes_share_by_weight(void **state)
{
	(void)state;
	assert_in_range(share_of(3, 400), 298, 302);
	assert_in_range(share_of(1, 400), 199, 201);
	assert_in_range(share_of(1000, 400), 399, 400);
}

static void nobody_saves_up_turns_by_being_absent(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);
	int late = 0;

	(void)state;
	for (uint16_t i = 0; i < 200; i++)
		park(queue, &(struct client){.source = i, .port = 1, .class_id = 1}, START + i);
	for (int i = 0; i < 100; i++)
		let_in(queue, START + SECOND);
	for (uint16_t i = 0; i < 100; i++)
		park(queue, &(struct client){.source = i, .port = 2, .class_id = 2},
		     START + SECOND + i);
	for (int i = 0; i < 40; i++)
		late += let_in(queue, START + 2 * SECOND).port == 2;
	assert_in_range(late, 19, 21);
	sw_queue_free(queue);
}

static void who_is_set_aside_is_passed_over_until_it_rejoins(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);
	const struct sw_in6 one = source_address(1);

	(void)state;
	park(queue, &(struct client){.source = 1, .port = 1}, START);
	park(queue, &(struct client){.source = 2, .port = 2}, START + 1);
	park(queue, &(struct client){.source = 3, .port = 3, .class_id = 7}, START + 2);
	sw_queue_set_aside(queue, sw_queue_next(queue), SW_QUEUE_SOURCE);
	assert_int_equal(who(queue, sw_queue_next(queue)).source, 2);
	sw_queue_set_aside(queue, sw_queue_next(queue), SW_QUEUE_CLASS);
	assert_int_equal(who(queue, sw_queue_next(queue)).source, 3);
	sw_queue_set_aside(queue, sw_queue_next(queue), SW_QUEUE_CLASS);
	assert_null(sw_queue_next(queue));
	/* More of a source that is aside are aside as well. */
	park(queue, &(struct client){.source = 1, .port = 9}, START + 3);
	assert_null(sw_queue_next(queue));
	sw_queue_rejoin(queue, &(struct sw_in6){0});
	assert_int_equal(who(queue, sw_queue_next(queue)).source, 2);
	let_in(queue, START);
	assert_int_equal(let_in(queue, START).source, 3);
	assert_null(sw_queue_next(queue));
	sw_queue_rejoin(queue, &one);
	assert_int_equal(let_in(queue, START).port, 1);
	sw_queue_set_aside(queue, sw_queue_next(queue), SW_QUEUE_SOURCE);
	sw_queue_rejoin_all(queue);
	assert_int_equal(let_in(queue, START).port, 9);
	sw_queue_free(queue);
}

static void who_waits_for_either_tries_again_when_anybody_leaves_a_few_at_a_time(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);
	const struct sw_in6 nobody = source_address(99);
	bool tried[12] = {false};

	(void)state;
	for (uint16_t i = 0; i < 12; i++)
		park(queue, &(struct client){.source = i + 1, .port = i}, START + i);
	for (int i = 0; i < 12; i++)
		sw_queue_set_aside(queue, sw_queue_next(queue),
				   i < 11 ? SW_QUEUE_EITHER : SW_QUEUE_SOURCE);
	assert_null(sw_queue_next(queue));
	for (int wakeup = 0, turns = 0; wakeup < 3; wakeup++, turns = 0) {
		sw_queue_rejoin(queue, &nobody);
		for (; sw_queue_next(queue); turns++) {
			tried[who(queue, sw_queue_next(queue)).source - 1] = true;
			sw_queue_set_aside(queue, sw_queue_next(queue), SW_QUEUE_EITHER);
		}
		assert_int_equal(turns, 4);
	}
	for (int i = 0; i < 11; i++)
		assert_true(tried[i]);
	assert_false(tried[11]);
	sw_queue_free(queue);
}

static void a_look_by_the_clock_comes_to_all_in_the_end_however_many(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);
	static bool tried[10000];
	int looks = 0, count = 0;

	(void)state;
	for (int i = 0; i < 10000; i++)
		park(queue, &(struct client){.source = (uint16_t)i, .port = 1}, START + i);
	while (sw_queue_next(queue))
		sw_queue_set_aside(queue, sw_queue_next(queue), SW_QUEUE_SOURCE);
	for (; count < 10000 && looks < 10; looks++) {
		sw_queue_rejoin_some(queue, START, NULL, NULL);
		while (sw_queue_next(queue)) {
			uint16_t source = who(queue, sw_queue_next(queue)).source;

			count += !tried[source];
			tried[source] = true;
			sw_queue_set_aside(queue, sw_queue_next(queue), SW_QUEUE_SOURCE);
		}
	}
	assert_int_equal(count, 10000);
	assert_in_range(looks, 2, 5);
	sw_queue_free(queue);
}

static void who_is_postponed_lets_those_of_its_source_pass(void **state)
{
	static const enum sw_queue_order orders[] = {SW_QUEUE_FAIR, SW_QUEUE_FIFO, SW_QUEUE_LIFO};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct sw_queue *queue = queue_of(orders[i]);
		uint16_t first;

		for (uint16_t port = 1; port <= 3; port++)
			park(queue, &(struct client){.source = 1, .port = port}, START + port);
		first = who(queue, sw_queue_next(queue)).port;
		sw_queue_postpone(queue, sw_queue_next(queue));
		assert_int_equal(let_in(queue, START).port, 2);
		assert_int_equal(let_in(queue, START).port, 4 - first);
		sw_queue_postpone(queue, sw_queue_next(queue));
		assert_int_equal(let_in(queue, START).port, first);
		assert_int_equal(sw_queue_count(queue), 0);
		sw_queue_free(queue);
	}
}

static void a_class_whose_last_waiter_leaves_is_not_passed_over_any_more(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);

	(void)state;
	park(queue, &(struct client){.source = 1, .port = 1}, START);
	park(queue, &(struct client){.source = 2, .port = 2}, START + 1);
	sw_queue_set_aside(queue, sw_queue_next(queue), SW_QUEUE_CLASS);
	sw_queue_leave(queue, sw_queue_overdue(queue, UINT64_MAX), false, START + 2);
	assert_null(sw_queue_next(queue));
	sw_queue_leave(queue, sw_queue_overdue(queue, UINT64_MAX), false, START + 2);
	assert_null(sw_queue_overdue(queue, UINT64_MAX));
	park(queue, &(struct client){.source = 3, .port = 3}, START + 3);
	assert_int_equal(let_in(queue, START + 3).source, 3);
	sw_queue_free(queue);
}

static void a_repeated_syn_renews_the_frame_and_keeps_the_place(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FIFO);
	const struct client first = {.source = 1, .port = 1, .isn = 5};
	struct sw_parked again = syn_of(&first, START, START + SECOND);
	struct sw_frame frame, newer;

	(void)state;
	park(queue, &first, START);
	park(queue, &(struct client){.source = 2, .port = 2}, START + MS);
	again.frame[LENGTH - 1] = 99; /* a newer timestamp */
	assert_int_equal(sw_queue_park(queue, &again, START + SECOND), SW_QUEUE_REPEATED);
	assert_int_equal(sw_queue_count(queue), 2);
	sw_queue_frame(queue, sw_queue_next(queue), &frame);
	assert_int_equal(frame.bytes[LENGTH - 1], 99);
	assert_int_equal(sw_frame_complete(&again, &newer), 0);
	assert_memory_equal(frame.bytes, newer.bytes, LENGTH);
	assert_int_equal(let_in(queue, START + SECOND).port, 1);
	sw_queue_free(queue);
}

static void another_connection_of_the_same_port_goes_to_the_end(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FIFO);

	(void)state;
	park(queue, &(struct client){.source = 1, .port = 1, .isn = 5}, START);
	park(queue, &(struct client){.source = 2, .port = 2}, START + MS);
	assert_int_equal(
		park(queue, &(struct client){.source = 1, .port = 1, .isn = 6}, START + 2 * MS),
		SW_QUEUE_REPLACED);
	assert_int_equal(sw_queue_count(queue), 2);
	assert_int_equal(let_in(queue, START + SECOND).source, 2);
	assert_int_equal(let_in(queue, START + SECOND).isn, 6);
	sw_queue_free(queue);
}

/* A daemon that starts anew hears of waiters by their repetitions, in whatever order those come. */
static void who_comes_late_with_an_early_syn_finds_his_place(void **state)
{
	static const uint16_t order[] = {3, 1, 4, 0, 2};

	(void)state;
	for (enum sw_queue_order with = SW_QUEUE_FAIR; with <= SW_QUEUE_FIFO; with++) {
		struct sw_queue *queue = queue_of(with);

		for (size_t i = 0; i < COUNT_OF(order); i++) {
			const struct client client = {.source = 1, .port = order[i]};
			const struct sw_parked parked =
				syn_of(&client, START + order[i] * MS, START + SECOND + i);

			assert_int_equal(sw_queue_park(queue, &parked, START + SECOND + i),
					 SW_QUEUE_NEW);
		}
		for (int i = 0; i < (int)COUNT_OF(order); i++)
			assert_int_equal(let_in(queue, START + 2 * SECOND).port, i);
		sw_queue_free(queue);
	}
}

/* Each number up to `count`, which is a power of two, once, in no order. */
static uint32_t shuffled(uint32_t i, uint32_t count)
{
	return (i * 2654435761u + 12345) % count;
}

static void thousands_that_come_in_no_order_are_served_in_the_order_of_their_syns(void **state)
{
	static const uint16_t sources[] = {1, 60, 8192};
	const uint32_t count = 8192;

	(void)state;
	for (size_t s = 0; s < COUNT_OF(sources); s++) {
		struct sw_queue *queue = queue_of(SW_QUEUE_FIFO);

		for (uint32_t i = 0; i < count; i++) {
			uint32_t n = shuffled(i, count);
			const struct client client = {.source = n % sources[s],
						      .port = (uint16_t)n};
			const struct sw_parked parked = syn_of(&client, START + n, START + SECOND);

			assert_int_equal(sw_queue_park(queue, &parked, START + SECOND),
					 SW_QUEUE_NEW);
			/* Some leave meanwhile, and come again. */
			if (i % 5)
				continue;
			sw_queue_leave(queue, sw_queue_next(queue), false, START + SECOND);
			sw_queue_park(queue, &parked, START + SECOND);
		}
		for (uint64_t last = 0; sw_queue_count(queue);) {
			uint64_t syn_ns = sw_queue_next(queue)->syn_ns;

			assert_true(syn_ns > last);
			last = syn_ns;
			assert_ptr_equal(sw_queue_next(queue), sw_queue_overdue(queue, UINT64_MAX));
			sw_queue_leave(queue, sw_queue_next(queue), true, START + SECOND);
		}
		sw_queue_free(queue);
	}
}

static void another_discipline_orders_those_inside_anew(void **state)
{
	const struct sw_queue_settings lifo = {.order = SW_QUEUE_LIFO, .max_wait_ns = SECOND};
	struct sw_queue *queue = queue_of(SW_QUEUE_FIFO);

	(void)state;
	for (uint16_t i = 0; i < 20; i++)
		park(queue, &(struct client){.source = i % 3, .port = i}, START + i);
	sw_queue_configure(queue, &lifo);
	for (uint16_t i = 20; i-- > 0;)
		assert_int_equal(let_in(queue, START).port, i);
	sw_queue_free(queue);
}

static void where_a_newcomer_stands_is_where_he_gets_in(void **state)
{
	static const enum sw_queue_order orders[] = {SW_QUEUE_FIFO, SW_QUEUE_LIFO, SW_QUEUE_FAIR};

	(void)state;
	for (size_t o = 0; o < COUNT_OF(orders); o++) {
		struct sw_queue *queue = queue_of(orders[o]);
		const struct client late = {.source = 9, .port = 999};
		const struct sw_in6 source = source_address(9);
		size_t ahead, passed = 0;

		for (uint16_t i = 0; i < 30; i++)
			park(queue, &(struct client){.source = i % 3, .port = i}, START + i);
		for (uint16_t i = 0; i < 4; i++)
			park(queue, &(struct client){.source = 9, .port = 100 + i}, START + 50 + i);
		ahead = sw_queue_ahead_of(queue, 0, &source);
		park(queue, &late, START + 100);
		while (let_in(queue, START + SECOND).port != late.port)
			passed++;
		assert_int_equal(passed, ahead);
		sw_queue_free(queue);
	}
}

/* By source, of class 0. */
static int note_line(void *arg, const struct sw_queue_line *line)
{
	struct sw_queue_line *lines = arg;

	lines[ntohl(line->source.words_be[3]) & 3] = *line;
	return 0;
}

static void each_source_is_shown_with_its_oldest_wherever_that_stands(void **state)
{
	(void)state;
	for (enum sw_queue_order order = SW_QUEUE_FAIR; order <= SW_QUEUE_LIFO; order++) {
		struct sw_queue *queue = queue_of(order);
		struct sw_queue_line lines[4] = {{.waiting = 0}};

		for (uint16_t i = 0; i < 6; i++)
			park(queue, &(struct client){.source = 1 + i % 2, .port = i}, START + i);
		sw_queue_postpone(queue, sw_queue_oldest(queue));
		sw_queue_each_source(queue, note_line, lines);
		assert_int_equal(lines[1].waiting, 3);
		assert_int_equal(lines[1].oldest_syn_ns, START);
		assert_int_equal(lines[2].oldest_syn_ns, START + 1);
		sw_queue_leave(queue, sw_queue_oldest(queue), false, START + SECOND);
		sw_queue_each_source(queue, note_line, lines);
		assert_int_equal(lines[1].waiting, 2);
		assert_int_equal(lines[1].oldest_syn_ns, START + 2);
		sw_queue_free(queue);
	}
}

static void nonsense_is_refused_and_leaves_nothing(void **state)
{
	struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);
	const struct client client = {.source = 1, .port = 1};
	struct sw_parked parked = syn_of(&client, START, START);

	(void)state;
	parked.where = 60 | 70 << 8;
	assert_true(sw_queue_park(queue, &parked, START) < 0);
	parked.where = FRAME_AT | 300 << 8;
	assert_true(sw_queue_park(queue, &parked, START) < 0);
	parked.where = FRAME_AT | TCP_AT << 8;
	parked.length = 200;
	assert_true(sw_queue_park(queue, &parked, START) < 0);
	parked.length = LENGTH;
	parked.class_id = SW_CLASSES_MAX;
	assert_true(sw_queue_park(queue, &parked, START) < 0);
	assert_int_equal(sw_queue_count(queue), 0);
	sw_queue_free(queue);
}

/* The same client's, by IPv6 from a network of his own; tests/bench/waiting has what the kernel's maps take. */
static struct sw_parked syn6_of(const struct client *client, uint64_t now_ns)
{
	struct sw_parked parked = syn_of(client, now_ns, now_ns);
	const uint32_t from = htonl(client->source);

	parked.is_ipv6 = 1;
	parked.source_bits = 64;
	parked.where = FRAME_AT | TCP6_AT << 8;
	parked.length = LENGTH + TCP6_AT - TCP_AT;
	memmove(parked.frame + TCP6_AT, parked.frame + TCP_AT, LENGTH - TCP_AT);
	memset(parked.frame + FRAME_AT, 0, TCP6_AT - FRAME_AT);
	memcpy(parked.frame + FRAME_AT + 12, &from, 4);
	memcpy(parked.frame + FRAME_AT + 20, &client->port, 2);
	return parked;
}

/*
 * At the most so many bytes each: by IPv4 over the sources of a real fleet, and a source each, for which the goal of
 * 256 less the 120 of its flow in the kernel is what there is; likewise by IPv6. The middle count is just above what
 * tables of doubling sizes hold.
 */
static void a_waiter_costs_few_bytes_and_gives_them_back(void **state)
{
	static const uint32_t counts[] = {10000, 32769, 50000};
	static const struct {
		bool ipv6;
		uint32_t sources, most;
	} kinds[] = {{false, 250, 70},
		     {false, UINT16_MAX, 121},
		     {true, 250, 82},
		     {true, UINT16_MAX, 133}};

	(void)state;
	for (size_t c = 0; c < COUNT_OF(counts) * COUNT_OF(kinds); c++) {
		uint32_t count = counts[c % COUNT_OF(counts)], kind = c / COUNT_OF(counts);
		struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);
		size_t empty = sw_queue_bytes(queue);

		for (uint32_t i = 0; i < count; i++) {
			const struct client client = {.source = i % kinds[kind].sources,
						      .port = i / kinds[kind].sources};
			const struct sw_parked parked =
				kinds[kind].ipv6 ? syn6_of(&client, START + i)
						 : syn_of(&client, START + i, START + i);

			assert_int_equal(sw_queue_park(queue, &parked, START + i), SW_QUEUE_NEW);
		}
		assert_int_equal(sw_queue_count(queue), count);
		assert_in_range(sw_queue_bytes(queue) / count, kinds[kind].most - 20,
				kinds[kind].most);
		while (sw_queue_count(queue))
			let_in(queue, START + SECOND);
		assert_in_range(sw_queue_bytes(queue), 0, empty + 8192);
		sw_queue_free(queue);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_come_first_served_under_fifo),
		cmocka_unit_test(last_come_first_served_under_lifo),
		cmocka_unit_test(a_noisy_source_waits_for_itself_under_fair),
		cmocka_unit_test(classes_share_by_weight),
		cmocka_unit_test(nobody_saves_up_turns_by_being_absent),
		cmocka_unit_test(who_is_set_aside_is_passed_over_until_it_rejoins),
		cmocka_unit_test(
			who_waits_for_either_tries_again_when_anybody_leaves_a_few_at_a_time),
		cmocka_unit_test(a_look_by_the_clock_comes_to_all_in_the_end_however_many),
		cmocka_unit_test(who_is_postponed_lets_those_of_its_source_pass),
		cmocka_unit_test(a_class_whose_last_waiter_leaves_is_not_passed_over_any_more),
		cmocka_unit_test(a_repeated_syn_renews_the_frame_and_keeps_the_place),
		cmocka_unit_test(another_connection_of_the_same_port_goes_to_the_end),
		cmocka_unit_test(who_comes_late_with_an_early_syn_finds_his_place),
		cmocka_unit_test(
			thousands_that_come_in_no_order_are_served_in_the_order_of_their_syns),
		cmocka_unit_test(another_discipline_orders_those_inside_anew),
		cmocka_unit_test(where_a_newcomer_stands_is_where_he_gets_in),
		cmocka_unit_test(each_source_is_shown_with_its_oldest_wherever_that_stands),
		cmocka_unit_test(nonsense_is_refused_and_leaves_nothing),
		cmocka_unit_test(a_waiter_costs_few_bytes_and_gives_them_back),
	};

	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
