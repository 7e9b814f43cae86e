/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From what each client experienced to the figures of the storm. See stats.h.
 */
#include "stats.h"

#include <errno.h>
#include <stdlib.h>

#include "core/cleanup.h"
#include "core/clock.h"
#include "values.h"

static int ascending(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static uint64_t nearest_rank(const uint64_t *sorted, uint32_t count, uint32_t percent)
{
	return sorted[((uint64_t)count * percent + 99) / 100 - 1];
}

struct sw_latency sw_stats_latency(uint64_t *values_ns, uint32_t count)
{
	if (!count)
		return (struct sw_latency){0};
	qsort(values_ns, count, sizeof(*values_ns), ascending);
	return (struct sw_latency){
		.count = count,
		.p50_ns = nearest_rank(values_ns, count, 50),
		.p90_ns = nearest_rank(values_ns, count, 90),
		.p99_ns = nearest_rank(values_ns, count, 99),
		.max_ns = values_ns[count - 1],
	};
}

static struct sw_latency collect(const struct sw_storm *storm, enum sw_value value,
				 uint64_t *scratch)
{
	uint32_t count = sw_values_collect(storm, value, scratch);

	return sw_stats_latency(scratch, count);
}

static void span(const struct sw_storm *storm, struct sw_stats *stats)
{
	uint64_t first = storm->start_ns, last_done = first, last_success = first,
		 last_start = first;

	if (storm->tally.launched)
		first = storm->records[0].start_ns;
	for (uint32_t i = 0; i < storm->connections; i++) {
		const struct sw_record *record = &storm->records[i];

		if (record->start_ns > last_start)
			last_start = record->start_ns;
		if (record->done_ns > last_done)
			last_done = record->done_ns;
		if (record->outcome == SW_OUTCOME_SUCCEEDED && record->done_ns > last_success)
			last_success = record->done_ns;
		stats->unfinished += record->outcome == SW_OUTCOME_UNFINISHED;
		stats->not_started += record->outcome == SW_OUTCOME_NOT_STARTED;
	}
	stats->makespan_ns = last_done > first ? last_done - first : 0;
	stats->last_success_ns = last_success > first ? last_success - first : 0;
	stats->launching_ns = last_start > first ? last_start - first : 0;
}

int sw_stats_compute(const struct sw_storm *storm, struct sw_stats *out)
{
	struct sw_stats stats = {0};
	SW_FREE uint64_t *scratch = calloc(storm->connections, sizeof(*scratch));
	uint64_t ran_ns = storm->end_ns - storm->start_ns;

	if (!scratch)
		return -ENOMEM;
	span(storm, &stats);
	stats.connect = collect(storm, SW_VALUE_CONNECT, scratch);
	stats.login = collect(storm, SW_VALUE_LOGIN, scratch);
	stats.total = collect(storm, SW_VALUE_TOTAL, scratch);
	stats.lateness = collect(storm, SW_VALUE_LATENESS, scratch);
	stats.query = sw_stats_latency(storm->query_ns, (uint32_t)storm->tally.queries);
	if (stats.last_success_ns)
		stats.succeeded_per_s = (double)storm->tally.succeeded * (double)SW_NS_PER_S /
					(double)stats.last_success_ns;
	if (ran_ns)
		stats.cpu_share = (double)storm->cpu_ns / (double)ran_ns;
	*out = stats;
	return 0;
}
