/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See adaptive.h.
 */
#include "policy/adaptive.h"

#include <math.h>

#define NS_PER_S 1e9
/* Over how long what comes in is smoothed. PostgreSQL tells of a session's transactions once a second. */
#define SMOOTH_S      0.5
#define SMOOTH_WORK_S 2.0
/* How fast the usual is learned: with little at work, and what is better with much at work. */
#define LEARN_LULL_S   2.0
#define LEARN_BETTER_S 20.0
/* The first clients begin together and end later: what comes of that for so long is no measure. */
#define LEARN_FIRST_S 4.0
/* Answers within so much are good, whatever is usual: what is less is the noise of schedulers. */
#define PROBE_GOOD_S 0.005
/* Of a database where everything stands still a transaction takes a very long time, not forever. */
#define RATE_LEAST 0.1
/* As in Gradient2 a cut takes half at most; and a tenth at least, so that it is one. */
#define CUT_MOST  0.5
#define CUT_LEAST 0.9
/* The dead band is the upper half of what is tolerated. */
#define GROW_BELOW 0.5
/* But from the floor it goes up only when what is usual has been learned there: above it that ends. */
#define LEARNED_BELOW 0.1
/* Growth: so many square roots of the budget a second. From 10 to 100 in seven seconds. */
#define GROWTH	    2.0
#define STEP_MOST_S 1.0
/* Over a longer silence nobody knows whether the database was there at all. */
#define SILENCE_S 10.0

/* When what a cut does can be seen in the signal at the earliest. */
static const double settle_s[SW_ADAPTIVE_SIGNALS] = {
	[SW_ADAPTIVE_PROBE] = SMOOTH_S,
	[SW_ADAPTIVE_TRANSACTION] = SMOOTH_WORK_S,
	[SW_ADAPTIVE_WAITS] = SMOOTH_S,
};

static const char *const signal_names[SW_ADAPTIVE_SIGNALS] = {
	[SW_ADAPTIVE_PROBE] = "probe",
	[SW_ADAPTIVE_TRANSACTION] = "transaction",
	[SW_ADAPTIVE_WAITS] = "waits",
};

static const char *const state_names[SW_ADAPTIVE_STATES] = {
	[SW_ADAPTIVE_GROWS] = "grows",	     [SW_ADAPTIVE_HOLDS] = "holds",
	[SW_ADAPTIVE_CUT] = "cut",	     [SW_ADAPTIVE_SETTLES] = "settles",
	[SW_ADAPTIVE_AT_FLOOR] = "at floor", [SW_ADAPTIVE_HAS_ROOM] = "has room",
	[SW_ADAPTIVE_FROZEN] = "frozen",
};

const char *sw_adaptive_signal_name(enum sw_adaptive_signal signal)
{
	return signal_names[signal];
}

const char *sw_adaptive_state_name(enum sw_adaptive_state state)
{
	return state_names[state];
}

/* The weight of what is new, dt after the last: the same however often samples come. */
static double weight(double dt, double over_s)
{
	return 1 - exp(-dt / over_s);
}

static void smooth(double *value, double next, double dt, double over_s)
{
	*value += weight(dt, over_s) * (next - *value);
}

/* A server that was restarted, or its statistics reset, counts anew. */
static void count_transactions(struct sw_adaptive *adaptive,
			       const struct sw_adaptive_sample *sample, double dt)
{
	bool is_known = dt > 0 && dt < SILENCE_S && sample->transactions > adaptive->transactions;
	double rate;

	if (is_known) {
		rate = (double)(sample->transactions - adaptive->transactions - 1) / dt;
		if (adaptive->rate < 0)
			adaptive->rate = rate;
		else
			smooth(&adaptive->rate, rate, dt, SMOOTH_WORK_S);
	}
	adaptive->transactions = sample->transactions;
}

static void take_in(struct sw_adaptive *adaptive, const struct sw_adaptive_sample *sample,
		    double dt)
{
	double *now[SW_ADAPTIVE_SIGNALS];

	for (int i = 0; i < SW_ADAPTIVE_SIGNALS; i++)
		now[i] = &adaptive->signals[i].now;
	if (!adaptive->sampled_ns) {
		adaptive->rate = -1;
		dt = INFINITY;
	}
	count_transactions(adaptive, sample, isinf(dt) ? 0 : dt);
	smooth(&adaptive->at_work, sample->at_work, dt, SMOOTH_S);
	smooth(&adaptive->waiting, sample->waiting, dt, SMOOTH_S);
	smooth(&adaptive->active, sample->active, dt, SMOOTH_WORK_S);
	smooth(now[SW_ADAPTIVE_PROBE], fmax((double)sample->probe_ns / NS_PER_S, PROBE_GOOD_S), dt,
	       SMOOTH_S);
	/* One more on both sides, so that one of two that waits is not a convoy. */
	*now[SW_ADAPTIVE_WAITS] =
		(adaptive->at_work + 1) / (fmax(adaptive->at_work - adaptive->waiting, 0) + 1);
	*now[SW_ADAPTIVE_TRANSACTION] =
		adaptive->rate < 0 ? 0 : adaptive->active / fmax(adaptive->rate, RATE_LEAST);
	adaptive->sampled_ns = sample->now_ns;
}

/* By ratio, not by difference: from seconds to milliseconds is no longer a way than back. */
static void learn(double *usual, double now, double dt, bool lull)
{
	if (*usual <= 0)
		*usual = now;
	else if (lull)
		*usual *= pow(now / *usual, weight(dt, LEARN_LULL_S));
	else if (now < *usual)
		*usual *= pow(now / *usual, weight(dt, LEARN_BETTER_S));
}

/* No more at work than the floor allows; what is smoothed comes near to a number, and does not reach it. */
static bool is_lull(const struct sw_adaptive *adaptive, const struct sw_adaptive_rules *rules)
{
	return adaptive->at_work < rules->floor + 0.5;
}

/* Of hardly anybody at work the time of a transaction is made of noise. */
static bool has_work(const struct sw_adaptive *adaptive)
{
	return adaptive->active >= 0.5;
}

static void compare(struct sw_adaptive *adaptive, const struct sw_adaptive_rules *rules, double dt)
{
	bool lull = is_lull(adaptive, rules);

	adaptive->signals[SW_ADAPTIVE_WAITS].usual = 1;
	learn(&adaptive->signals[SW_ADAPTIVE_PROBE].usual, adaptive->signals[SW_ADAPTIVE_PROBE].now,
	      dt, lull);
	if (adaptive->signals[SW_ADAPTIVE_TRANSACTION].now > 0 && has_work(adaptive)) {
		learn(&adaptive->signals[SW_ADAPTIVE_TRANSACTION].usual,
		      adaptive->signals[SW_ADAPTIVE_TRANSACTION].now, dt, lull);
		adaptive->learned_s += lull ? dt : 0;
	}
	adaptive->slowest = SW_ADAPTIVE_PROBE;
	for (int i = 0; i < SW_ADAPTIVE_SIGNALS; i++) {
		double now = adaptive->signals[i].now, usual = adaptive->signals[i].usual;

		adaptive->signals[i].ratio = now > 0 && usual > 0 ? now / usual : 1;
		if (adaptive->signals[i].ratio > adaptive->signals[adaptive->slowest].ratio)
			adaptive->slowest = i;
	}
	adaptive->gradient = fmax(
		CUT_MOST, fmin(1, rules->tolerance / adaptive->signals[adaptive->slowest].ratio));
}

static bool has_settled(const struct sw_adaptive *adaptive)
{
	return !adaptive->cut_ns || (double)(adaptive->sampled_ns - adaptive->cut_ns) >=
					    settle_s[adaptive->slowest] * NS_PER_S;
}

/*
 * Sessions that are inside stay, so a cut has its effect when enough have left. Until then another one would only
 * keep out whoever comes after.
 */
static enum sw_adaptive_state cut(struct sw_adaptive *adaptive,
				  const struct sw_adaptive_rules *rules, uint32_t slots,
				  uint32_t used)
{
	if (is_lull(adaptive, rules) || slots <= rules->floor)
		return SW_ADAPTIVE_AT_FLOOR;
	if (used > slots || !has_settled(adaptive))
		return SW_ADAPTIVE_SETTLES;
	adaptive->limit = slots * fmin(adaptive->gradient, CUT_LEAST);
	adaptive->cut_ns = adaptive->sampled_ns;
	adaptive->cuts++;
	return SW_ADAPTIVE_CUT;
}

static bool is_well(const struct sw_adaptive *adaptive, const struct sw_adaptive_rules *rules,
		    uint32_t slots)
{
	bool at_floor = slots <= rules->floor;

	if (at_floor && has_work(adaptive) && adaptive->learned_s < LEARN_FIRST_S)
		return false;
	for (int i = 0; i < SW_ADAPTIVE_SIGNALS; i++) {
		double part = at_floor && i != SW_ADAPTIVE_WAITS ? LEARNED_BELOW : GROW_BELOW;

		if (adaptive->signals[i].ratio >= 1 + (rules->tolerance - 1) * part)
			return false;
	}
	return true;
}

static enum sw_adaptive_state grow(struct sw_adaptive *adaptive,
				   const struct sw_adaptive_rules *rules, uint32_t slots,
				   uint32_t room, double dt)
{
	double from = fmin(adaptive->limit, rules->ceiling);

	if (room > slots / 4)
		return SW_ADAPTIVE_HAS_ROOM;
	if (slots >= rules->ceiling || !has_settled(adaptive) || dt <= 0)
		return SW_ADAPTIVE_HOLDS;
	adaptive->limit = fmin(from + GROWTH * sqrt(from) * fmin(dt, STEP_MOST_S), rules->ceiling);
	return SW_ADAPTIVE_GROWS;
}

static enum sw_adaptive_state move(struct sw_adaptive *adaptive,
				   const struct sw_adaptive_rules *rules,
				   const struct sw_adaptive_sample *sample, double dt)
{
	uint32_t slots = sw_adaptive_slots(adaptive, rules);
	double ratio = adaptive->signals[adaptive->slowest].ratio;

	if (rules->is_frozen)
		return SW_ADAPTIVE_FROZEN;
	if (ratio > rules->tolerance)
		return cut(adaptive, rules, slots, sample->used);
	if (is_well(adaptive, rules, slots))
		return grow(adaptive, rules, slots, sample->room, dt);
	return SW_ADAPTIVE_HOLDS;
}

void sw_adaptive_begin(struct sw_adaptive *adaptive, uint32_t slots)
{
	*adaptive = (struct sw_adaptive){.limit = slots, .rate = -1, .gradient = 1};
}

void sw_adaptive_step(struct sw_adaptive *adaptive, const struct sw_adaptive_rules *rules,
		      const struct sw_adaptive_sample *sample)
{
	double dt = 0;

	if (adaptive->sampled_ns)
		dt = (double)(sample->now_ns - adaptive->sampled_ns) / NS_PER_S;
	take_in(adaptive, sample, dt);
	compare(adaptive, rules, dt);
	adaptive->state = move(adaptive, rules, sample, dt);
	if (!rules->is_frozen)
		adaptive->limit = fmax(adaptive->limit, rules->floor);
}

uint32_t sw_adaptive_slots(const struct sw_adaptive *adaptive,
			   const struct sw_adaptive_rules *rules)
{
	double slots = fmax(adaptive->limit, rules->floor);

	if (adaptive->limit <= 0)
		return 0;
	return slots < rules->ceiling ? (uint32_t)slots : rules->ceiling;
}
