/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `budget.mode: adaptive`: a budget between a floor and a ceiling that follows how well the database works. Pure:
 * the caller (daemon/monitor_adapt.c) takes the samples and brings the clock.
 *
 * It is Netflix's Gradient2 (concurrency-limits): the budget times a gradient, tolerance * usual / now, of the
 * latency now against a usual one, at most 1 and at least one half (a third, by waits); growth by square roots of
 * the budget, and none while it is not used up. Gradient2 because it needs no latency to aim at, which nobody could
 * configure, and because only latency tells of an overload that a database answers with slowness and not with
 * errors. It differs in three points, each for a reason:
 *
 * - It grows below a lower gradient than it cuts at, and holds in between (the thresholds of TCP Vegas): a session
 *   that was let in stays for longer than a request does, so a budget that swings lets in too many each time.
 * - Where sessions wait for each other the usual is not learned. Of A that work W wait, so a statement takes
 *   A / (A - W) of what it would take alone: TCP Vegas' queue, counted instead of estimated. It is known from the
 *   first sample on, and a convoy that lasts is never taken for usual.
 * - Elsewhere the usual is learned while no more sessions work than the floor allows, as BBR measures its minimum
 *   with little in flight; Gradient2's long average would take an overload for usual after some minutes. Work that
 *   became longer is no overload: a cut that makes nothing faster is undone, and what it found is usual. Nothing
 *   shorter is learned while a cut keeps sessions from waiting for each other: when that is over it would make all
 *   that comes look slow.
 */
#ifndef SW_POLICY_ADAPTIVE_H
#define SW_POLICY_ADAPTIVE_H

#include <stdbool.h>
#include <stdint.h>

enum sw_adaptive_signal {
	SW_ADAPTIVE_PROBE, /* the time of one small question, s */
	/*
	 * Sessions that work by transactions that end in a second (Little's law): the time of one, s. What is
	 * short of CPU or disk shows here; a probe is too short for a scheduler to let it wait.
	 */
	SW_ADAPTIVE_TRANSACTION,
	SW_ADAPTIVE_WAITS, /* A / (A - W) of sessions that wait for others; usual is 1 */
	SW_ADAPTIVE_SIGNALS,
};

enum sw_adaptive_state {
	SW_ADAPTIVE_GROWS,
	SW_ADAPTIVE_HOLDS, /* too slow to grow, or at its end; not slow enough to be cut */
	SW_ADAPTIVE_CUT,
	SW_ADAPTIVE_SETTLES,  /* slow, and the last cut has not had its effect yet */
	SW_ADAPTIVE_AT_FLOOR, /* slow, with no more at work than the floor allows */
	SW_ADAPTIVE_HAS_ROOM, /* not used up, so nobody knows what more would do */
	SW_ADAPTIVE_BACK,     /* slow, but with fewer it was as slow: that is usual now */
	SW_ADAPTIVE_FROZEN,
	SW_ADAPTIVE_STATES,
};

struct sw_adaptive_rules {
	uint32_t floor;
	uint32_t ceiling; /* counts more than the floor: more the database does not have */
	double tolerance; /* how many times as long as usual is too long; > 1 */
	bool is_frozen;
};

struct sw_adaptive_sample {
	uint64_t now_ns;
	uint64_t probe_ns;
	uint32_t at_work; /* sessions that came through the gate and run a statement */
	uint32_t waiting; /* of these, for a session: a lock, a latch, a buffer that is pinned */
	uint32_t active;  /* all that run a statement, whoever's, but the sampler's own */
	uint64_t transactions; /* ended so far, of all; one a sample is the sampler's own */
	uint32_t used;	       /* slots */
	uint32_t room;	       /* slots that anybody may still take */
};

/* A cut by a signal with a usual, until it is known what came of it. */
struct sw_adaptive_trial {
	enum sw_adaptive_signal signal;
	double most;	/* of the signal, before it and since */
	uint32_t slots; /* in use before it; 0: there is none */
	double limit;	/* before it */
};

/* Transactions are counted over a second or more: PostgreSQL tells of each session's once a second. */
struct sw_adaptive_window {
	uint64_t since_ns; /* 0: none has begun */
	uint64_t ended;	   /* by then */
	uint64_t last;	   /* by the last sample */
	uint32_t own;	   /* the sampler's own that were not told of by then, and those since */
};

struct sw_adaptive {
	double limit;	     /* 0: not begun; above the ceiling while that is low for a moment */
	uint64_t sampled_ns; /* 0: never */
	uint64_t cut_ns;
	struct sw_adaptive_window window;
	double probes[2];		 /* the last two */
	double learned_s;		 /* for how long there was something to learn from */
	double at_work, waiting, active; /* smoothed */
	bool knows_rate;
	double rate; /* of transactions, a second, without the sampler's */
	struct {
		double now, usual; /* usual 0: not known */
		double ratio;	   /* now by usual, 1 where one is not known */
	} signals[SW_ADAPTIVE_SIGNALS];
	enum sw_adaptive_signal slowest;
	double gradient; /* a third to 1; below 1 is too slow */
	enum sw_adaptive_state state;
	struct sw_adaptive_trial trial;
	/* They waited for each other, and it has not grown since it was cut for that. */
	bool is_relieved;
	uint64_t cuts;
};

/* Goes on from a budget that was in force, with nothing learned. */
void sw_adaptive_begin(struct sw_adaptive *adaptive, uint32_t slots);
/* Takes a sample in. The times must not go back. */
void sw_adaptive_step(struct sw_adaptive *adaptive, const struct sw_adaptive_rules *rules,
		      const struct sw_adaptive_sample *sample);
/* The budget; 0 before it has begun. */
uint32_t sw_adaptive_slots(const struct sw_adaptive *adaptive,
			   const struct sw_adaptive_rules *rules);

/* "probe", "transaction", "waits"; "grows", "holds", and so on. */
const char *sw_adaptive_signal_name(enum sw_adaptive_signal signal);
const char *sw_adaptive_state_name(enum sw_adaptive_state state);

#endif
