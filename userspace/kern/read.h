/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading what the programs count and hold. Used by the daemon's read verbs and its metrics page.
 */
#ifndef SW_KERN_READ_H
#define SW_KERN_READ_H

#include <stdint.h>

#include "kern/maps.h"

/* Sums over all CPUs; zeros if the kernel does not answer. row: a service id or SW_COUNTERS_HOST. */
void sw_read_counters(const struct sw_maps *maps, uint32_t row, uint64_t out[SW_COUNTER_COUNT]);
/* Cell sw_verdict_cell(lane, reason) of one class, summed over all CPUs. */
void sw_read_verdicts(const struct sw_maps *maps, uint32_t class_id,
		      uint64_t out[SW_VERDICT_CELLS]);

/* How long connections of a service were open, summed over all CPUs. */
void sw_read_lifetimes(const struct sw_maps *maps, uint32_t service, struct sw_lifetimes *out);

/* How long connections waited, and slots took to be handed on, summed over all CPUs. */
void sw_read_waits(const struct sw_maps *maps, uint32_t service, struct sw_waits *out);

/*
 * Walk a map, a batch at a time. Entries that come and go meanwhile may be missed; none is shown
 * twice unless the kernel rehashes. A callback's non-zero return ends the walk and is returned;
 * -errno when the kernel refuses.
 */
int sw_read_flows(const struct sw_maps *maps,
		  int (*each)(void *arg, const struct sw_flow_key *key, const struct sw_flow *flow),
		  void *arg);
int sw_read_live(const struct sw_maps *maps,
		 int (*each)(void *arg, const struct sw_source_key *key,
			     const struct sw_source_live *live),
		 void *arg);
int sw_read_rates(const struct sw_maps *maps,
		  int (*each)(void *arg, const struct sw_source_key *key,
			      const struct sw_source_rate *rate),
		  void *arg);

/* One flow's entry. 0 or -ENOENT. */
int sw_read_flow(const struct sw_maps *maps, const struct sw_flow_key *key, struct sw_flow *out);
/* One source's entry. 0 or -ENOENT. */
int sw_read_source_live(const struct sw_maps *maps, const struct sw_source_key *key,
			struct sw_source_live *out);
int sw_read_source_rate(const struct sw_maps *maps, const struct sw_source_key *key,
			struct sw_source_rate *out);

/* Connections a second, from the second that just ended and the one that runs (a sliding window). */
double sw_read_rate_per_second(const struct sw_source_rate *rate, uint64_t now_ns);

/* How full the maps are whose entries come and go; rows end with name NULL. */
struct sw_map_usage {
	const char *name;
	uint64_t entries;
	uint64_t capacity;
};

#define SW_MAP_USAGE_ROWS 8

void sw_read_usage(const struct sw_maps *maps, struct sw_map_usage out[SW_MAP_USAGE_ROWS]);

/* Bytes of memory that all maps take, as the kernel accounts them; 0 if it does not say. */
uint64_t sw_read_memory(const struct sw_maps *maps);

#endif
