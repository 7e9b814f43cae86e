/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an adaptive budget goes by: signals out of samples, and what of them is usual.
 */
#include <math.h>

#include "policy/adaptive_parts.h"

#define NS_PER_S 1e9
/* Over how long what comes in is smoothed. */
#define SMOOTH_S      0.5
#define SMOOTH_WORK_S 2.0
/* Over how long transactions are counted, at least. */
#define WINDOW_S 1.0
/* How fast the usual is learned: with little at work, and what is better with much at work. */
#define LEARN_LULL_S   2.0
#define LEARN_BETTER_S 20.0
/* The first clients begin together and end later: what comes of that for so long is no measure. */
#define LEARN_FIRST_S 4.0
/* Answers within so much are good, whatever is usual: what is less is the noise of schedulers. */
#define PROBE_GOOD_S 0.005
/* Of a database where everything stands still a transaction takes a very long time, not forever. */
#define RATE_LEAST 0.1
/* Over a longer silence nobody knows whether the database was there at all. */
#define SILENCE_S 10.0

/*
 * What a cut leaves at least. Half is Gradient2's; of sessions that wait for each other it is known how many would
 * be enough, but not for how long they wait.
 */
static const double cut_most[SW_ADAPTIVE_SIGNALS] = {
	[SW_ADAPTIVE_PROBE] = 0.5,
	[SW_ADAPTIVE_TRANSACTION] = 0.5,
	[SW_ADAPTIVE_WAITS] = 1.0 / 3,
};

static const char *const signal_names[SW_ADAPTIVE_SIGNALS] = {
	[SW_ADAPTIVE_PROBE] = "probe",
	[SW_ADAPTIVE_TRANSACTION] = "transaction",
	[SW_ADAPTIVE_WAITS] = "waits",
};

const char *sw_adaptive_signal_name(enum sw_adaptive_signal signal)
{
	return signal_names[signal];
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

static void begin_window(struct sw_adaptive *adaptive, const struct sw_adaptive_sample *sample,
			 uint32_t own)
{
	adaptive->window = (struct sw_adaptive_window){.since_ns = sample->now_ns,
						       .ended = sample->transactions,
						       .last = sample->transactions,
						       .own = own};
}

/*
 * The sampler's own are told of in lumps: what a window is short of them the next has too many. None at all is a count
 * like any other, but for a server that counts nothing (track_counts).
 */
static void end_window(struct sw_adaptive *adaptive, const struct sw_adaptive_sample *sample,
		       double took_s)
{
	int64_t told = (int64_t)(sample->transactions - adaptive->window.ended);
	int64_t others = told - adaptive->window.own;
	double rate = others > 0 ? (double)others / took_s : 0;
	bool is_counted = adaptive->knows_rate || told;

	if (adaptive->knows_rate)
		smooth(&adaptive->rate, rate, took_s, SMOOTH_WORK_S);
	else
		adaptive->rate = rate;
	adaptive->knows_rate = is_counted;
	begin_window(adaptive, sample, is_counted && others < 0 ? (uint32_t)-others : 0);
}

/* A server that was restarted, or its statistics reset, counts anew. */
static void count_transactions(struct sw_adaptive *adaptive,
			       const struct sw_adaptive_sample *sample, double dt)
{
	struct sw_adaptive_window *window = &adaptive->window;
	double took_s = (double)(sample->now_ns - window->since_ns) / NS_PER_S;

	if (!window->since_ns || dt >= SILENCE_S || sample->transactions < window->last) {
		begin_window(adaptive, sample, 0);
		return;
	}
	window->own++;
	window->last = sample->transactions;
	if (took_s >= WINDOW_S)
		end_window(adaptive, sample, took_s);
}

/* The middle one of the last three: one that came late on a busy host says nothing of the database. */
static double without_spikes(struct sw_adaptive *adaptive, double probe)
{
	double one = adaptive->probes[0], other = adaptive->probes[1];

	adaptive->probes[0] = adaptive->sampled_ns ? other : probe;
	adaptive->probes[1] = probe;
	if (!adaptive->sampled_ns)
		return probe;
	return fmax(fmin(one, other), fmin(fmax(one, other), probe));
}

static void take_in(struct sw_adaptive *adaptive, const struct sw_adaptive_sample *sample,
		    double dt)
{
	double *now[SW_ADAPTIVE_SIGNALS];

	for (int i = 0; i < SW_ADAPTIVE_SIGNALS; i++)
		now[i] = &adaptive->signals[i].now;
	count_transactions(adaptive, sample, dt);
	if (!adaptive->sampled_ns)
		dt = INFINITY;
	smooth(&adaptive->at_work, sample->at_work, dt, SMOOTH_S);
	smooth(&adaptive->waiting, sample->waiting, dt, SMOOTH_S);
	smooth(&adaptive->active, sample->active, dt, SMOOTH_WORK_S);
	smooth(now[SW_ADAPTIVE_PROBE],
	       fmax(without_spikes(adaptive, (double)sample->probe_ns / NS_PER_S), PROBE_GOOD_S),
	       dt, SMOOTH_S);
	/* One more on both sides, so that one of two that waits is not a convoy. */
	*now[SW_ADAPTIVE_WAITS] =
		(adaptive->at_work + 1) / (fmax(adaptive->at_work - adaptive->waiting, 0) + 1);
	*now[SW_ADAPTIVE_TRANSACTION] =
		adaptive->knows_rate ? adaptive->active / fmax(adaptive->rate, RATE_LEAST) : 0;
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
bool sw_adaptive_is_lull(const struct sw_adaptive *adaptive, const struct sw_adaptive_rules *rules)
{
	return adaptive->at_work < rules->floor + 0.5;
}

/* Of hardly anybody at work the time of a transaction is made of noise. */
bool sw_adaptive_has_work(const struct sw_adaptive *adaptive)
{
	return adaptive->active >= 0.5;
}

bool sw_adaptive_is_learned(const struct sw_adaptive *adaptive)
{
	return adaptive->learned_s >= LEARN_FIRST_S;
}

static void learn_all(struct sw_adaptive *adaptive, const struct sw_adaptive_rules *rules,
		      double dt)
{
	double transaction = adaptive->signals[SW_ADAPTIVE_TRANSACTION].now;
	double *usual = &adaptive->signals[SW_ADAPTIVE_TRANSACTION].usual;
	bool lull = sw_adaptive_is_lull(adaptive, rules) || !sw_adaptive_is_learned(adaptive);

	/* While they wait for each other nothing is as usual. */
	adaptive->signals[SW_ADAPTIVE_WAITS].usual = 1;
	if (adaptive->signals[SW_ADAPTIVE_WAITS].now >= sw_adaptive_well(rules))
		return;
	learn(&adaptive->signals[SW_ADAPTIVE_PROBE].usual, adaptive->signals[SW_ADAPTIVE_PROBE].now,
	      dt, lull);
	if (!sw_adaptive_has_work(adaptive))
		return;
	adaptive->learned_s += dt;
	/* Short turns at a lock are not what comes when that is over: beside them it would look slow, and be cut. */
	if (transaction > 0 && !(adaptive->is_relieved && transaction < *usual))
		learn(usual, transaction, dt, lull);
}

static void compare(struct sw_adaptive *adaptive, const struct sw_adaptive_rules *rules)
{
	adaptive->slowest = SW_ADAPTIVE_PROBE;
	for (int i = 0; i < SW_ADAPTIVE_SIGNALS; i++) {
		double now = adaptive->signals[i].now, usual = adaptive->signals[i].usual;
		bool is_known =
			usual > 0 && (i == SW_ADAPTIVE_WAITS || sw_adaptive_is_learned(adaptive));

		adaptive->signals[i].ratio = is_known && now > 0 ? now / usual : 1;
		if (adaptive->signals[i].ratio > adaptive->signals[adaptive->slowest].ratio)
			adaptive->slowest = i;
	}
	adaptive->gradient = rules->tolerance / adaptive->signals[adaptive->slowest].ratio;
	adaptive->gradient = fmin(fmax(adaptive->gradient, cut_most[adaptive->slowest]), 1);
}

double sw_adaptive_well(const struct sw_adaptive_rules *rules)
{
	return 1 + (rules->tolerance - 1) / 2;
}

void sw_adaptive_look(struct sw_adaptive *adaptive, const struct sw_adaptive_rules *rules,
		      const struct sw_adaptive_sample *sample, double dt)
{
	take_in(adaptive, sample, dt);
	learn_all(adaptive, rules, dt);
	compare(adaptive, rules);
}
