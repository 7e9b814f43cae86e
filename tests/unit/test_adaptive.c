/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The adaptive budget: what holds for any samples, and what it does with databases that are simulated, a quarter
 * of a second at a time.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "adaptive_plant.h"

static struct sw_adaptive_sample any_sample(uint64_t *now_ns)
{
	struct sw_adaptive_sample sample = {
		.now_ns = *now_ns += (uint64_t)lrand48() % (2 * STEP_NS),
		.probe_ns = (uint64_t)exp(drand48() * 25),
		.at_work = (uint32_t)lrand48() % 200,
		.active = (uint32_t)lrand48() % 300,
		.transactions = (uint64_t)lrand48(),
		.used = (uint32_t)lrand48() % 200,
		.room = lrand48() % 2 ? (uint32_t)lrand48() % 100 : 0,
	};

	sample.waiting = (uint32_t)lrand48() % (sample.at_work + 1);
	return sample;
}

static struct sw_adaptive_rules any_rules(void)
{
	return (struct sw_adaptive_rules){
		.floor = 1 + (uint32_t)lrand48() % 50,
		.ceiling = (uint32_t)lrand48() % 150,
		.tolerance = 1.1 + 5 * drand48(),
	};
}

static void whatever_it_samples_the_budget_stays_between_floor_and_ceiling(void **state)
{
	(void)state;
	for (int run = 0; run < 2000; run++) {
		struct sw_adaptive_rules rules = any_rules();
		struct sw_adaptive adaptive;
		uint64_t now_ns = START;

		sw_adaptive_begin(&adaptive, (uint32_t)lrand48() % 200);
		for (int i = 0; i < 100; i++) {
			struct sw_adaptive_sample sample = any_sample(&now_ns);
			uint32_t found;

			if (i % 20 == 0)
				rules.ceiling = (uint32_t)lrand48() % 150;
			sw_adaptive_step(&adaptive, &rules, &sample);
			found = sw_adaptive_slots(&adaptive, &rules);
			assert_true(found <= rules.ceiling);
			assert_true(found >= rules.floor || found == rules.ceiling);
			assert_within(adaptive.gradient, 1.0 / 3, 1);
			assert_true(isfinite(adaptive.limit));
		}
	}
}

static void
no_step_cuts_to_less_than_a_half_or_a_third_or_grows_by_more_than_four_roots(void **state)
{
	(void)state;
	for (int run = 0; run < 2000; run++) {
		struct sw_adaptive_rules rules = any_rules();
		struct sw_adaptive adaptive;
		uint64_t now_ns = START;
		double highest;

		rules.ceiling = 1000;
		sw_adaptive_begin(&adaptive, rules.floor + (uint32_t)lrand48() % 200);
		highest = adaptive.limit;
		for (int i = 0; i < 100; i++) {
			struct sw_adaptive_sample sample = any_sample(&now_ns);
			double before = adaptive.limit, most, least;

			sw_adaptive_step(&adaptive, &rules, &sample);
			/* One that was for nothing is undone at once. */
			most = adaptive.state == SW_ADAPTIVE_BACK ? highest
								  : before + 4 * sqrt(before);
			highest = fmax(highest, adaptive.limit);
			least = fmin(floor(before), sample.used) /
				(adaptive.slowest == SW_ADAPTIVE_WAITS ? 3 : 2);
			assert_within(adaptive.limit, fmax(least, rules.floor) - 1e-9, most);
		}
	}
}

static void frozen_it_stays_whatever_it_samples(void **state)
{
	(void)state;
	for (int run = 0; run < 500; run++) {
		struct sw_adaptive_rules rules = {5, 100, 2, true};
		struct sw_adaptive adaptive;
		uint64_t now_ns = START;
		uint32_t before = 5 + (uint32_t)lrand48() % 96;

		sw_adaptive_begin(&adaptive, before);
		for (int i = 0; i < 100; i++) {
			struct sw_adaptive_sample sample = any_sample(&now_ns);

			sw_adaptive_step(&adaptive, &rules, &sample);
			assert_int_equal(sw_adaptive_slots(&adaptive, &rules), before);
			assert_int_equal(adaptive.state, SW_ADAPTIVE_FROZEN);
		}
		/* But what the database has no room for nobody gets, for as long as it has none. */
		rules.ceiling = 4;
		assert_int_equal(sw_adaptive_slots(&adaptive, &rules), 4);
		rules.ceiling = 100;
		assert_int_equal(sw_adaptive_slots(&adaptive, &rules), before);
		/* And a floor that is raised counts for it as well. */
		rules.floor = 100;
		assert_int_equal(sw_adaptive_slots(&adaptive, &rules), 100);
	}
}

static void it_does_not_grow_while_it_is_not_used_up(void **state)
{
	(void)state;
	for (int run = 0; run < 500; run++) {
		struct sw_adaptive_rules rules = {.floor = 5, .ceiling = 1000, .tolerance = 1e6};
		struct sw_adaptive adaptive;
		uint64_t now_ns = START;
		uint32_t before = 5 + (uint32_t)lrand48() % 200;

		sw_adaptive_begin(&adaptive, before);
		for (int i = 0; i < 100; i++) {
			struct sw_adaptive_sample sample = any_sample(&now_ns);

			sample.room = before / 4 + 1;
			sw_adaptive_step(&adaptive, &rules, &sample);
			assert_true(sw_adaptive_slots(&adaptive, &rules) <= before);
		}
	}
}

static void what_is_not_used_goes_by_and_by(void **state)
{
	struct sw_adaptive adaptive;
	uint64_t now_ns = START;

	(void)state;
	sw_adaptive_begin(&adaptive, 90);
	for (int i = 0; i < 4 * 300; i++) {
		struct sw_adaptive_sample sample = {
			.now_ns = now_ns += STEP_NS, .at_work = 20, .used = 20, .room = 70};

		sw_adaptive_step(&adaptive, &usual_rules, &sample);
		if (i == 20)
			assert_within(sw_adaptive_slots(&adaptive, &usual_rules), 75, 85);
	}
	assert_within(sw_adaptive_slots(&adaptive, &usual_rules), 26, 27);
}

static void it_grows_to_the_ceiling_while_more_come_and_all_is_well(void **state)
{
	struct plant plant = plant_of(500);

	(void)state;
	/* The first seconds of all are for learning what is usual. */
	run_s(&plant, 3);
	assert_int_equal(slots(&plant), 5);
	run_s(&plant, 3);
	assert_within(slots(&plant), 30, 99);
	run_s(&plant, 8);
	assert_int_equal(slots(&plant), 100);
	assert_int_equal(plant.adaptive.cuts, 0);
}

static void it_grows_no_further_than_is_made_use_of(void **state)
{
	struct plant plant = plant_of(30);

	(void)state;
	run_s(&plant, 600);
	assert_within(slots(&plant), 30, 45);
	assert_int_equal(plant.adaptive.state, SW_ADAPTIVE_HAS_ROOM);
}

static void a_convoy_cuts_it_to_what_keeps_the_lock_busy_and_it_grows_back_after_it(void **state)
{
	struct plant plant = plant_of(500);

	(void)state;
	run_s(&plant, 20);
	plant.lasts_s = plant.convoy_s = 0.02;
	run_s(&plant, 8);
	assert_within(slots(&plant), 5, 6);
	/* For however long: it is never taken for usual. */
	for (int i = 0; i < 4 * 3600; i++) {
		run_once(&plant);
		assert_within(slots(&plant), 5, 7);
	}
	plant.convoy_s = 0;
	run_s(&plant, 10);
	assert_int_equal(slots(&plant), 100);
}

/* For as many as before the budget grows, and is not cut again. */
static void assert_that_usual_work_is_usual(struct plant *plant)
{
	uint64_t cuts = plant->adaptive.cuts;

	plant->lasts_s = 0.1;
	plant->convoy_s = 0;
	plant->wanted = 60;
	run_s(plant, 5);
	assert_within(slots(plant), 50, 90);
	assert_int_equal(plant->adaptive.cuts, cuts);
}

/* Their short turns at the lock would make everything that comes after look slow. */
static void while_they_wait_for_each_other_nothing_is_learned(void **state)
{
	struct plant plant = plant_of(60);

	(void)state;
	run_s(&plant, 20);
	plant.lasts_s = plant.convoy_s = 0.004;
	run_s(&plant, 60);
	assert_int_equal(slots(&plant), 5);
	assert_that_usual_work_is_usual(&plant);
}

/* A small budget may end the waiting: what is left are the same short turns. */
static void nor_while_only_a_cut_keeps_them_from_waiting(void **state)
{
	struct plant plant = plant_of(60);

	(void)state;
	run_s(&plant, 20);
	plant.lasts_s = plant.convoy_s = 0.004;
	run_s(&plant, 5);
	plant.wanted = 1;
	run_s(&plant, 60);
	assert_within(plant.adaptive.signals[SW_ADAPTIVE_WAITS].ratio, 1, 1.1);
	assert_int_equal(slots(&plant), 5);
	assert_that_usual_work_is_usual(&plant);
	/* When it has grown, shorter work is learned for what it is. */
	plant.lasts_s = 0.01;
	run_s(&plant, 60);
	assert_within(plant.adaptive.signals[SW_ADAPTIVE_TRANSACTION].usual, 0, 0.05);
}

static void one_answer_that_comes_late_is_no_reason_to_cut(void **state)
{
	struct plant plant = plant_of(60);

	(void)state;
	run_s(&plant, 20);
	for (int i = 0; i < 400; i++) {
		plant.probe_s = i % 5 ? 0.001 : 0.9;
		run_once(&plant);
	}
	assert_int_equal(plant.adaptive.cuts, 0);
}

/* Else it would be stuck above the floor, with half of it learned. */
static void from_its_floor_it_grows_when_it_has_learned_what_is_usual_there(void **state)
{
	struct plant plant = plant_of(60);

	(void)state;
	plant.rules.is_frozen = true;
	run_s(&plant, 20);
	plant.lasts_s *= 4;
	run_s(&plant, 1);
	plant.rules.is_frozen = false;
	while (slots(&plant) == 5)
		run_once(&plant);
	assert_within(plant.adaptive.signals[SW_ADAPTIVE_TRANSACTION].ratio, 1, 1.2);
	run_s(&plant, 10);
	assert_within(slots(&plant), 60, 90);
}

static void answers_within_milliseconds_are_good_whatever_is_usual(void **state)
{
	struct plant plant = plant_of(60);

	(void)state;
	run_s(&plant, 20);
	plant.probe_s = 0.0049;
	run_s(&plant, 20);
	assert_int_equal(plant.adaptive.cuts, 0);
}

static void with_too_few_cpus_it_stays_where_more_would_only_wait(void **state)
{
	struct plant plant = plant_of(500);
	double ended;

	(void)state;
	plant.cpus = 10;
	plant.noise = 0.15;
	run_s(&plant, 60);
	ended = plant.ended;
	for (int i = 0; i < 4 * 3600; i++) {
		run_once(&plant);
		assert_within(slots(&plant), 10, 60);
	}
	/* Nothing is lost by it. */
	assert_within((plant.ended - ended) / 3600, 0.99 * 100, 100.01);
}

static void work_that_became_longer_is_known_for_it_after_a_trial_with_fewer(void **state)
{
	struct plant plant = plant_of(60);

	(void)state;
	run_s(&plant, 60);
	assert_within(slots(&plant), 60, 90);
	plant.lasts_s *= 10;
	plant.probe_s *= 30;
	for (int i = 0; i < 20 * 4; i++) {
		run_once(&plant);
		assert_within(slots(&plant), 20, 90);
	}
	assert_within((double)plant.adaptive.cuts, 1, 4);
	assert_within(slots(&plant), 60, 90);
	/* And for being fast again. */
	plant.lasts_s /= 10;
	plant.probe_s /= 30;
	run_s(&plant, 60);
	plant.cpus = 10;
	run_s(&plant, 30);
	assert_within(slots(&plant), 10, 40);
}

/* Where some always wait for each other a small budget is no reason to stay small. */
static void a_few_that_wait_for_others_do_not_keep_it_at_the_floor(void **state)
{
	struct sw_adaptive adaptive;
	uint64_t now_ns = START;

	(void)state;
	sw_adaptive_begin(&adaptive, 5);
	for (int i = 0; i < 8; i++) {
		struct sw_adaptive_sample sample = {
			.now_ns = now_ns += STEP_NS, .at_work = 5, .waiting = 1, .used = 5};

		sw_adaptive_step(&adaptive, &usual_rules, &sample);
	}
	assert_within(sw_adaptive_slots(&adaptive, &usual_rules), 10, 40);
}

static void in_the_dead_band_it_stands_still_for_all_the_noise(void **state)
{
	struct sw_adaptive_rules rules = usual_rules;
	struct sw_adaptive adaptive;
	uint64_t now_ns = START;

	(void)state;
	sw_adaptive_begin(&adaptive, 40);
	for (int i = 0; i < 4 * 3600; i++) {
		/* 41 / 16 = 2.6 times as long; the band is from 2 to 3. */
		struct sw_adaptive_sample sample = {
			.now_ns = now_ns += STEP_NS,
			.probe_ns = 1000000 + (uint64_t)lrand48() % 3000000,
			.at_work = 40,
			.waiting = 23 + (uint32_t)lrand48() % 5,
			.used = 40,
		};

		sw_adaptive_step(&adaptive, &rules, &sample);
		assert_int_equal(sw_adaptive_slots(&adaptive, &rules), 40);
		assert_int_equal(adaptive.state, SW_ADAPTIVE_HOLDS);
	}
}

static void at_its_knee_it_moves_seldom(void **state)
{
	struct plant plant = plant_of(500);
	uint64_t cuts;

	(void)state;
	plant.cpus = 20;
	plant.noise = 0.1;
	run_s(&plant, 60);
	cuts = plant.adaptive.cuts;
	run_s(&plant, 600);
	assert_within((double)(plant.adaptive.cuts - cuts), 0, 10);
}

static void a_cut_goes_out_from_what_is_in_use(void **state)
{
	struct sw_adaptive adaptive;
	uint64_t now_ns = START;

	(void)state;
	sw_adaptive_begin(&adaptive, 90);
	for (int i = 0; i < 2; i++) {
		struct sw_adaptive_sample sample = {.now_ns = now_ns += STEP_NS,
						    .at_work = 30,
						    .waiting = 29,
						    .used = 30,
						    .room = 60};

		sw_adaptive_step(&adaptive, &usual_rules, &sample);
	}
	assert_int_equal(sw_adaptive_slots(&adaptive, &usual_rules), 10);
}

/* Sessions of pools do not leave for it; and who would come after them is not kept out for that. */
static void it_is_not_cut_again_before_the_last_cut_had_its_effect(void **state)
{
	struct sw_adaptive adaptive;
	uint64_t now_ns = START;

	(void)state;
	sw_adaptive_begin(&adaptive, 80);
	for (int i = 0; i < 400; i++) {
		struct sw_adaptive_sample sample = {
			.now_ns = now_ns += STEP_NS, .at_work = 80, .waiting = 79, .used = 80};

		sw_adaptive_step(&adaptive, &usual_rules, &sample);
	}
	assert_int_equal(sw_adaptive_slots(&adaptive, &usual_rules), 26);
	assert_int_equal(adaptive.cuts, 1);
	assert_int_equal(adaptive.state, SW_ADAPTIVE_SETTLES);
}

/* Three reports of an hour each at night are not an overload. */
static void as_few_as_the_floor_allows_are_no_reason_to_cut(void **state)
{
	struct sw_adaptive adaptive;
	uint64_t now_ns = START;

	(void)state;
	sw_adaptive_begin(&adaptive, 80);
	for (int i = 0; i < 400; i++) {
		struct sw_adaptive_sample sample = {
			.now_ns = now_ns += STEP_NS,
			.probe_ns = i < 200 ? 1000000 : 900000000,
			.at_work = 5,
			.waiting = i < 200 ? 0 : 5,
			.active = 5,
			.transactions = 1000u + (i < 200 ? 20u * (unsigned int)i : 4000u),
			.used = 50,
			.room = 30,
		};

		sw_adaptive_step(&adaptive, &usual_rules, &sample);
	}
	assert_int_equal(adaptive.cuts, 0);
	assert_within(sw_adaptive_slots(&adaptive, &usual_rules), 66, 80);
	assert_int_equal(adaptive.state, SW_ADAPTIVE_AT_FLOOR);
}

/* All that is left to count then are the sampler's own transactions. */
static void work_that_stands_still_cuts_it_however_slow_it_was_before(void **state)
{
	struct plant plant = plant_of(20);

	(void)state;
	plant.lasts_s = 2;
	run_s(&plant, 120);
	assert_within(plant.used, 20, 20);
	assert_within(plant.adaptive.rate, 8, 12);
	assert_int_equal(plant.adaptive.cuts, 0);
	plant.lasts_s = 1e9;
	run_s(&plant, 10);
	assert_within((double)plant.adaptive.cuts, 1, 10);
	assert_within(slots(&plant), 5, 20);
	run_s(&plant, 10);
	for (int i = 0; i < 4 * 60; i++) {
		run_once(&plant);
		assert_within(slots(&plant), 5, 20);
		assert_within(plant.adaptive.rate, 0, 0.1);
	}
}

static void a_server_that_counts_no_transactions_is_not_slow_for_that(void **state)
{
	struct sw_adaptive adaptive;
	uint64_t now_ns = START;

	(void)state;
	sw_adaptive_begin(&adaptive, 5);
	for (int i = 0; i < 400; i++) {
		uint32_t slots = sw_adaptive_slots(&adaptive, &usual_rules);
		struct sw_adaptive_sample sample = {
			.now_ns = now_ns += STEP_NS,
			.probe_ns = 1000000,
			.at_work = slots,
			.active = slots,
			.transactions = 1000,
			.used = slots,
		};

		sw_adaptive_step(&adaptive, &usual_rules, &sample);
	}
	assert_int_equal(sw_adaptive_slots(&adaptive, &usual_rules), 100);
	assert_int_equal(adaptive.cuts, 0);
}

static void a_ceiling_that_is_low_for_a_moment_costs_no_budget_after_it(void **state)
{
	struct plant plant = plant_of(500);

	(void)state;
	run_s(&plant, 20);
	plant.rules.ceiling = 50;
	assert_int_equal(slots(&plant), 50);
	run_s(&plant, 1);
	assert_int_equal(slots(&plant), 50);
	plant.rules.ceiling = 100;
	assert_int_equal(slots(&plant), 100);
	/* Below the floor as well: more the database has no room for. */
	plant.rules.ceiling = 3;
	assert_int_equal(slots(&plant), 3);
}

static void statistics_that_begin_anew_and_long_silence_are_no_slowness(void **state)
{
	struct plant plant = plant_of(500);

	(void)state;
	run_s(&plant, 20);
	plant.ended = 1;
	plant.done = plant.told = 0;
	run_s(&plant, 5);
	plant.now_ns += 3600ull * 1000000000;
	run_s(&plant, 5);
	assert_int_equal(plant.adaptive.cuts, 0);
	assert_int_equal(slots(&plant), 100);
}

static void before_it_has_begun_it_is_nothing(void **state)
{
	struct sw_adaptive adaptive = {0};

	(void)state;
	assert_int_equal(sw_adaptive_slots(&adaptive, &usual_rules), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_it_samples_the_budget_stays_between_floor_and_ceiling),
		cmocka_unit_test(
			no_step_cuts_to_less_than_a_half_or_a_third_or_grows_by_more_than_four_roots),
		cmocka_unit_test(frozen_it_stays_whatever_it_samples),
		cmocka_unit_test(it_does_not_grow_while_it_is_not_used_up),
		cmocka_unit_test(what_is_not_used_goes_by_and_by),
		cmocka_unit_test(it_grows_to_the_ceiling_while_more_come_and_all_is_well),
		cmocka_unit_test(it_grows_no_further_than_is_made_use_of),
		cmocka_unit_test(
			a_convoy_cuts_it_to_what_keeps_the_lock_busy_and_it_grows_back_after_it),
		cmocka_unit_test(while_they_wait_for_each_other_nothing_is_learned),
		cmocka_unit_test(nor_while_only_a_cut_keeps_them_from_waiting),
		cmocka_unit_test(one_answer_that_comes_late_is_no_reason_to_cut),
		cmocka_unit_test(from_its_floor_it_grows_when_it_has_learned_what_is_usual_there),
		cmocka_unit_test(answers_within_milliseconds_are_good_whatever_is_usual),
		cmocka_unit_test(with_too_few_cpus_it_stays_where_more_would_only_wait),
		cmocka_unit_test(work_that_became_longer_is_known_for_it_after_a_trial_with_fewer),
		cmocka_unit_test(a_few_that_wait_for_others_do_not_keep_it_at_the_floor),
		cmocka_unit_test(in_the_dead_band_it_stands_still_for_all_the_noise),
		cmocka_unit_test(at_its_knee_it_moves_seldom),
		cmocka_unit_test(a_cut_goes_out_from_what_is_in_use),
		cmocka_unit_test(it_is_not_cut_again_before_the_last_cut_had_its_effect),
		cmocka_unit_test(as_few_as_the_floor_allows_are_no_reason_to_cut),
		cmocka_unit_test(work_that_stands_still_cuts_it_however_slow_it_was_before),
		cmocka_unit_test(a_server_that_counts_no_transactions_is_not_slow_for_that),
		cmocka_unit_test(a_ceiling_that_is_low_for_a_moment_costs_no_budget_after_it),
		cmocka_unit_test(statistics_that_begin_anew_and_long_silence_are_no_slowness),
		cmocka_unit_test(before_it_has_begun_it_is_nothing),
	};

	srand48(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
