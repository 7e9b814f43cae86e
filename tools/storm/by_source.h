/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each source address got, for --by-source, and how evenly. Computed once by main.c, printed by
 * report_by_source.c.
 */
#ifndef STORM_BY_SOURCE_H
#define STORM_BY_SOURCE_H

#include "stats.h"

struct sw_source_part {
	uint32_t number; /* of the address: sw_sources_at() */
	uint32_t launched, succeeded, failed;
	struct sw_latency login; /* see values.h */
};

/*
 * Jain's index of fairness, (sum of x)^2 / (n * sum of x^2) for what n sources got: 1 when all got the
 * same, k / n when k got the same and the others nothing. R. Jain, D. Chiu, W. Hawe, "A Quantitative
 * Measure of Fairness and Discrimination for Resource Allocation in Shared Computer Systems", DEC
 * Research Report TR-301, 1984. Of those who launched anything; less than 0: of nobody.
 */
struct sw_fairness {
	double succeeded; /* x: connections that succeeded; a hog that gets what it asks for is unfair */
	double served; /* x: the part of its connections that succeeded */
	double login;  /* x: the median of its login times, of those who have one */
};

struct sw_by_source {
	struct sw_source_part *parts; /* by number of address, those who launched anything */
	uint32_t count;
	struct sw_fairness fairness;
};

/* Of count values; less than 0 when there is none, or they are all 0. */
double sw_fairness_index(const double *values, uint32_t count);

/* Only with storm->source_of. 0 or -ENOMEM; the caller frees parts. */
int sw_by_source_compute(const struct sw_storm *storm, struct sw_by_source *out);

#endif
