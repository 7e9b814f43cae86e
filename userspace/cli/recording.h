/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recordings: written by `spillway record`, read by `spillway replay`. A line of JSON each:
 *
 *   {"spillway_recording":1,"spillway":VERSION,"host","at","configuration":YAML}     the first
 *   {"event":"inside",…}                        who was in then: as `spillway flows --json` has it, and "at"
 *   {"event":"decision"|"wait_ended"|"evicted",…}          as `spillway events` has it
 *   {"event":"ended",…,"lane","open_s"}         a slot, or a place at the pooler, is free; null: no handshake
 *   {"event":"state","at","service","budget","used","pooler","waiting","paused","ready","untold","ends_untold"}
 *   {"event":"missed","count"}                  so many lines the daemon had forgotten before they were asked for
 *   {"event":"configuration","at"}              it is another one from here on
 *   {"event":"restarted","at"}                  by another daemon from here on
 *   {"event":"end","at"}                        the last
 *
 * What the first state of a service says of its budget is taken for what was in force before it, too.
 * Lines are in the order in which they were told, which is nearly that of time; "at" is RFC 3339 in UTC. Keys and events
 * may be added; what changes the meaning of others raises the version.
 */
#ifndef SW_CLI_RECORDING_H
#define SW_CLI_RECORDING_H

#include <stddef.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/error.h"
#include "policy/replay.h"

#define SW_RECORDING_VERSION 1
/* Times until 2262, and durations of which two can be added. */
#define SW_RECORDING_SECONDS_MOST (INT64_MAX / SW_NS_PER_S)

/* A time as sw_clock_format() writes it: -EINVAL for what is none, or not from 1970 to 2262. */
int sw_recording_parse_time(const char *text, uint64_t *at_ns);

struct sw_recording {
	struct sw_replay replay;
	char host[64];
	char began[SW_CLOCK_TEXT];
	char *configuration; /* YAML */
	uint64_t decisions_untold, ends_untold, lost;
	bool is_cut_off; /* it has no end */
	bool is_changed; /* the configuration changed on the way */
	size_t restarts;
};

/* 0; -EINVAL for what is no recording, with file and line in err; else the -errno of reading it. */
int sw_recording_read(const char *path, struct sw_recording *out, struct sw_error *err);
void sw_recording_free(struct sw_recording *recording);

#endif
