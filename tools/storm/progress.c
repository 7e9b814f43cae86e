/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shows a storm running. See progress.h.
 */
#include "progress.h"

#include <stdio.h>
#include <unistd.h>

#include "core/clock.h"

void sw_progress_start(struct sw_progress *progress, const struct sw_storm *storm)
{
	const struct sw_options *options = storm->options;

	progress->terminal = isatty(STDERR_FILENO) == 1;
	progress->shown = options->progress || (progress->terminal && !options->no_progress);
	progress->next_ns = 0;
}

void sw_progress_show(struct sw_progress *progress, const struct sw_storm *storm)
{
	const struct sw_tally *tally = &storm->tally;
	uint64_t now_ns;

	if (!progress->shown)
		return;
	now_ns = sw_clock_monotonic_ns();
	if (now_ns < progress->next_ns)
		return;
	progress->next_ns = now_ns + SW_PROGRESS_NS;
	fprintf(stderr,
		"%sstorm: %5.1f s  launched %u of %u  logged in %u  succeeded %u  failed %u%s",
		progress->terminal ? "\r\033[K" : "",
		(double)(now_ns - storm->start_ns) / (double)SW_NS_PER_S, tally->launched,
		storm->options->clients, tally->logged_in, tally->succeeded, tally->failed,
		progress->terminal ? "" : "\n");
}

/* Wipes the line: the result takes its place. */
void sw_progress_end(const struct sw_progress *progress)
{
	if (progress->shown && progress->terminal)
		fputs("\r\033[K", stderr);
}
