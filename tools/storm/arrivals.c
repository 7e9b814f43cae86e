/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two streams in order of time, merged: first arrivals, and returns. See arrivals.h.
 */
#include "arrivals.h"

#include <errno.h>
#include <stdlib.h>

int sw_arrivals_init(struct sw_storm *storm)
{
	storm->arrivals.room = storm->options->clients;
	storm->arrivals.ring = calloc(storm->arrivals.room, sizeof(*storm->arrivals.ring));
	return storm->arrivals.ring ? 0 : -ENOMEM;
}

void sw_arrivals_free(struct sw_storm *storm)
{
	free(storm->arrivals.ring);
	storm->arrivals.ring = NULL;
}

static uint64_t first_arrival_ns(const struct sw_storm *storm)
{
	const struct sw_arrivals *arrivals = &storm->arrivals;

	return arrivals->arrived < storm->options->clients
		       ? storm->records[arrivals->arrived].due_ns
		       : UINT64_MAX;
}

static uint64_t return_ns(const struct sw_storm *storm)
{
	const struct sw_arrivals *arrivals = &storm->arrivals;

	return arrivals->count ? storm->records[arrivals->ring[arrivals->first]].due_ns
			       : UINT64_MAX;
}

uint64_t sw_arrivals_next_ns(const struct sw_storm *storm)
{
	uint64_t arrival = first_arrival_ns(storm), back = return_ns(storm);

	return arrival < back ? arrival : back;
}

uint32_t sw_arrivals_take(struct sw_storm *storm)
{
	struct sw_arrivals *arrivals = &storm->arrivals;
	uint32_t connection;

	/* At the same time the newcomer goes first: nobody's return is to delay an arrival. */
	if (first_arrival_ns(storm) <= return_ns(storm))
		return arrivals->arrived++;
	connection = arrivals->ring[arrivals->first];
	arrivals->first = (arrivals->first + 1) % arrivals->room;
	arrivals->count--;
	return connection;
}

void sw_arrivals_return(struct sw_storm *storm, uint32_t connection, uint64_t due_ns)
{
	struct sw_arrivals *arrivals = &storm->arrivals;
	uint64_t last = (uint64_t)arrivals->first + arrivals->count;

	storm->records[connection].due_ns = due_ns;
	arrivals->ring[last % arrivals->room] = connection;
	arrivals->count++;
}
