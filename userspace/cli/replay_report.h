/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a replay says: a document, or tables and sentences. Used by replay.c.
 */
#ifndef SW_CLI_REPLAY_REPORT_H
#define SW_CLI_REPLAY_REPORT_H

#include <jansson.h>

#include "cli/cli.h"
#include "cli/recording.h"
#include "cli/replay_tally.h"

struct sw_replay_report {
	const char *file;
	const char *config; /* the file that was replayed; NULL: the recorded configuration */
	const struct sw_recording *recording;
	struct sw_replay_tally classes, sources;
	struct sw_replay_agreement agreement; /* under the recorded configuration */
	uint64_t assumed; /* got in only here: how long they stay nobody knows */
	size_t known;	  /* stays that this was taken from */
	size_t sources_most;
};

/* NULL: no memory. */
json_t *sw_replay_report_json(const struct sw_replay_report *report);
/* 0 or -errno. */
int sw_replay_report_print(const struct sw_cli *cli, const struct sw_replay_report *report);

#endif
