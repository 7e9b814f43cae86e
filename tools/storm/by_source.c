/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Divides the records among the sources. See by_source.h.
 */
#include "by_source.h"

#include <errno.h>
#include <stdlib.h>

#include "core/cleanup.h"
#include "values.h"

static uint32_t source_of(const struct sw_storm *storm, uint32_t connection)
{
	return storm->source_of[connection % storm->options->clients];
}

/* One pass over the records: who launched what, and how it ended. */
static void count_outcomes(const struct sw_storm *storm, struct sw_source_part *parts)
{
	uint64_t value_ns;

	for (uint32_t i = 0; i < storm->connections; i++) {
		const struct sw_record *record = &storm->records[i];
		struct sw_source_part *part = &parts[source_of(storm, i)];

		part->launched += record->outcome != SW_OUTCOME_NOT_STARTED;
		part->succeeded += record->outcome == SW_OUTCOME_SUCCEEDED;
		part->failed += record->outcome == SW_OUTCOME_FAILED;
		part->login.count += sw_value_of(record, SW_VALUE_LOGIN, &value_ns);
	}
}

/* A second one: each source's login times side by side in logins_ns, which is sorted part by part. */
static int sum_up_logins(const struct sw_storm *storm, struct sw_source_part *parts, uint32_t count)
{
	SW_FREE uint64_t *logins_ns = calloc(storm->connections, sizeof(*logins_ns));
	SW_FREE uint32_t *next = calloc(count, sizeof(*next));
	uint32_t end = 0;

	if (!logins_ns || !next)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		next[i] = end;
		end += parts[i].login.count;
	}
	for (uint32_t i = 0; i < storm->connections; i++) {
		uint32_t *at = &next[source_of(storm, i)];

		if (sw_value_of(&storm->records[i], SW_VALUE_LOGIN, &logins_ns[*at]))
			++*at;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t logins = parts[i].login.count;

		parts[i].login = sw_stats_latency(logins_ns + next[i] - logins, logins);
	}
	return 0;
}

double sw_fairness_index(const double *values, uint32_t count)
{
	double sum = 0, squares = 0;

	for (uint32_t i = 0; i < count; i++) {
		sum += values[i];
		squares += values[i] * values[i];
	}
	return squares > 0 ? sum * sum / (count * squares) : -1;
}

static int measure_fairness(struct sw_by_source *by_source)
{
	SW_FREE double *values = calloc((size_t)by_source->count + 1, sizeof(*values));
	uint32_t logged_in = 0;

	if (!values)
		return -ENOMEM;
	for (uint32_t i = 0; i < by_source->count; i++)
		values[i] = by_source->parts[i].succeeded;
	by_source->fairness.succeeded = sw_fairness_index(values, by_source->count);
	for (uint32_t i = 0; i < by_source->count; i++)
		values[i] /= by_source->parts[i].launched;
	by_source->fairness.served = sw_fairness_index(values, by_source->count);
	for (uint32_t i = 0; i < by_source->count; i++) {
		if (by_source->parts[i].login.count)
			values[logged_in++] = (double)by_source->parts[i].login.p50_ns;
	}
	by_source->fairness.login = sw_fairness_index(values, logged_in);
	return 0;
}

int sw_by_source_compute(const struct sw_storm *storm, struct sw_by_source *out)
{
	uint32_t bound = sw_sources_bound(storm->source_of, storm->options->clients);
	SW_FREE struct sw_source_part *parts = calloc(bound, sizeof(*parts));
	struct sw_by_source by_source = {.parts = parts};

	if (!parts)
		return -ENOMEM;
	count_outcomes(storm, parts);
	if (sum_up_logins(storm, parts, bound))
		return -ENOMEM;
	for (uint32_t i = 0; i < bound; i++) {
		parts[i].number = i;
		if (parts[i].launched)
			parts[by_source.count++] = parts[i];
	}
	if (measure_fairness(&by_source))
		return -ENOMEM;
	sw_steal_ptr(&parts);
	*out = by_source;
	return 0;
}
