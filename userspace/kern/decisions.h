/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the gate tells of its decisions: a ring buffer that outlives the daemon. Nobody is woken for it.
 */
#ifndef SW_KERN_DECISIONS_H
#define SW_KERN_DECISIONS_H

#include "kern/maps.h"
#include "spillway/decision.h"

struct sw_decisions;

/* 0 or -errno. arg must outlive it. */
int sw_decisions_open(const struct sw_maps *maps,
		      void (*each)(void *arg, const struct sw_decision *decision), void *arg,
		      struct sw_decisions **out);
void sw_decisions_close(struct sw_decisions *decisions); /* NULL is fine */

/* Hands on what is there, oldest first: as many as the ring holds, and not those that come meanwhile. */
void sw_decisions_read(struct sw_decisions *decisions);

#endif
