/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pools of direct slots: what a class may take, what it gives back first, and that no number of
 * threads ever gets more out of them than the budget.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "spillway/slots.h"

#define CLASSES 3
#define THREADS 4

/* A service with its classes. Class 0 is a default class; the others may have a reserve. */
struct pool {
	struct sw_service_conf conf;
	struct sw_service_state service;
	struct sw_class_conf class_conf[CLASSES];
	struct sw_class_state class[CLASSES];
};

static struct pool pool_of(uint32_t budget, uint32_t reserve_1, uint32_t reserve_2)
{
	struct pool pool = {
		.conf = {.budget = budget, .shared_limit = budget - reserve_1 - reserve_2}};

	pool.class_conf[1].reserved = reserve_1;
	pool.class_conf[2].reserved = reserve_2;
	return pool;
}

static int take(struct pool *pool, int class)
{
	return sw_slots_take(&pool->conf, &pool->service, &pool->class_conf[class],
			     &pool->class[class]);
}

static void release(struct pool *pool, int class)
{
	sw_slots_free(&pool->service, &pool->class[class]);
}

static int take_many(struct pool *pool, int class, int wanted)
{
	int taken = 0;

	while (taken < wanted && !take(pool, class))
		taken++;
	return taken;
}

static void assert_service(const struct pool *pool, uint32_t total, uint32_t shared)
{
	assert_int_equal(sw_slots_total(pool->service.direct), total);
	assert_int_equal(sw_slots_shared(pool->service.direct), shared);
}

static void assert_class(const struct pool *pool, int class, uint32_t reserved, uint32_t shared)
{
	assert_int_equal(sw_slots_reserved(pool->class[class].direct), reserved);
	assert_int_equal(sw_slots_low(pool->class[class].direct), shared);
}

static void without_reserves_the_budget_is_all_there_is(void **state)
{
	struct pool pool = pool_of(20, 0, 0);

	(void)state;
	assert_int_equal(take_many(&pool, 0, 100), 20);
	assert_int_equal(take(&pool, 1), SW_REASON_BUDGET);
	release(&pool, 0);
	assert_int_equal(take(&pool, 1), 0);
	assert_service(&pool, 20, 20);
}

static void a_budget_of_nothing_admits_nobody(void **state)
{
	struct pool pool = pool_of(0, 0, 0);

	(void)state;
	assert_int_equal(take(&pool, 0), SW_REASON_BUDGET);
	assert_service(&pool, 0, 0);
}

static void others_leave_the_reserve_alone_and_its_class_can_always_use_it(void **state)
{
	struct pool pool = pool_of(10, 3, 0);

	(void)state;
	assert_int_equal(take_many(&pool, 0, 100), 7);
	assert_int_equal(take_many(&pool, 1, 100), 3);
	assert_service(&pool, 10, 7);
	assert_class(&pool, 1, 3, 0);
}

static void a_class_with_a_reserve_shares_the_rest(void **state)
{
	struct pool pool = pool_of(10, 3, 2);

	(void)state;
	assert_int_equal(take_many(&pool, 1, 100), 8);
	assert_class(&pool, 1, 3, 5);
	assert_int_equal(take(&pool, 0), SW_REASON_BUDGET);
	assert_int_equal(take_many(&pool, 2, 100), 2);
	assert_service(&pool, 10, 5);
}

static void a_reserve_that_got_room_meanwhile_is_used_instead_of_a_shared_slot(void **state)
{
	struct pool pool = pool_of(10, 2, 0);

	(void)state;
	/* The class's reserve was seen full; another CPU frees a slot of it before this. */
	assert_int_equal(sw_slots_take_shared(&pool.conf, &pool.service, &pool.class_conf[1],
					      &pool.class[1]),
			 0);
	assert_class(&pool, 1, 1, 0);
	assert_service(&pool, 1, 0);
}

static void shared_slots_are_given_back_before_reserved_ones(void **state)
{
	struct pool pool = pool_of(10, 3, 0);

	(void)state;
	take_many(&pool, 1, 5);
	assert_class(&pool, 1, 3, 2);
	release(&pool, 1);
	release(&pool, 1);
	assert_class(&pool, 1, 3, 0);
	assert_service(&pool, 3, 0);
	assert_int_equal(take_many(&pool, 0, 100), 7);
	release(&pool, 1);
	assert_class(&pool, 1, 2, 0);
	assert_int_equal(take(&pool, 0), SW_REASON_BUDGET);
}

static void a_cut_budget_admits_nobody_until_enough_have_left(void **state)
{
	struct pool pool = pool_of(10, 0, 0);

	(void)state;
	take_many(&pool, 0, 8);
	pool.conf.budget = pool.conf.shared_limit = 4;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(take(&pool, 0), SW_REASON_BUDGET);
		release(&pool, 0);
	}
	assert_int_equal(take(&pool, 0), SW_REASON_BUDGET);
	release(&pool, 0);
	assert_int_equal(take(&pool, 0), 0);
	assert_service(&pool, 4, 4);
}

static void a_cut_budget_holds_for_a_reserve_as_well(void **state)
{
	struct pool pool = pool_of(10, 2, 0);

	(void)state;
	take_many(&pool, 0, 8);
	pool.conf.budget = 4;
	pool.conf.shared_limit = 2;
	assert_int_equal(take(&pool, 1), SW_REASON_BUDGET);
	assert_class(&pool, 1, 0, 0);
	assert_service(&pool, 8, 8);
	for (int i = 0; i < 5; i++)
		release(&pool, 0);
	assert_int_equal(take(&pool, 1), 0);
	assert_service(&pool, 4, 3);
}

static void a_reserve_cut_while_in_use_ends_with_every_count_at_zero(void **state)
{
	struct pool pool = pool_of(10, 5, 0);

	(void)state;
	take_many(&pool, 1, 7);
	assert_class(&pool, 1, 5, 2);
	pool.class_conf[1].reserved = 1;
	pool.conf.shared_limit = 9;
	assert_int_equal(take(&pool, 1), 0);
	for (int i = 0; i < 8; i++)
		release(&pool, 1);
	assert_class(&pool, 1, 0, 0);
	assert_service(&pool, 0, 0);
}

static void a_class_never_passes_its_max_direct(void **state)
{
	struct pool pool = pool_of(10, 2, 0);

	(void)state;
	pool.class_conf[0].max_direct = 4;
	pool.class_conf[1].max_direct = 3;
	assert_int_equal(take_many(&pool, 0, 100), 4);
	assert_int_equal(take(&pool, 0), SW_REASON_CLASS_DIRECT);
	assert_int_equal(take_many(&pool, 1, 100), 3);
	assert_int_equal(take(&pool, 1), SW_REASON_CLASS_DIRECT);
	assert_class(&pool, 1, 2, 1);
	assert_service(&pool, 7, 5);
}

static void who_may_never_be_refused_takes_slots_beyond_the_budget(void **state)
{
	struct pool pool = pool_of(2, 0, 0);

	(void)state;
	for (int i = 0; i < 5; i++)
		sw_slots_take_anyway(&pool.service, &pool.class[2]);
	assert_service(&pool, 5, 5);
	assert_int_equal(take(&pool, 0), SW_REASON_BUDGET);
	for (int i = 0; i < 4; i++)
		release(&pool, 2);
	assert_int_equal(take(&pool, 0), 0);
	release(&pool, 0);
	release(&pool, 2);
	assert_service(&pool, 0, 0);
	assert_class(&pool, 2, 0, 0);
}

static void the_pooler_has_places_up_to_its_maximum_and_zero_is_no_cap(void **state)
{
	struct pool pool = pool_of(0, 0, 0);

	(void)state;
	pool.conf.pooler_max = 3;
	for (int i = 0; i < 3; i++)
		assert_int_equal(sw_pooler_take(&pool.conf, &pool.service, &pool.class[0]), 0);
	assert_int_equal(sw_pooler_take(&pool.conf, &pool.service, &pool.class[0]),
			 SW_REASON_POOLER_FULL);
	assert_int_equal(pool.class[0].pooler, 3);
	sw_pooler_free(&pool.service, &pool.class[0]);
	assert_int_equal(sw_pooler_take(&pool.conf, &pool.service, &pool.class[1]), 0);
	pool.conf.pooler_max = 0;
	for (int i = 0; i < 5000; i++)
		assert_int_equal(sw_pooler_take(&pool.conf, &pool.service, &pool.class[0]), 0);
	assert_int_equal(pool.service.pooler, 5003);
	assert_service(&pool, 0, 0);
}

static void a_missing_pointer_takes_nothing(void **state)
{
	struct pool pool = pool_of(5, 0, 0);

	(void)state;
	assert_int_equal(sw_slots_take(NULL, &pool.service, &pool.class_conf[0], &pool.class[0]),
			 SW_REASON_BUDGET);
	assert_int_equal(sw_slots_take(&pool.conf, &pool.service, &pool.class_conf[0], NULL),
			 SW_REASON_BUDGET);
	sw_slots_free(&pool.service, NULL);
	assert_service(&pool, 0, 0);
}

/* One thread's work: it holds up to `most` slots of one class, and gives them back in the end. */
struct worker {
	struct pool *pool;
	pthread_t thread;
	unsigned int seed;
	int class;
	int most;
	int must;     /* below this many held, a take has to succeed */
	int taken;    /* in all */
	int bad;      /* observations that may not be */
	int refusals; /* that had to succeed */
};

/* A half that borrowed from the other, or went below zero, shows as a number above every limit. */
static int is_impossible(const struct pool *pool, int class)
{
	uint64_t of_service = __atomic_load_n(&pool->service.direct, __ATOMIC_SEQ_CST);
	uint64_t of_class = __atomic_load_n(&pool->class[class].direct, __ATOMIC_SEQ_CST);

	return sw_slots_total(of_service) > pool->conf.budget ||
	       sw_slots_shared(of_service) > pool->conf.shared_limit ||
	       sw_slots_reserved(of_class) > pool->class_conf[class].reserved ||
	       sw_slots_low(of_class) > pool->conf.shared_limit ||
	       (pool->class_conf[class].max_direct &&
		sw_slots_of_class(of_class) > pool->class_conf[class].max_direct);
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	int held = 0;

	/* On a busy machine the others may hold everything all the while: then on until they let go. */
	for (int i = 0; i < 200000 || !worker->taken; i++) {
		if (held < worker->most && rand_r(&worker->seed) % 2) {
			int reason = take(worker->pool, worker->class);

			worker->refusals += held < worker->must && reason == SW_REASON_BUDGET;
			held += !reason;
			worker->taken += !reason;
		} else if (held) {
			release(worker->pool, worker->class);
			held--;
		}
		worker->bad += is_impossible(worker->pool, worker->class);
	}
	while (held--)
		release(worker->pool, worker->class);
	return NULL;
}

static void hammer(struct pool *pool, struct worker *workers, int count)
{
	for (int i = 0; i < count; i++) {
		workers[i].pool = pool;
		workers[i].seed = i + 1;
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < count; i++)
		pthread_join(workers[i].thread, NULL);
	for (int i = 0; i < count; i++) {
		assert_int_equal(workers[i].bad, 0);
		assert_int_equal(workers[i].refusals, 0);
		assert_true(workers[i].taken > 0);
	}
	assert_service(pool, 0, 0);
	for (int class = 0; class < CLASSES; class ++)
		assert_class(pool, class, 0, 0);
}

static void threads_of_several_classes_never_pass_the_budget_and_end_at_zero(void **state)
{
	struct pool pool = pool_of(9, 2, 3);
	struct worker workers[THREADS] = {
		{.class = 0, .most = 9},
		{.class = 0, .most = 9},
		{.class = 1, .most = 9},
		{.class = 2, .most = 9},
	};

	(void)state;
	hammer(&pool, workers, THREADS);
}

static void threads_that_share_a_class_keep_its_limits(void **state)
{
	struct pool pool = pool_of(6, 3, 0);
	struct worker workers[THREADS] = {
		{.class = 1, .most = 4},
		{.class = 1, .most = 4},
		{.class = 1, .most = 4},
		{.class = 0, .most = 6},
	};

	(void)state;
	pool.class_conf[1].max_direct = 5;
	hammer(&pool, workers, THREADS);
}

static void a_class_gets_its_reserve_whatever_the_others_do(void **state)
{
	struct pool pool = pool_of(8, 2, 3);
	struct worker workers[THREADS] = {
		{.class = 0, .most = 100},
		{.class = 1, .most = 4, .must = 2},
		{.class = 2, .most = 3, .must = 3},
		{.class = 0, .most = 100},
	};

	(void)state;
	hammer(&pool, workers, THREADS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_reserves_the_budget_is_all_there_is),
		cmocka_unit_test(a_budget_of_nothing_admits_nobody),
		cmocka_unit_test(others_leave_the_reserve_alone_and_its_class_can_always_use_it),
		cmocka_unit_test(a_class_with_a_reserve_shares_the_rest),
		cmocka_unit_test(
			a_reserve_that_got_room_meanwhile_is_used_instead_of_a_shared_slot),
		cmocka_unit_test(shared_slots_are_given_back_before_reserved_ones),
		cmocka_unit_test(a_cut_budget_admits_nobody_until_enough_have_left),
		cmocka_unit_test(a_cut_budget_holds_for_a_reserve_as_well),
		cmocka_unit_test(a_reserve_cut_while_in_use_ends_with_every_count_at_zero),
		cmocka_unit_test(a_class_never_passes_its_max_direct),
		cmocka_unit_test(who_may_never_be_refused_takes_slots_beyond_the_budget),
		cmocka_unit_test(the_pooler_has_places_up_to_its_maximum_and_zero_is_no_cap),
		cmocka_unit_test(a_missing_pointer_takes_nothing),
		cmocka_unit_test(threads_of_several_classes_never_pass_the_budget_and_end_at_zero),
		cmocka_unit_test(threads_that_share_a_class_keep_its_limits),
		cmocka_unit_test(a_class_gets_its_reserve_whatever_the_others_do),
	};

	return cmocka_run_group_tests_name("slots", tests, NULL, NULL);
}
