/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long connections were open, as a histogram.
 */
#include "daemon/metrics_lifetimes.h"

#include "core/clock.h"
#include "kern/read.h"

void sw_metrics_lifetimes(struct sw_exposition *page, const struct sw_daemon *daemon)
{
	double bounds[SW_LIFETIME_BUCKETS];
	double bound_s = (double)SW_LIFETIME_FIRST_NS / SW_NS_PER_S;

	for (size_t i = 0; i < SW_LIFETIME_BUCKETS; i++, bound_s *= 4)
		bounds[i] = bound_s;
	sw_exposition_family(page, "spillway_connection_seconds", SW_METRIC_HISTOGRAM,
			     "How long connections that have ended were open");
	for (size_t i = 0; i < daemon->plan->service_count; i++) {
		const struct sw_label label = {"service", daemon->plan->services[i].name};
		struct sw_lifetimes ended;
		struct sw_histogram histogram = {.bounds = bounds,
						 .bound_count = SW_LIFETIME_BUCKETS};
		uint64_t counts[SW_LIFETIME_BUCKETS + 1];

		sw_read_lifetimes(daemon->maps, daemon->plan->services[i].id, &ended);
		for (size_t n = 0; n <= SW_LIFETIME_BUCKETS; n++)
			counts[n] = ended.count[n];
		histogram.counts = counts;
		histogram.sum = (double)ended.sum_ns / SW_NS_PER_S;
		sw_exposition_histogram(page, &label, 1, &histogram);
	}
}
