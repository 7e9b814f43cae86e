/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line for each connection, in order of arrival, round by round (declared in report.h).
 */
#include "report.h"

#include <errno.h>
#include <time.h>

#include "core/clock.h"

static const char *const outcomes[] = {
	[SW_OUTCOME_NOT_STARTED] = "not_started",
	[SW_OUTCOME_UNFINISHED] = "unfinished",
	[SW_OUTCOME_SUCCEEDED] = "succeeded",
	[SW_OUTCOME_FAILED] = "failed",
};

/* By the clock that other programs' logs go by; both are read now, so a clock set meanwhile shifts all. */
static double seconds_at(uint64_t monotonic_ns, uint64_t now_ns, const struct timespec *now)
{
	double ago = (double)(now_ns - monotonic_ns) / (double)SW_NS_PER_S;

	return (double)now->tv_sec + (double)now->tv_nsec / (double)SW_NS_PER_S - ago;
}

int sw_report_each(const struct sw_storm *storm, FILE *to)
{
	uint64_t now_ns = sw_clock_monotonic_ns();
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	for (uint32_t i = 0; i < storm->connections; i++) {
		const struct sw_record *record = &storm->records[i];
		uint64_t done_ns = record->done_ns ? record->done_ns : now_ns;

		if (record->outcome != SW_OUTCOME_NOT_STARTED)
			fprintf(to, "%.6f %.6f %s\n", seconds_at(record->start_ns, now_ns, &now),
				seconds_at(done_ns, now_ns, &now), outcomes[record->outcome]);
	}
	return fflush(to) || ferror(to) ? -EIO : 0;
}
