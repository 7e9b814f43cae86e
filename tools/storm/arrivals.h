/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who connects next, and when. loop.c takes whoever is due; attempt.c sends back those that come again.
 */
#ifndef STORM_ARRIVALS_H
#define STORM_ARRIVALS_H

#include "storm.h"

/* Room for all clients to be away at once. 0 or -ENOMEM; sw_arrivals_free() frees it. */
int sw_arrivals_init(struct sw_storm *storm);
void sw_arrivals_free(struct sw_storm *storm);

/* When the next connection is due, UINT64_MAX when none is known. */
uint64_t sw_arrivals_next_ns(const struct sw_storm *storm);

/* That connection's number; it is launched now. Only where there is one. */
uint32_t sw_arrivals_take(struct sw_storm *storm);

/* A client comes again: its connection is due at due_ns, which never goes back from call to call. */
void sw_arrivals_return(struct sw_storm *storm, uint32_t connection, uint64_t due_ns);

#endif
