/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a replay says, for people: tables of before and after, and what the figures do not have in them.
 */
#include "cli/replay_report.h"

#include <errno.h>
#include <stdio.h>

#include "cli/table.h"
#include "core/clock.h"

#define CELL 64

static void add_counts(struct sw_table *table, uint64_t was, uint64_t is)
{
	if (was == is)
		sw_table_add(table, SW_STYLE_PLAIN, "%llu", (unsigned long long)is);
	else
		sw_table_add(table, SW_STYLE_BOLD, "%llu > %llu", (unsigned long long)was,
			     (unsigned long long)is);
}

static void show_wait(const struct sw_replay_counts *counts, uint64_t ns, char *buf, size_t size)
{
	if (!counts->waited)
		snprintf(buf, size, "-");
	else
		snprintf(buf, size, "%.*f s", ns < 10 * SW_NS_PER_S ? 3 : 1,
			 (double)ns / SW_NS_PER_S);
}

static void add_waits(struct sw_table *table, const struct sw_replay_row *row, uint64_t was,
		      uint64_t is)
{
	char before[CELL], after[CELL];

	show_wait(&row->was, was, before, sizeof(before));
	show_wait(&row->is, is, after, sizeof(after));
	sw_table_add(table, SW_STYLE_PLAIN, "%s > %s", before, after);
}

static int print_table(const struct sw_cli *cli, const struct sw_replay_tally *tally,
		       const char *title, size_t most)
{
	const struct sw_column columns[] = {
		{"SERVICE", false},    {title, false},	   {"CAME", true},	{"DIRECT", true},
		{"POOLER", true},      {"REFUSED", true},  {"GAVE UP", true},	{"WAITED", true},
		{"WAIT MEDIAN", true}, {"WAIT P95", true}, {"WAIT MOST", true},
	};
	SW_TABLE_FREE struct sw_table *table =
		sw_table_new(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < tally->count && i < most; i++) {
		const struct sw_replay_row *row = &tally->rows[i];
		const uint64_t *was = row->was.lane, *is = row->is.lane;

		sw_table_add(table, SW_STYLE_PLAIN, "%s", row->service);
		sw_table_add(table, SW_STYLE_PLAIN, "%s", row->name);
		sw_table_add(table, SW_STYLE_PLAIN, "%llu", (unsigned long long)row->came);
		add_counts(table, was[SW_LANE_DIRECT], is[SW_LANE_DIRECT]);
		add_counts(table, was[SW_LANE_POOLER], is[SW_LANE_POOLER]);
		add_counts(table, was[SW_LANE_REFUSE] + was[SW_LANE_RESET] + was[SW_LANE_DROP],
			   is[SW_LANE_REFUSE] + is[SW_LANE_RESET] + is[SW_LANE_DROP]);
		add_counts(table, was[SW_LANE_NONE], is[SW_LANE_NONE]);
		add_counts(table, row->was.waited, row->is.waited);
		add_waits(table, row, row->was.median_ns, row->is.median_ns);
		add_waits(table, row, row->was.p95_ns, row->is.p95_ns);
		add_waits(table, row, row->was.most_ns, row->is.most_ns);
	}
	return sw_table_print(table, &cli->term, stdout);
}

static void print_summary(const struct sw_replay_report *report)
{
	const struct sw_replay_agreement *agreement = &report->agreement;

	sw_term_print(
		"\n%llu connections in %.1f s on %s, from %s; before: as recorded, after: under %s\n",
		(unsigned long long)agreement->decided,
		(double)report->recording->replay.end_ns / SW_NS_PER_S, report->recording->host,
		report->recording->began,
		report->config ? report->config : "the recorded configuration");
	sw_term_print(
		"replayed under the recorded configuration %llu of %llu end in the lane that was "
		"recorded; %llu came within 1 ms of where another ended, and may have come before\n",
		(unsigned long long)agreement->same, (unsigned long long)agreement->decided,
		(unsigned long long)agreement->close);
}

static void print_limits(const struct sw_replay_report *report)
{
	const struct sw_recording *recording = report->recording;

	if (report->assumed)
		sw_term_print(
			"%llu get in that did not: they stay as long as the middle of their class "
			"did (of %zu whose stay is known)\n",
			(unsigned long long)report->assumed, report->known);
	if (recording->decisions_untold || recording->ends_untold || recording->lost)
		sw_term_print(
			"not recorded: %llu decisions and %llu ends, too many in their second; "
			"%llu lines, forgotten before they were asked for\n",
			(unsigned long long)recording->decisions_untold,
			(unsigned long long)recording->ends_untold,
			(unsigned long long)recording->lost);
	if (recording->is_changed)
		sw_term_print(
			"the configuration changed during the recording; the one at its beginning "
			"is what it is replayed under\n");
	if (recording->restarts)
		sw_term_print("spillwayd was started anew %zu times during the recording\n",
			      recording->restarts);
	if (recording->is_cut_off)
		sw_term_print(
			"the recording has no end: it was cut off, or is being written still\n");
	sw_term_print(
		"not in it: clients that would have come again, or not at all; how the database "
		"works with more or fewer sessions\n");
}

int sw_replay_report_print(const struct sw_cli *cli, const struct sw_replay_report *report)
{
	int rc = print_table(cli, &report->classes, "CLASS", SIZE_MAX);

	if (rc == 0) {
		putchar('\n');
		rc = print_table(cli, &report->sources, "SOURCE", report->sources_most);
	}
	if (rc)
		return rc;
	if (report->sources.count > report->sources_most)
		sw_term_print("%zu of %zu sources, those first for whom most changes\n",
			      report->sources_most, report->sources.count);
	print_summary(report);
	print_limits(report);
	return 0;
}
