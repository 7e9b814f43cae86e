/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line on stderr that shows a storm running, at most five times a second. Called by loop.c.
 */
#ifndef STORM_PROGRESS_H
#define STORM_PROGRESS_H

#include "storm.h"

#define SW_PROGRESS_NS (200 * UINT64_C(1000000))

struct sw_progress {
	bool shown, terminal; /* elsewhere each state is a line of its own */
	uint64_t next_ns;
};

void sw_progress_start(struct sw_progress *progress, const struct sw_storm *storm);
void sw_progress_show(struct sw_progress *progress, const struct sw_storm *storm);
void sw_progress_end(const struct sw_progress *progress);

#endif
