/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The histograms of spillway/queue.h.
 */
#include "daemon/metrics_waits.h"

#include "core/clock.h"
#include "kern/read.h"

static const char *const outcomes[SW_WAIT_OUTCOMES] = {
	[SW_WAIT_ADMITTED] = "admitted",
	[SW_WAIT_STEERED] = "steered",
	[SW_WAIT_TIMED_OUT] = "timed_out",
	[SW_WAIT_ABANDONED] = "abandoned",
};

static void write_histogram(struct sw_exposition *page, const struct sw_label *labels, size_t n,
			    const struct sw_wait_histogram *from, uint64_t first_ns)
{
	double bounds[SW_WAIT_BUCKETS];
	uint64_t counts[SW_WAIT_BUCKETS + 1];
	struct sw_histogram histogram = {
		.bounds = bounds,
		.counts = counts,
		.bound_count = SW_WAIT_BUCKETS,
		.sum = (double)from->sum_ns / SW_NS_PER_S,
	};
	double bound_s = (double)first_ns / SW_NS_PER_S;

	for (size_t i = 0; i < SW_WAIT_BUCKETS; i++, bound_s *= 2)
		bounds[i] = bound_s;
	for (size_t i = 0; i <= SW_WAIT_BUCKETS; i++)
		counts[i] = from->count[i];
	sw_exposition_histogram(page, labels, n, &histogram);
}

static void write_waits(struct sw_exposition *page, const char *service,
			const struct sw_waits *waits)
{
	for (size_t i = 0; i < SW_WAIT_OUTCOMES; i++) {
		const struct sw_label labels[] = {{"service", service}, {"outcome", outcomes[i]}};

		write_histogram(page, labels, 2, &waits->by_outcome[i], SW_WAIT_FIRST_NS);
	}
}

void sw_metrics_waits(struct sw_exposition *page, const struct sw_daemon *daemon)
{
	const struct sw_plan *plan = daemon->plan;
	struct sw_waits waits;

	sw_exposition_family(page, "spillway_queue_wait_seconds", SW_METRIC_HISTOGRAM,
			     "How long connection attempts waited, by what came of it");
	for (size_t i = 0; i < plan->service_count; i++) {
		sw_read_waits(daemon->maps, plan->services[i].id, &waits);
		write_waits(page, plan->services[i].name, &waits);
	}
	sw_exposition_family(page, "spillway_release_seconds", SW_METRIC_HISTOGRAM,
			     "From a slot's release to the SYN of the waiter that it was given to");
	for (size_t i = 0; i < plan->service_count; i++) {
		const struct sw_label label = {"service", plan->services[i].name};

		sw_read_waits(daemon->maps, plan->services[i].id, &waits);
		write_histogram(page, &label, 1, &waits.handed, SW_HANDED_FIRST_NS);
	}
}
