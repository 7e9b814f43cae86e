/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handing CancelRequests on: the gate tells of one, the service's other listener gets a copy. Used by rooms,
 * which read what the gate tells.
 */
#ifndef SW_DAEMON_CANCELS_H
#define SW_DAEMON_CANCELS_H

#include "daemon/daemon.h"
#include "spillway/cancel.h"

struct sw_cancels;

struct sw_cancels *sw_cancels_new(struct sw_daemon *daemon); /* NULL: no memory */
void sw_cancels_free(struct sw_cancels *cancels);	     /* NULL is fine */
void sw_cancels_hand_on(struct sw_cancels *cancels, const struct sw_cancel *cancel);

#endif
