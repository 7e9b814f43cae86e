/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How an adaptive budget moves, by signals that adaptive_signals.c makes.
 */
#include <math.h>

#include "policy/adaptive_parts.h"

#define NS_PER_S 1e9
/* A cut takes a tenth at least, so that it is one. */
#define CUT_LEAST 0.9
/* From the floor it goes up only when what is usual has been learned there: so little above it, of the tolerance. */
#define LEARNED_BELOW 0.1
/* Growth: so many square roots of the budget a second. From 10 to 100 in three and a half. */
#define GROWTH	    4.0
#define STEP_MOST_S 1.0
/* How fast what is not used goes. */
#define UNUSED_S 30.0
/* What a trial cut leaves at most, so that what it does is more than noise. */
#define TRIAL_LEAVES 0.7

/* When what a cut does can be seen in the signal. */
static const double settle_s[SW_ADAPTIVE_SIGNALS] = {
	[SW_ADAPTIVE_PROBE] = 1.0,
	[SW_ADAPTIVE_TRANSACTION] = 4.0,
	[SW_ADAPTIVE_WAITS] = 0.5,
};

static const char *const state_names[SW_ADAPTIVE_STATES] = {
	[SW_ADAPTIVE_GROWS] = "grows",	     [SW_ADAPTIVE_HOLDS] = "holds",
	[SW_ADAPTIVE_CUT] = "cut",	     [SW_ADAPTIVE_SETTLES] = "settles",
	[SW_ADAPTIVE_AT_FLOOR] = "at floor", [SW_ADAPTIVE_HAS_ROOM] = "has room",
	[SW_ADAPTIVE_BACK] = "back",	     [SW_ADAPTIVE_FROZEN] = "frozen",
};

const char *sw_adaptive_state_name(enum sw_adaptive_state state)
{
	return state_names[state];
}

static bool has_settled(const struct sw_adaptive *adaptive, enum sw_adaptive_signal signal)
{
	return !adaptive->cut_ns ||
	       (double)(adaptive->sampled_ns - adaptive->cut_ns) >= settle_s[signal] * NS_PER_S;
}

/*
 * A longer time has two causes: too many at once, or work that takes longer. Only of the first kind does it get
 * shorter with fewer: in proportion, where they share what is short. If it does so by less than half of that, the
 * cut was for nothing: it is undone, and what is now is usual.
 */
static bool was_for_nothing(struct sw_adaptive *adaptive, uint32_t slots)
{
	struct sw_adaptive_trial *trial = &adaptive->trial;
	double left = (double)slots / trial->slots;
	double took;

	if (!trial->slots || left > TRIAL_LEAVES || !has_settled(adaptive, trial->signal))
		return false;
	took = adaptive->signals[trial->signal].now / trial->most;
	if (took > (1 + left) / 2) {
		adaptive->signals[trial->signal].usual = adaptive->signals[trial->signal].now;
		adaptive->limit = trial->limit;
		trial->slots = 0;
		return true;
	}
	trial->slots = 0;
	return false;
}

/* The signal is smoothed: it goes on rising for a while, whatever is done. */
static void watch_trial(struct sw_adaptive *adaptive)
{
	struct sw_adaptive_trial *trial = &adaptive->trial;

	trial->most = fmax(trial->most, adaptive->signals[trial->signal].now);
}

/* The cuts until one can be judged are one trial. */
static void try_less(struct sw_adaptive *adaptive, uint32_t used)
{
	if (adaptive->slowest == SW_ADAPTIVE_WAITS)
		adaptive->trial.slots = 0;
	else if (!adaptive->trial.slots)
		adaptive->trial = (struct sw_adaptive_trial){
			.signal = adaptive->slowest,
			.most = adaptive->signals[adaptive->slowest].now,
			.slots = used,
			.limit = adaptive->limit,
		};
}

/*
 * Sessions that are inside stay, so a cut has its effect when enough have left. Until then another one would only
 * keep out whoever comes after. It goes out from what is in use, as TCP's does (RFC 5681: FlightSize): a cut of what
 * nobody uses has none.
 */
static enum sw_adaptive_state cut(struct sw_adaptive *adaptive,
				  const struct sw_adaptive_rules *rules, uint32_t slots,
				  uint32_t used)
{
	if (used > slots)
		return SW_ADAPTIVE_SETTLES;
	if (was_for_nothing(adaptive, slots))
		return SW_ADAPTIVE_BACK;
	if (sw_adaptive_is_lull(adaptive, rules) || slots <= rules->floor)
		return SW_ADAPTIVE_AT_FLOOR;
	if (!has_settled(adaptive, adaptive->slowest))
		return SW_ADAPTIVE_SETTLES;
	try_less(adaptive, used);
	adaptive->limit = used * fmin(adaptive->gradient, CUT_LEAST);
	adaptive->is_relieved = adaptive->slowest == SW_ADAPTIVE_WAITS;
	adaptive->cut_ns = adaptive->sampled_ns;
	adaptive->cuts++;
	return SW_ADAPTIVE_CUT;
}

static bool is_well(const struct sw_adaptive *adaptive, const struct sw_adaptive_rules *rules,
		    uint32_t slots)
{
	if (sw_adaptive_has_work(adaptive) && !sw_adaptive_is_learned(adaptive))
		return false;
	for (int i = 0; i < SW_ADAPTIVE_SIGNALS; i++) {
		double well = sw_adaptive_well(rules);

		if (slots <= rules->floor && i != SW_ADAPTIVE_WAITS)
			well = 1 + (rules->tolerance - 1) * LEARNED_BELOW;
		if (adaptive->signals[i].ratio >= well)
			return false;
	}
	return true;
}

/*
 * That all was well with more inside was some time ago, and says nothing of now (RFC 7661 for TCP): of a budget that
 * is not used up to three quarters what is more goes, by and by.
 */
static void let_go(struct sw_adaptive *adaptive, const struct sw_adaptive_rules *rules,
		   uint32_t used, double dt)
{
	double enough = fmax(used * 4.0 / 3, rules->floor);

	if (adaptive->limit > enough)
		adaptive->limit += (1 - exp(-dt / UNUSED_S)) * (enough - adaptive->limit);
}

static enum sw_adaptive_state grow(struct sw_adaptive *adaptive,
				   const struct sw_adaptive_rules *rules, uint32_t slots,
				   const struct sw_adaptive_sample *sample, double dt)
{
	double from = fmin(adaptive->limit, rules->ceiling);

	if (sample->room > slots / 4) {
		let_go(adaptive, rules, sample->used, dt);
		return SW_ADAPTIVE_HAS_ROOM;
	}
	if (slots >= rules->ceiling || !has_settled(adaptive, adaptive->slowest) || dt <= 0)
		return SW_ADAPTIVE_HOLDS;
	adaptive->limit = fmin(from + GROWTH * sqrt(from) * fmin(dt, STEP_MOST_S), rules->ceiling);
	adaptive->trial.slots = 0;
	adaptive->is_relieved = false;
	return SW_ADAPTIVE_GROWS;
}

static enum sw_adaptive_state move(struct sw_adaptive *adaptive,
				   const struct sw_adaptive_rules *rules,
				   const struct sw_adaptive_sample *sample, double dt)
{
	uint32_t slots = sw_adaptive_slots(adaptive, rules);
	double ratio = adaptive->signals[adaptive->slowest].ratio;

	watch_trial(adaptive);
	if (rules->is_frozen)
		return SW_ADAPTIVE_FROZEN;
	if (ratio > rules->tolerance)
		return cut(adaptive, rules, slots, sample->used);
	if (is_well(adaptive, rules, slots))
		return grow(adaptive, rules, slots, sample, dt);
	return SW_ADAPTIVE_HOLDS;
}

void sw_adaptive_begin(struct sw_adaptive *adaptive, uint32_t slots)
{
	*adaptive = (struct sw_adaptive){.limit = slots, .gradient = 1};
}

void sw_adaptive_step(struct sw_adaptive *adaptive, const struct sw_adaptive_rules *rules,
		      const struct sw_adaptive_sample *sample)
{
	double dt = 0;

	if (adaptive->sampled_ns)
		dt = (double)(sample->now_ns - adaptive->sampled_ns) / NS_PER_S;
	sw_adaptive_look(adaptive, rules, sample, dt);
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
