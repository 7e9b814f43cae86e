/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What would have become of recorded connections under a configuration: the gate's own decisions (spillway/decide.h,
 * spillway/waiter.h) and the daemon's queue (policy/queue.h) on a clock that is simulated. Pure. Used by
 * `spillway replay`.
 *
 * What the database and the clients did is taken from the recording: how long each session lasted, how long a
 * handshake took, when a client gave up, when the service was held. Somebody who gets in here and did not then stays as
 * long as others did in the middle. All listeners listen; there is a daemon; no table is full; nobody comes again.
 */
#ifndef SW_POLICY_REPLAY_H
#define SW_POLICY_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "spillway/maps.h"

#define SW_REPLAY_UNKNOWN UINT64_MAX

/* What came of a connection. */
struct sw_replay_outcome {
	uint8_t lane; /* enum sw_lane; SW_LANE_NONE: it gave up while it waited; SW_LANE_QUEUE: it waits still */
	uint8_t reason; /* enum sw_reason */
	bool waited;
	uint64_t waited_ns;
};

/* Times are since the beginning of the recording. */
struct sw_replay_connection {
	uint64_t at_ns; /* its first SYN */
	struct sw_flow_key flow;
	uint64_t
		held_ns; /* from where it got in to its end; SW_REPLAY_UNKNOWN: it did not, or was there at the end */
	uint64_t handshake_ns; /* SW_REPLAY_UNKNOWN: it was never complete, or nobody knows */
	uint64_t
		patience_ns; /* so long after its SYN its client gave up waiting; SW_REPLAY_UNKNOWN: it did not */
	bool is_inside; /* in before the recording began: it is not decided */
	bool is_silent; /* its handshake was given up, which is what held_ns says */
	struct sw_replay_outcome was, is;
	/* Filled in by the replay. */
	char class[SW_CONFIG_NAME_MAX + 1];
	char service[SW_CONFIG_NAME_MAX + 1];
	bool is_assumed; /* how long it stays is the middle of what others did */
};

/* What was in force from then on, beside the configuration. */
struct sw_replay_change {
	uint64_t at_ns;
	char service[SW_CONFIG_NAME_MAX + 1];
	uint32_t budget;
	bool is_paused;
	bool is_ready;
};

struct sw_replay {
	struct sw_replay_connection *connections; /* by at_ns */
	size_t count;
	struct sw_replay_change *changes; /* by at_ns */
	size_t change_count;
	uint64_t end_ns;
	/* True: the budget is the recorded one. Else only where the configuration leaves it to the database. */
	bool follows_budget;
};

/*
 * Before: gives those of whom nobody knows how long they would have stayed, or how long their handshake takes, the
 * middle of what is known, of their class, else of all. -ENOMEM. How many connections' stay it took for that, of all:
 * *known.
 */
int sw_replay_assume(struct sw_replay *replay, size_t *known);

/*
 * Fills in what each connection comes to. -ENOENT: a service of the recording, or an address, is not in the
 * configuration; err says which. -ENOMEM.
 */
int sw_replay_run(struct sw_replay *replay, const struct sw_config *config, struct sw_error *err);

#endif
