/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rate of a source: bursts, the exact rate over time, and many CPUs at one word.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spillway/gcra.h"

#define THREADS	    4
#define INTERVAL_NS UINT64_C(10000000) /* 100/s */
#define SECOND_NS   UINT64_C(1000000000)

/* As the daemon computes it: see gcra.h. */
static uint64_t tolerance_ns(uint64_t burst)
{
	return (burst - 1) * INTERVAL_NS;
}

static int conforming(__u64 *word, uint64_t now_ns, uint64_t tolerance, int arrivals)
{
	int taken = 0;

	for (int i = 0; i < arrivals; i++)
		taken += sw_gcra_take(word, now_ns, INTERVAL_NS, tolerance) == SW_GCRA_CONFORMS;
	return taken;
}

static void a_new_source_may_send_its_burst_at_once_and_no_more(void **state)
{
	static const int bursts[] = {1, 2, 20, 200, 100000};

	(void)state;
	for (size_t i = 0; i < sizeof(bursts) / sizeof(bursts[0]); i++) {
		__u64 word = 0;

		assert_int_equal(
			conforming(&word, 5 * SECOND_NS, tolerance_ns(bursts[i]), bursts[i] + 50),
			bursts[i]);
	}
}

static void over_ten_seconds_the_rate_is_exact(void **state)
{
	__u64 word = 0;
	int taken = 0;

	(void)state;
	/* An arrival each millisecond at 100/s with a burst of 20: 20, and then one each interval. */
	for (uint64_t ms = 0; ms < 10000; ms++)
		taken += conforming(&word, SECOND_NS + ms * 1000000, tolerance_ns(20), 1);
	assert_int_equal(taken, 20 + 999);
}

static void a_source_at_its_rate_is_never_stopped(void **state)
{
	__u64 word = 0;

	(void)state;
	for (uint64_t i = 0; i < 100000; i++)
		assert_int_equal(conforming(&word, SECOND_NS + i * INTERVAL_NS, 0, 1), 1);
}

static void who_does_not_conform_is_not_punished(void **state)
{
	__u64 patient = 0, hammering = 0;

	(void)state;
	conforming(&patient, SECOND_NS, tolerance_ns(5), 5);
	conforming(&hammering, SECOND_NS, tolerance_ns(5), 100000);
	assert_int_equal(hammering, patient);
	assert_int_equal(conforming(&hammering, SECOND_NS + INTERVAL_NS - 1, tolerance_ns(5), 1),
			 0);
	assert_int_equal(conforming(&hammering, SECOND_NS + INTERVAL_NS, tolerance_ns(5), 1), 1);
}

static void the_tolerance_counts_to_the_nanosecond(void **state)
{
	const uint64_t now_ns = SECOND_NS;

	(void)state;
	assert_int_equal(sw_gcra_next(now_ns + 700, now_ns, 50, 700), now_ns + 750);
	assert_int_equal(sw_gcra_next(now_ns + 701, now_ns, 50, 700), 0);
	assert_int_equal(sw_gcra_next(now_ns, now_ns, 50, 0), now_ns + 50);
	assert_int_equal(sw_gcra_next(now_ns + 1, now_ns, 50, 0), 0);
}

static void silence_gives_back_the_burst_and_never_more(void **state)
{
	__u64 word = 0;

	(void)state;
	assert_int_equal(conforming(&word, SECOND_NS, tolerance_ns(7), 100), 7);
	assert_int_equal(conforming(&word, SECOND_NS + 3 * INTERVAL_NS, tolerance_ns(7), 100), 3);
	assert_int_equal(conforming(&word, 1000000 * SECOND_NS, tolerance_ns(7), 100), 7);
}

static void a_time_before_the_last_one_does_not_conform_falsely(void **state)
{
	__u64 word = 0;

	(void)state;
	/* Two CPUs read the clock and take in the other order. */
	assert_int_equal(conforming(&word, SECOND_NS, 0, 1), 1);
	assert_int_equal(conforming(&word, SECOND_NS - 100, 0, 1), 0);
}

static void the_largest_times_do_not_wrap_into_a_pass(void **state)
{
	const uint64_t century_ns = 100 * UINT64_C(31536000) * SECOND_NS;
	__u64 word = UINT64_MAX;

	(void)state;
	assert_int_equal(sw_gcra_take(&word, SECOND_NS, SECOND_NS, century_ns), SW_GCRA_EXCEEDS);
	assert_int_equal(word, UINT64_MAX);
	/* The slowest rate there is, one an hour, after a century of uptime. */
	word = 0;
	assert_int_equal(sw_gcra_take(&word, century_ns, 3600 * SECOND_NS, 0), SW_GCRA_CONFORMS);
	assert_int_equal(word, century_ns + 3600 * SECOND_NS);
	assert_int_equal(sw_gcra_take(&word, century_ns + SECOND_NS, 3600 * SECOND_NS, 0),
			 SW_GCRA_EXCEEDS);
	/* A burst of all that fits into 32 bits. */
	word = 0;
	assert_int_equal(conforming(&word, SECOND_NS, tolerance_ns(UINT32_MAX), 1000), 1000);
}

static void no_word_to_count_in_conforms(void **state)
{
	(void)state;
	assert_int_equal(sw_gcra_take(NULL, SECOND_NS, INTERVAL_NS, 0), SW_GCRA_CONFORMS);
}

/* Threads that all arrive at the same simulated moment, round after round. */
struct hammer {
	pthread_barrier_t barrier;
	__u64 word;
	uint64_t tolerance;
	int rounds;
	int arrivals; /* of each thread in each round */
	int taken;    /* by all */
};

static int take_for_sure(struct hammer *hammer, uint64_t now_ns)
{
	int result;

	do {
		result = sw_gcra_take(&hammer->word, now_ns, INTERVAL_NS, hammer->tolerance);
	} while (result == SW_GCRA_CONTENDED);
	return result == SW_GCRA_CONFORMS;
}

static void *hammer_word(void *arg)
{
	struct hammer *hammer = arg;
	int taken = 0;

	for (int round = 0; round < hammer->rounds; round++) {
		pthread_barrier_wait(&hammer->barrier);
		for (int i = 0; i < hammer->arrivals; i++)
			taken += take_for_sure(hammer, SECOND_NS + round * INTERVAL_NS);
	}
	__atomic_fetch_add(&hammer->taken, taken, __ATOMIC_RELAXED);
	return NULL;
}

static int hammered(uint64_t burst, int rounds, int arrivals)
{
	struct hammer hammer = {
		.tolerance = tolerance_ns(burst), .rounds = rounds, .arrivals = arrivals};
	pthread_t threads[THREADS];

	pthread_barrier_init(&hammer.barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer_word, &hammer), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&hammer.barrier);
	return hammer.taken;
}

static void four_threads_at_one_word_get_exactly_the_burst(void **state)
{
	(void)state;
	assert_int_equal(hammered(1, 1, 100000), 1);
	assert_int_equal(hammered(777, 1, 100000), 777);
	assert_int_equal(hammered(2500000, 1, 1000000), 2500000);
}

static void four_threads_over_time_get_exactly_the_rate(void **state)
{
	(void)state;
	assert_int_equal(hammered(20, 2000, 50), 20 + 1999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_source_may_send_its_burst_at_once_and_no_more),
		cmocka_unit_test(over_ten_seconds_the_rate_is_exact),
		cmocka_unit_test(a_source_at_its_rate_is_never_stopped),
		cmocka_unit_test(who_does_not_conform_is_not_punished),
		cmocka_unit_test(the_tolerance_counts_to_the_nanosecond),
		cmocka_unit_test(silence_gives_back_the_burst_and_never_more),
		cmocka_unit_test(a_time_before_the_last_one_does_not_conform_falsely),
		cmocka_unit_test(the_largest_times_do_not_wrap_into_a_pass),
		cmocka_unit_test(no_word_to_count_in_conforms),
		cmocka_unit_test(four_threads_at_one_word_get_exactly_the_burst),
		cmocka_unit_test(four_threads_over_time_get_exactly_the_rate),
	};

	return cmocka_run_group_tests_name("gcra", tests, NULL, NULL);
}
