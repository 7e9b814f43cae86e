/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A database that is simulated, a quarter of a second at a time, and clients at an adaptive budget. For
 * tests/unit/test_adaptive.c.
 */
#ifndef SW_TEST_ADAPTIVE_PLANT_H
#define SW_TEST_ADAPTIVE_PLANT_H

#include <math.h>
#include <stdlib.h>

#include "policy/adaptive.h"

#define STEP_NS 250000000ull
#define STEP_S	0.25
#define START	1000000000ull

static const struct sw_adaptive_rules usual_rules = {.floor = 5, .ceiling = 100, .tolerance = 3};

/* A database, and as many clients as want in, one transaction each, by turns. */
struct plant {
	struct sw_adaptive adaptive;
	struct sw_adaptive_rules rules;
	uint64_t now_ns;
	double wanted;	 /* clients */
	double cpus;	 /* beyond so many at work each takes longer */
	double lasts_s;	 /* a transaction with nobody else there */
	double convoy_s; /* of it, how long it holds what all others wait for */
	double probe_s;
	double noise; /* of what is sampled, either way */
	double used, done;
	double told;  /* of the sampler's own transactions, of which one is done each time */
	double ended; /* by transactions, over all steps */
};

static struct plant plant_of(double wanted)
{
	struct plant plant = {
		.rules = usual_rules,
		.now_ns = START,
		.wanted = wanted,
		.cpus = 1000,
		.lasts_s = 0.1,
		.probe_s = 0.001,
		.ended = 1,
	};

	sw_adaptive_begin(&plant.adaptive, usual_rules.floor);
	return plant;
}

static double noisy(const struct plant *plant, double value)
{
	return value * (1 + plant->noise * (2 * drand48() - 1));
}

/* Transactions a second with n inside. */
static double throughput(const struct plant *plant, double n)
{
	double rate = fmin(n, plant->cpus) / plant->lasts_s;

	return plant->convoy_s > 0 ? fmin(rate, 1 / plant->convoy_s) : rate;
}

static double waiting(const struct plant *plant)
{
	return plant->convoy_s > 0
		       ? fmax(0, plant->used - throughput(plant, plant->used) * plant->lasts_s)
		       : 0;
}

static uint32_t slots(const struct plant *plant)
{
	return sw_adaptive_slots(&plant->adaptive, &plant->rules);
}

/* PostgreSQL tells of a session's transactions once a second at most, so of four or five of them at once. */
static uint64_t transactions(struct plant *plant)
{
	if (plant->done >= plant->told + 4 + (double)(lrand48() % 2))
		plant->told = plant->done;
	return (uint64_t)plant->ended + (uint64_t)plant->told;
}

static void run_once(struct plant *plant)
{
	double ends = throughput(plant, plant->used) * STEP_S, may = slots(plant);
	struct sw_adaptive_sample sample;

	plant->ended += ends;
	/* Who leaves makes room for one within the budget. */
	plant->used = fmax(plant->used - ends, 0);
	plant->used = fmin(fmax(may, plant->used), fmax(plant->wanted, plant->used));
	plant->now_ns += STEP_NS;
	plant->done++;
	sample = (struct sw_adaptive_sample){
		.now_ns = plant->now_ns,
		.probe_ns = (uint64_t)(noisy(plant, plant->probe_s) * 1e9),
		.at_work = (uint32_t)lround(noisy(plant, plant->used)),
		.active = (uint32_t)lround(noisy(plant, plant->used)),
		.transactions = transactions(plant),
		.used = (uint32_t)plant->used,
		.room = plant->used < may ? (uint32_t)(may - plant->used) : 0,
	};
	sample.waiting = (uint32_t)fmin(lround(waiting(plant)), sample.at_work);
	sw_adaptive_step(&plant->adaptive, &plant->rules, &sample);
}

static void run_s(struct plant *plant, double seconds)
{
	for (double at = 0; at < seconds; at += STEP_S)
		run_once(plant);
}

static void assert_within(double value, double least, double most)
{
	if (value < least || value > most)
		fail_msg("%g is not from %g to %g", value, least, most);
}

#endif
