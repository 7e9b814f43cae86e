/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When each client is to arrive. Made by main.c before the storm, followed by loop.c.
 */
#ifndef STORM_SCHEDULE_H
#define STORM_SCHEDULE_H

#include <stdint.h>

#include "options.h"

/*
 * Fills due_ns[clients], ascending, the same for the same seed. The caller frees. 0 or -ENOMEM.
 *
 * Within a time: from 0 to below within_ns; i * within / clients with even, else independent uniform
 * draws (arrivals of a Poisson process, given their number).
 * At a rate: i / rate with even, else the distances are drawn from an exponential distribution, the
 * one before the first arrival too: a Poisson process.
 */
int sw_schedule_make(const struct sw_options *options, uint64_t **due_ns);

#endif
