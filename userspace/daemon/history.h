/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ten minutes of each service, for the small charts of the status page, and the rates of the last second. No I/O; the
 * caller's clock. Fed by page_data.c each second, drawn by page_chart.c.
 */
#ifndef SW_DAEMON_HISTORY_H
#define SW_DAEMON_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "spillway/limits.h"

#define SW_HISTORY_POINTS 120
#define SW_HISTORY_STEP_S 5

/* Gauges first: of the samples of a point the highest counts, so that a peak is seen. Of a rate it is the mean. */
enum sw_history_series {
	SW_HISTORY_USED,
	SW_HISTORY_BUDGET,
	SW_HISTORY_WAITING,
	SW_HISTORY_GAUGES,
	SW_HISTORY_SYN = SW_HISTORY_GAUGES,
	SW_HISTORY_DIRECT,
	SW_HISTORY_POOLER,
	SW_HISTORY_QUEUED,
	SW_HISTORY_REFUSED,
	SW_HISTORY_RESET,
	SW_HISTORY_DROPPED,
	SW_HISTORY_SERIES
};

struct sw_history;

struct sw_history *sw_history_new(void); /* NULL when out of memory */
void sw_history_free(struct sw_history *history);

/*
 * What a service has now: gauges as they are, and for rates what was counted so far. An id that comes with another
 * name than before is another service. 0 or -ENOMEM.
 */
int sw_history_add(struct sw_history *history, uint32_t id, const char *name,
		   const uint64_t values[SW_HISTORY_SERIES], uint64_t now_ns);

/* The id that came with a name last; SW_SERVICES_MAX: none, for which there are no rates and no points. */
uint32_t sw_history_id(const struct sw_history *history, const char *name);

/* A second, between the last two times; false while there was but one, or a total has begun anew in between. */
bool sw_history_rate(const struct sw_history *history, uint32_t id, enum sw_history_series series,
		     double *out);

/* The points, the oldest first. Returns how many there are, up to SW_HISTORY_POINTS. */
size_t sw_history_points(const struct sw_history *history, uint32_t id,
			 enum sw_history_series series, float out[SW_HISTORY_POINTS]);

/* Counts the points of all services that were ever made: has a chart changed? */
uint64_t sw_history_version(const struct sw_history *history);

#endif
