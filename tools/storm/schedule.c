/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arrival times of a storm. See schedule.h.
 */
#include "schedule.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static void fill_window(const struct sw_options *options, unsigned short *state, uint64_t *due)
{
	double within = (double)options->within_ns;

	for (uint32_t i = 0; i < options->clients; i++) {
		double part = options->even ? (double)i / options->clients : erand48(state);

		due[i] = (uint64_t)(part * within);
	}
	qsort(due, options->clients, sizeof(*due), ascending);
}

static void fill_rate(const struct sw_options *options, unsigned short *state, uint64_t *due)
{
	const struct sw_rate *rate = &options->connect_rate;
	double distance = (double)rate->per_ns / (double)rate->count, at = 0;

	for (uint32_t i = 0; i < options->clients; i++) {
		/* erand48() gives [0, 1), so the logarithm is finite. */
		if (!options->even)
			at -= log(1 - erand48(state)) * distance;
		due[i] = (uint64_t)(options->even ? i * distance : at);
	}
}

int sw_schedule_make(const struct sw_options *options, uint64_t **due_ns)
{
	unsigned short state[3] = {0x330e, (unsigned short)options->seed,
				   (unsigned short)(options->seed >> 16)}; /* as srand48() does */
	uint64_t *due = calloc(options->clients, sizeof(*due));

	if (!due)
		return -ENOMEM;
	if (options->connect_rate.count)
		fill_rate(options, state, due);
	else
		fill_window(options, state, due);
	*due_ns = due;
	return 0;
}
