/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Latencies by size, for --histogram: how many are in each bucket. Filled once by main.c, printed by
 * report_histogram.c.
 *
 * The bounds are those of all storms, so that two histograms can be laid beside each other: five to a
 * decade, 1, 1.6, 2.5, 4, 6.3 (the preferred numbers of ISO 3's R5 series), from 10 us to 1,000 s.
 */
#ifndef STORM_HISTOGRAM_H
#define STORM_HISTOGRAM_H

#include "storm.h"

/* Below 10 us, eight decades, beyond 1,000 s. */
#define SW_HISTOGRAM_BUCKETS (1 + 8 * 5 + 1)

struct sw_histogram {
	uint32_t counts[SW_HISTOGRAM_BUCKETS];
};

/* See values.h; queries as in struct sw_storm. */
struct sw_histograms {
	struct sw_histogram connect, login, query;
};

/* A bucket has what is at most its bound and more than the bound before; the last one's is UINT64_MAX. */
uint64_t sw_histogram_bound(unsigned int bucket);

void sw_histogram_add(struct sw_histogram *histogram, uint64_t value_ns);

/* The buckets from the first to the last that is not empty. False: all are. */
bool sw_histogram_range(const struct sw_histogram *histogram, unsigned int *first,
			unsigned int *last);

void sw_histograms_fill(const struct sw_storm *storm, struct sw_histograms *out);

#endif
