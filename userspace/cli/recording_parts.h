/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From lines of a recording to connections: recording_read.c takes the lines apart, recording_build.c puts them
 * together.
 */
#ifndef SW_CLI_RECORDING_PARTS_H
#define SW_CLI_RECORDING_PARTS_H

#include "cli/recording.h"

/* Of those at one time the first here comes first. */
enum sw_recorded_kind {
	SW_RECORDED_INSIDE,
	SW_RECORDED_ENDED,
	SW_RECORDED_DECISION,
	SW_RECORDED_WAIT_ENDED,
	SW_RECORDED_STATE,
};

struct sw_recorded {
	uint64_t at_ns; /* since the epoch */
	size_t number;	/* of the line */
	enum sw_recorded_kind kind;
	struct sw_flow_key flow;
	uint64_t
		took_ns; /* how long it had waited, was open or inside; SW_REPLAY_UNKNOWN: it never was open */
	uint8_t lane, reason;
	bool is_shadow;
	bool gave_up;
	char service[SW_CONFIG_NAME_MAX + 1];
	char class[SW_CONFIG_NAME_MAX + 1];
	struct sw_replay_change state;
	uint64_t untold, ends_untold;
};

/* Sorts the lines, and fills in recording->replay and what was not told. 0 or -ENOMEM. */
int sw_recording_build(struct sw_recorded *lines, size_t count, uint64_t began_ns,
		       struct sw_recording *recording);

#endif
