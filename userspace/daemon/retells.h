/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Telling refused clients again why, where the server speaks first: they have nothing to repeat, and what the gate
 * told them may have been lost. Used by rooms, which read what the gate tells.
 */
#ifndef SW_DAEMON_RETELLS_H
#define SW_DAEMON_RETELLS_H

#include "daemon/daemon.h"
#include "spillway/queue.h"

struct sw_retells;

struct sw_retells *sw_retells_new(struct sw_daemon *daemon); /* NULL: no memory */
void sw_retells_free(struct sw_retells *retells);	     /* NULL is fine */
/* The client whose ACK that is was told just now. */
void sw_retells_add(struct sw_retells *retells, const struct sw_parked *told);

#endif
