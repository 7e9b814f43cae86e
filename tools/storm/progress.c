/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shows a storm running. See progress.h.
 */
#include "progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/clock.h"

#define LINE_TEXT 256

void sw_progress_start(struct sw_progress *progress, const struct sw_storm *storm)
{
	const struct sw_options *options = storm->options;
	bool terminal = isatty(STDERR_FILENO) == 1;

	*progress = (struct sw_progress){
		.terminal = terminal,
		.shown = options->progress || (terminal && !options->no_progress),
		.mark_ns = storm->start_ns,
	};
}

/* In a log fifty lines in the first ten seconds and about 550 in an hour, not 18,000. */
static uint64_t distance_ns(bool terminal, uint64_t running_ns)
{
	uint64_t distance = running_ns / 50;

	if (terminal || distance < SW_PROGRESS_NS)
		return SW_PROGRESS_NS;
	return distance < 10 * SW_NS_PER_S ? distance : 10 * SW_NS_PER_S;
}

static void measure_rate(struct sw_progress *progress, uint64_t queries, uint64_t now_ns)
{
	uint64_t passed_ns = now_ns - progress->mark_ns;

	if (passed_ns < SW_NS_PER_S)
		return;
	progress->queries_per_s = (double)(queries - progress->mark_queries) * (double)SW_NS_PER_S /
				  (double)passed_ns;
	progress->mark_ns = now_ns;
	progress->mark_queries = queries;
}

static void compose(const struct sw_progress *progress, const struct sw_storm *storm,
		    uint64_t now_ns, char *line)
{
	const struct sw_tally *tally = &storm->tally;
	int length =
		snprintf(line, LINE_TEXT,
			 "storm: %5.1f s  launched %u of %u  logged in %u  succeeded %u  "
			 "failed %u",
			 (double)(now_ns - storm->start_ns) / (double)SW_NS_PER_S, tally->launched,
			 storm->connections, tally->logged_in, tally->succeeded, tally->failed);

	if (storm->options->rounds > 1 && !storm->options->no_query)
		snprintf(line + length, LINE_TEXT - (size_t)length, "  queries %llu (%.0f/s)",
			 (unsigned long long)tally->queries, progress->queries_per_s);
}

/* A line that wraps is not wiped by going to its start: what does not fit is left out. */
static int columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col < 2)
		return LINE_TEXT;
	return size.ws_col - 1;
}

void sw_progress_show(struct sw_progress *progress, const struct sw_storm *storm)
{
	char line[LINE_TEXT];
	uint64_t now_ns;

	if (!progress->shown)
		return;
	now_ns = sw_clock_monotonic_ns();
	if (now_ns < progress->next_ns)
		return;
	progress->next_ns = now_ns + distance_ns(progress->terminal, now_ns - storm->start_ns);
	measure_rate(progress, storm->tally.queries, now_ns);
	compose(progress, storm, now_ns, line);
	if (progress->terminal)
		fprintf(stderr, "\r\033[K%.*s", columns(), line);
	else
		fprintf(stderr, "%s\n", line);
}

/* Wipes the line: the result takes its place. */
void sw_progress_end(const struct sw_progress *progress)
{
	if (progress->shown && progress->terminal)
		fputs("\r\033[K", stderr);
}
