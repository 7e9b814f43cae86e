/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counting what came of connections, recorded and replayed, by class and by source. Used by replay.c.
 */
#ifndef SW_CLI_REPLAY_TALLY_H
#define SW_CLI_REPLAY_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "policy/replay.h"

/* Decisions that came so close to the end of a connection may have come before it. */
#define SW_REPLAY_CLOSE_NS 1000000ull

struct sw_replay_counts {
	uint64_t lane
		[SW_LANE_COUNT]; /* SW_LANE_NONE: gave up while waiting; SW_LANE_QUEUE: waits still */
	uint64_t waited;
	/* Of those that waited; 0 where none did. */
	uint64_t median_ns, p95_ns, most_ns;
};

struct sw_replay_row {
	char service[SW_CONFIG_NAME_MAX + 1];
	char name[SW_CONFIG_NAME_MAX + 1 > SW_PREFIX_TEXT ? SW_CONFIG_NAME_MAX + 1
							  : SW_PREFIX_TEXT];
	uint64_t came;
	struct sw_replay_counts was, is;
};

struct sw_replay_tally {
	struct sw_replay_row *rows;
	size_t count;
};

enum sw_replay_by {
	SW_REPLAY_BY_CLASS, /* of the configuration that was replayed */
	SW_REPLAY_BY_SOURCE,
};

/* Without those that were inside. By class the busiest first; by source those first for whom most changes. -ENOMEM. */
int sw_replay_tally_make(const struct sw_replay *replay, const struct sw_config *config,
			 enum sw_replay_by by, struct sw_replay_tally *out);
void sw_replay_tally_drop(struct sw_replay_tally *tally);

/* How well a replay under the recorded configuration gives what was recorded. */
struct sw_replay_agreement {
	uint64_t decided; /* connections that were */
	uint64_t same;	  /* that end in the lane that was recorded */
	uint64_t
		close; /* that came within SW_REPLAY_CLOSE_NS of where one of their service ended */
	/* When the first one came that ends in another, though it is not close; SW_REPLAY_UNKNOWN: none does. */
	uint64_t first_unexplained_ns;
	uint64_t apart; /* the largest difference in the number of those in one lane */
};

struct sw_replay_agreement sw_replay_compare(const struct sw_replay *replay);

#endif
