/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a storm to its end. Called by main.c.
 */
#ifndef STORM_LOOP_H
#define STORM_LOOP_H

#include "core/error.h"
#include "storm.h"

/*
 * due_ns[clients]: arrivals after the start, ascending. Returns 0 when all clients are done or the
 * storm was interrupted by SIGINT or SIGTERM; less than 0 when it could not start.
 */
int sw_loop_run(struct sw_storm *storm, const uint64_t *due_ns, struct sw_error *err);

#endif
