/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line on stderr that shows a storm running. On a terminal one that changes, at most five times a
 * second; elsewhere, in a log, each state is a line of its own, and the longer the storm has been
 * running, the fewer they become. Called by loop.c.
 */
#ifndef STORM_PROGRESS_H
#define STORM_PROGRESS_H

#include "storm.h"

#define SW_PROGRESS_NS (200 * UINT64_C(1000000))

struct sw_progress {
	bool shown, terminal;
	uint64_t next_ns;
	uint64_t mark_ns, mark_queries; /* a second or more ago: what the rate counts from */
	double queries_per_s;
};

void sw_progress_start(struct sw_progress *progress, const struct sw_storm *storm);
void sw_progress_show(struct sw_progress *progress, const struct sw_storm *storm);
void sw_progress_end(const struct sw_progress *progress);

#endif
