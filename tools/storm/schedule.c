/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arrival times of a storm. See schedule.h.
 */
#include "schedule.h"

#include <errno.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

int sw_schedule_make(const struct sw_options *options, uint64_t **due_ns)
{
	unsigned short state[3] = {0x330e, (unsigned short)options->seed,
				   (unsigned short)(options->seed >> 16)}; /* as srand48() does */
	double within = (double)options->within_ns;
	uint64_t *due = calloc(options->clients, sizeof(*due));

	if (!due)
		return -ENOMEM;
	for (uint32_t i = 0; i < options->clients; i++) {
		double part = options->even ? (double)i / options->clients : erand48(state);

		due[i] = (uint64_t)(part * within);
	}
	qsort(due, options->clients, sizeof(*due), ascending);
	*due_ns = due;
	return 0;
}
