/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway replay`: what would have become of recorded connections under another configuration. Without a daemon.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "cli/output.h"
#include "cli/recording.h"
#include "cli/replay_report.h"
#include "core/number.h"

#define SOURCES_SHOWN 10

static enum sw_exit complain(const struct sw_cli *cli, int rc, struct sw_error *err)
{
	(void)cli;
	sw_term_clean(err->text);
	fprintf(stderr, "spillway: replay: %s\n", err->text);
	return rc == -EINVAL || rc == -ENOENT ? SW_EXIT_USAGE : SW_EXIT_FAILED;
}

static int load(const char *path, const struct sw_recording *recording, struct sw_config **out,
		struct sw_error *err)
{
	int rc = path ? sw_config_load_file(path, out, err)
		      : sw_config_load_string(recording->configuration,
					      "the recorded configuration", out, err);

	return rc == 0 ? sw_config_validate(*out, err) : rc;
}

/* Those who get in here, and did not. */
static uint64_t count_assumed(const struct sw_replay *replay)
{
	uint64_t count = 0;

	for (size_t i = 0; i < replay->count; i++)
		count += replay->connections[i].is_assumed &&
			 (replay->connections[i].is.lane == SW_LANE_DIRECT ||
			  replay->connections[i].is.lane == SW_LANE_POOLER);
	return count;
}

/* Under the recorded configuration first, which says how far the figures are to be trusted. */
static int simulate(struct sw_recording *recording, const struct sw_config *recorded,
		    const struct sw_config *config, struct sw_replay_report *report,
		    struct sw_error *err)
{
	struct sw_replay *replay = &recording->replay;
	int rc = sw_replay_assume(replay, &report->known);

	replay->follows_budget = true;
	if (rc == 0)
		rc = sw_replay_run(replay, recorded, err);
	if (rc == 0)
		report->agreement = sw_replay_compare(replay);
	replay->follows_budget = !report->config;
	if (rc == 0 && report->config)
		rc = sw_replay_run(replay, config, err);
	if (rc == 0)
		rc = sw_replay_tally_make(replay, config, SW_REPLAY_BY_CLASS, &report->classes);
	if (rc == 0)
		rc = sw_replay_tally_make(replay, config, SW_REPLAY_BY_SOURCE, &report->sources);
	if (rc == -ENOMEM)
		sw_error_set(err, rc, "out of memory");
	report->assumed = rc ? 0 : count_assumed(replay);
	return rc;
}

static int show(const struct sw_cli *cli, const struct sw_replay_report *report)
{
	SW_JSON_FREE json_t *document = NULL;

	if (!cli->json)
		return sw_replay_report_print(cli, report);
	document = sw_replay_report_json(report);
	if (!document)
		return -ENOMEM;
	sw_output_json(document);
	return 0;
}

static int replay(const struct sw_cli *cli, struct sw_recording *recording,
		  struct sw_replay_report *report, struct sw_error *err)
{
	SW_CONFIG_FREE struct sw_config *recorded = NULL, *config = NULL;
	int rc = load(NULL, recording, &recorded, err);

	if (rc == 0)
		rc = load(report->config, recording, &config, err);
	if (rc == 0)
		rc = simulate(recording, recorded, config, report, err);
	if (rc == 0) {
		rc = show(cli, report);
		if (rc)
			sw_error_set(err, rc, "%s", strerror(-rc));
	}
	sw_replay_tally_drop(&report->classes);
	sw_replay_tally_drop(&report->sources);
	return rc;
}

static int shown_of(const struct sw_args *args, size_t *out, struct sw_error *err)
{
	const char *text = sw_args_value(args, "limit");
	uint32_t value = SOURCES_SHOWN;

	if (text && (sw_parse_u32(text, &value) || !value))
		return sw_error_set(err, -EINVAL,
				    "--limit: found '%.32s', expected a whole number from 1", text);
	*out = value;
	return 0;
}

static enum sw_exit run(const struct sw_cli *cli, const struct sw_args *args)
{
	struct sw_recording recording;
	struct sw_replay_report report = {
		.file = args->positional[0],
		.config = sw_args_value(args, "config"),
		.recording = &recording,
	};
	struct sw_error err = {};
	int rc = shown_of(args, &report.sources_most, &err);

	if (rc) {
		complain(cli, rc, &err);
		fprintf(stderr, "Try 'spillway replay --help'.\n");
		return SW_EXIT_USAGE;
	}
	rc = sw_recording_read(report.file, &recording, &err);
	if (rc)
		return complain(cli, rc, &err);
	rc = replay(cli, &recording, &report, &err);
	sw_recording_free(&recording);
	return rc ? complain(cli, rc, &err) : SW_EXIT_OK;
}

const struct sw_verb sw_verb_replay = {
	.name = "replay",
	.usage = "[--config FILE] [--limit N] FILE",
	.summary = "what would have become of recorded connections under another configuration",
	.description =
		"Runs a recording of `spillway record` (-: from stdin) against a configuration, by the gate's own "
		"decisions and the daemon's own queue on a simulated clock, and shows by class and by source who got "
		"in, was refused, gave up and waited: as recorded, and under that configuration. Without --config it "
		"is the recorded one, and says how well a replay agrees with what was recorded. How long a session "
		"lasts is as recorded; who gets in only here stays as long as the middle of his class did. Clients "
		"that would have come again, tables that were full, and listeners that were away are not simulated. "
		"Needs neither the daemon nor privileges.",
	.example = "spillway replay --config new.yaml night.jsonl",
	.options = {{"config", "FILE", "under this configuration"},
		    {"limit", "N", "so many sources (10)"}},
	.min = 1,
	.max = 1,
	.local = run,
};
