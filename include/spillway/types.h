/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The vocabulary both sides speak: lanes, actions, modes, addresses, and why a lane was left.
 * Fixed-width types only: this header is compiled for BPF and for the host.
 */
#ifndef SPILLWAY_TYPES_H
#define SPILLWAY_TYPES_H

#include <linux/types.h>

/* Without it clang makes calls of the larger functions, which BPF cannot return structures from. */
#define SW_INLINE static inline __attribute__((always_inline))

/*
 * What loops over compare-and-swaps: in BPF a global function, which the verifier walks once by
 * itself instead of once on each way that leads to it. It must not trust its pointers there.
 */
#ifdef __bpf__
#define SW_SUBPROGRAM __attribute__((noinline, weak))
#else
#define SW_SUBPROGRAM static inline
#endif

/*
 * Takes step(turn, state) so many times, or until it returns 1. In BPF by the helper, for the
 * verifier's sake again: it walks the step once, not once for each turn on each way.
 */
#ifdef __bpf__
#define SW_REPEAT(times, step, state) bpf_loop(times, step, state, 0)
#else
#define SW_REPEAT(times, step, state)                                                              \
	for (__u32 sw_turn = 0; sw_turn < (times) && !(step)(sw_turn, state); sw_turn++)           \
		;
#endif

/* Where a flow goes. The values are kept in maps: append, never renumber. */
enum sw_lane {
	SW_LANE_NONE = 0, /* end of a chain; no verdict */
	SW_LANE_DIRECT,
	SW_LANE_POOLER,
	SW_LANE_QUEUE,
	SW_LANE_REFUSE,
	SW_LANE_RESET,
	SW_LANE_DROP,
	SW_LANE_COUNT,
};

/* A class either has limits or one fixed answer for everybody in it. */
enum sw_action {
	SW_ACTION_LIMIT = 0,
	SW_ACTION_ALLOW, /* never limited or refused; may exceed the budget */
	SW_ACTION_REFUSE,
	SW_ACTION_RESET,
	SW_ACTION_DROP,
};

enum sw_mode {
	SW_MODE_ENFORCE = 0,
	SW_MODE_MONITOR, /* count and explain, never drop or divert */
};

/* What the gate does with new connections while the daemon's heartbeat is stale. */
enum sw_on_loss {
	SW_ON_LOSS_HOLD = 0, /* enforce everything but the queue */
	SW_ON_LOSS_OPEN,     /* admit all */
	SW_ON_LOSS_CLOSED,   /* refuse all */
};

/* What was decided about a connection, and why its chain did not end earlier (enum sw_reason). */
struct sw_verdict {
	__u8 lane;
	__u8 reason;
	__u8 over; /* the limit of its source that made its chain the over-limit one, 0: none did */
};

/* IPv6 in network byte order; IPv4 as ::ffff:a.b.c.d. Aligned so that BPF may compare words. */
struct sw_in6 {
	union {
		__u8 bytes[16];
		__be32 words_be[4];
		__u64 longs[2];
	};
};

_Static_assert(sizeof(struct sw_in6) == 16, "an address is 16 bytes on both sides");

#endif
