/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The figures of a finished storm. Computed once by main.c, printed by report.c or report_json.c.
 *
 * Percentiles are exact and by nearest rank: of n values in ascending order, pN is the one at
 * position ceil(N / 100 * n), counted from 1. Always a value that a client had; nothing is
 * interpolated, nothing put into buckets. A latency counts the clients that came so far: those
 * refused or timed out before have no login time, and are to be read beside it, as failures.
 * A query of a later round was due when --think was over, also if this process asked it later.
 */
#ifndef STORM_STATS_H
#define STORM_STATS_H

#include "storm.h"

/* count 0: nobody came so far, the rest is 0. */
struct sw_latency {
	uint32_t count;
	uint64_t p50_ns, p90_ns, p99_ns, max_ns;
};

struct sw_stats {
	struct sw_latency connect, login, total, lateness; /* see values.h */
	struct sw_latency query;  /* of each that was answered, since it was due */
	uint64_t makespan_ns;	  /* first SYN to the last client done, or the interruption */
	uint64_t last_success_ns; /* first SYN to the last client that succeeded */
	uint64_t launching_ns;	  /* first SYN to the last SYN */
	double succeeded_per_s;	  /* over last_success_ns */
	double cpu_share;	  /* of one core, while the storm ran */
	uint32_t unfinished, not_started;
};

/* Sorts values[count]. */
struct sw_latency sw_stats_latency(uint64_t *values_ns, uint32_t count);

/* Sorts the storm's query_ns. 0 or -ENOMEM. */
int sw_stats_compute(const struct sw_storm *storm, struct sw_stats *out);

#endif
