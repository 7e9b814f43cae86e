/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The live connections of a source in one word: limits, tags, and entries that go away under those
 * who still hold their address.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spillway/source.h"

#define THREADS 4

static const struct sw_source_limits none = {0};

static struct sw_source_key key_of(uint32_t service, uint32_t host_be)
{
	struct sw_source_key key = {.service = service};

	key.address.words_be[2] = 0xffff0000;
	key.address.words_be[3] = host_be;
	return key;
}

static void a_source_is_counted_in_live_and_in_direct(void **state)
{
	struct sw_source_key key = key_of(1, 0x0100000a);
	uint64_t empty = sw_source_empty(&key);
	__u64 word = empty;

	(void)state;
	assert_int_equal(sw_source_take(&word, empty, 1, &none), 0);
	assert_int_equal(sw_source_take(&word, empty, 0, &none), 0);
	assert_int_equal(sw_source_live_count(word), 2);
	assert_int_equal(sw_source_direct_count(word), 1);
	sw_source_free(&word, 1);
	sw_source_free(&word, 0);
	assert_int_equal(word, empty);
}

static void a_source_stops_at_its_connections(void **state)
{
	const struct sw_source_limits limits = {.live = 3};
	__u64 word = 0;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(sw_source_take(&word, 0, i % 2, &limits), 0);
	assert_int_equal(sw_source_take(&word, 0, 0, &limits), SW_REASON_SOURCE_LIVE);
	assert_int_equal(sw_source_take(&word, 0, 1, &limits), SW_REASON_SOURCE_LIVE);
	assert_int_equal(sw_source_live_count(word), 3);
	sw_source_free(&word, 1);
	assert_int_equal(sw_source_take(&word, 0, 0, &limits), 0);
}

static void a_source_stops_at_its_direct_slots_and_may_use_the_pooler(void **state)
{
	const struct sw_source_limits limits = {.direct = 2};
	__u64 word = 0;

	(void)state;
	assert_int_equal(sw_source_take(&word, 0, 1, &limits), 0);
	assert_int_equal(sw_source_take(&word, 0, 1, &limits), 0);
	assert_int_equal(sw_source_take(&word, 0, 1, &limits), SW_REASON_SOURCE_DIRECT);
	assert_int_equal(sw_source_take(&word, 0, 0, &limits), 0);
	assert_int_equal(sw_source_direct_count(word), 2);
	assert_int_equal(sw_source_live_count(word), 3);
}

static void the_word_of_another_source_is_not_touched(void **state)
{
	struct sw_source_key one = key_of(0, 0x0100000a), other = key_of(0, 0x0200000a);
	__u64 word = sw_source_empty(&other);

	(void)state;
	assert_int_not_equal(sw_source_empty(&one), sw_source_empty(&other));
	assert_int_equal(sw_source_take(&word, sw_source_empty(&one), 1, &none),
			 SW_REASON_SOURCES_FULL);
	assert_int_equal(word, sw_source_empty(&other));
}

static void tags_of_neighbours_differ(void **state)
{
	int same = 0;

	(void)state;
	for (uint32_t host = 0; host < 4096; host++) {
		struct sw_source_key key = key_of(3, host << 24 | 10),
				     next = key_of(3, host << 16 | 11);

		assert_int_equal(sw_source_empty(&key) & SW_SOURCE_GONE, 0);
		same += sw_source_empty(&key) == sw_source_empty(&next);
	}
	/* 16 bits: by chance one in 65,536 is the same. */
	assert_in_range(same, 0, 3);
}

static void the_same_address_at_another_service_is_another_source(void **state)
{
	struct sw_source_key one = key_of(1, 0x0100000a), other = key_of(2, 0x0100000a);

	(void)state;
	assert_int_not_equal(sw_source_empty(&one), sw_source_empty(&other));
}

static void only_an_entry_without_connections_retires_and_only_once(void **state)
{
	struct sw_source_key key = key_of(1, 0x0100000a);
	uint64_t empty = sw_source_empty(&key);
	struct sw_source_live live = {.word = empty};

	(void)state;
	assert_int_equal(sw_source_take(&live.word, empty, 0, &none), 0);
	assert_int_equal(sw_source_retire(&live), 0);
	assert_int_equal(sw_source_live_count(live.word), 1);
	sw_source_free(&live.word, 0);
	assert_int_equal(sw_source_retire(&live), 1);
	assert_int_equal(sw_source_retire(&live), 0);
}

static void an_entry_stays_while_a_handshake_is_counted_there(void **state)
{
	struct sw_source_key key = key_of(1, 0x0100000a);
	struct sw_source_live live = {.word = sw_source_empty(&key), .half_open = 1};

	(void)state;
	assert_int_equal(sw_source_retire(&live), 0);
	assert_int_equal(live.word, sw_source_empty(&key));
	live.half_open = 0;
	assert_int_equal(sw_source_retire(&live), 1);
}

static void nobody_adds_to_an_entry_that_is_gone(void **state)
{
	struct sw_source_key key = key_of(1, 0x0100000a);
	uint64_t empty = sw_source_empty(&key);
	struct sw_source_live live = {.word = empty};

	(void)state;
	assert_int_equal(sw_source_is_gone(live.word), 0);
	assert_int_equal(sw_source_retire(&live), 1);
	assert_int_equal(sw_source_is_gone(live.word), 1);
	assert_int_equal(sw_source_take(&live.word, empty, 1, &none), SW_REASON_SOURCES_FULL);
	assert_int_equal(live.word >> SW_SOURCE_TAG, empty >> SW_SOURCE_TAG);
}

static void a_missing_word_takes_nothing(void **state)
{
	__u64 word = 0;

	(void)state;
	assert_int_equal(sw_source_take(NULL, 0, 1, &none), SW_REASON_SOURCES_FULL);
	assert_int_equal(sw_source_take(&word, 0, 1, NULL), SW_REASON_SOURCES_FULL);
	assert_int_equal(word, 0);
}

/* Threads that come and go at one source, while another tries to retire its entry. */
struct hammer {
	struct sw_source_live live;
	uint64_t empty;
	struct sw_source_limits limits;
	int running;
	int bad;
	int taken;
	int retired;
};

static int take_for_sure(struct hammer *hammer, int direct)
{
	int reason;

	do {
		reason = sw_source_take(&hammer->live.word, hammer->empty, direct, &hammer->limits);
		if (reason == SW_REASON_SOURCES_FULL)
			sched_yield(); /* gone: the retiring thread brings the entry back */
	} while (reason == SW_REASON_CONTENDED || reason == SW_REASON_SOURCES_FULL);
	return reason;
}

static void *come_and_go(void *arg)
{
	struct hammer *hammer = arg;
	int taken = 0, bad = 0;

	/* On a busy machine the others may be done before the one that retires has begun. */
	for (int i = 0; i < 50000 || !__atomic_load_n(&hammer->retired, __ATOMIC_RELAXED); i++) {
		int direct = i % 2;
		uint64_t seen;

		if (take_for_sure(hammer, direct))
			continue;
		taken++;
		seen = __atomic_load_n(&hammer->live.word, __ATOMIC_SEQ_CST);
		bad += sw_source_live_count(seen) > hammer->limits.live ||
		       sw_source_direct_count(seen) > hammer->limits.direct ||
		       seen >> SW_SOURCE_TAG != hammer->empty >> SW_SOURCE_TAG ||
		       sw_source_is_gone(seen);
		sw_source_free(&hammer->live.word, direct);
	}
	__atomic_fetch_add(&hammer->taken, taken, __ATOMIC_RELAXED);
	__atomic_fetch_add(&hammer->bad, bad, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&hammer->running, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void *retire_again_and_again(void *arg)
{
	struct hammer *hammer = arg;

	while (__atomic_load_n(&hammer->running, __ATOMIC_SEQ_CST) > 0) {
		if (!sw_source_retire(&hammer->live))
			continue;
		__atomic_fetch_add(&hammer->retired, 1, __ATOMIC_RELAXED);
		/* Whoever adds to what is gone leaves a trace here. */
		sched_yield();
		hammer->bad += hammer->live.word != (hammer->empty | SW_SOURCE_GONE);
		__atomic_store_n(&hammer->live.word, hammer->empty, __ATOMIC_SEQ_CST);
		/* On one CPU the others would only ever run while it is gone. */
		sched_yield();
	}
	return NULL;
}

static void threads_keep_the_limits_and_never_add_to_what_is_gone(void **state)
{
	struct sw_source_key key = key_of(1, 0x0100000a);
	struct hammer hammer = {.live.word = sw_source_empty(&key),
				.empty = sw_source_empty(&key),
				.limits = {.live = 3, .direct = 2},
				.running = THREADS - 1};
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
						i ? come_and_go : retire_again_and_again, &hammer),
				 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(hammer.bad, 0);
	assert_true(hammer.taken > 0);
	assert_true(hammer.retired > 0);
	assert_int_equal(hammer.live.word, hammer.empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_is_counted_in_live_and_in_direct),
		cmocka_unit_test(a_source_stops_at_its_connections),
		cmocka_unit_test(a_source_stops_at_its_direct_slots_and_may_use_the_pooler),
		cmocka_unit_test(the_word_of_another_source_is_not_touched),
		cmocka_unit_test(tags_of_neighbours_differ),
		cmocka_unit_test(the_same_address_at_another_service_is_another_source),
		cmocka_unit_test(only_an_entry_without_connections_retires_and_only_once),
		cmocka_unit_test(an_entry_stays_while_a_handshake_is_counted_there),
		cmocka_unit_test(nobody_adds_to_an_entry_that_is_gone),
		cmocka_unit_test(a_missing_word_takes_nothing),
		cmocka_unit_test(threads_keep_the_limits_and_never_add_to_what_is_gone),
	};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
