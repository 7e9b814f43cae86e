/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sorts latencies into buckets. See histogram.h.
 */
#include "histogram.h"

#include "core/clock.h"
#include "values.h"

/* In tenths. */
static const uint64_t steps[] = {10, 16, 25, 40, 63};

#define STEPS	  (sizeof(steps) / sizeof(steps[0]))
#define LOWEST_NS (10 * SW_NS_PER_US)

uint64_t sw_histogram_bound(unsigned int bucket)
{
	uint64_t decade_ns = LOWEST_NS;

	if (bucket >= SW_HISTOGRAM_BUCKETS - 1)
		return UINT64_MAX;
	for (unsigned int i = 0; i < bucket / STEPS; i++)
		decade_ns *= 10;
	return decade_ns / 10 * steps[bucket % STEPS];
}

void sw_histogram_add(struct sw_histogram *histogram, uint64_t value_ns)
{
	unsigned int bucket = 0;

	while (value_ns > sw_histogram_bound(bucket))
		bucket++;
	histogram->counts[bucket]++;
}

bool sw_histogram_range(const struct sw_histogram *histogram, unsigned int *first,
			unsigned int *last)
{
	bool found = false;

	for (unsigned int i = 0; i < SW_HISTOGRAM_BUCKETS; i++) {
		if (!histogram->counts[i])
			continue;
		if (!found)
			*first = i;
		*last = i;
		found = true;
	}
	return found;
}

void sw_histograms_fill(const struct sw_storm *storm, struct sw_histograms *out)
{
	uint64_t value_ns;

	*out = (struct sw_histograms){0};
	for (uint32_t i = 0; i < storm->connections; i++) {
		const struct sw_record *record = &storm->records[i];

		if (sw_value_of(record, SW_VALUE_CONNECT, &value_ns))
			sw_histogram_add(&out->connect, value_ns);
		if (sw_value_of(record, SW_VALUE_LOGIN, &value_ns))
			sw_histogram_add(&out->login, value_ns);
	}
	for (uint64_t i = 0; i < storm->tally.queries; i++)
		sw_histogram_add(&out->query, storm->query_ns[i]);
}
