/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One client's attempt from its SYN to its close: sockets, readiness, time running out. Called by
 * loop.c; everything in flight is in one of the storm's three queues.
 */
#ifndef STORM_ATTEMPT_H
#define STORM_ATTEMPT_H

#include "client.h"

/* Connection n opens its socket and sends its SYN. A failure is the client's, and is counted. */
void sw_attempt_launch(struct sw_storm *storm, uint32_t n);

/* events of epoll. The client may be gone afterwards. */
void sw_attempt_ready(struct sw_storm *storm, struct sw_client *client, uint32_t events);

/* Ends every wait that is over at now_ns: time-outs fail, holds succeed, who has thought asks. */
void sw_attempt_expire(struct sw_storm *storm, uint64_t now_ns);

/* When the next wait will be over, UINT64_MAX when nobody waits. */
uint64_t sw_attempt_next_deadline(const struct sw_storm *storm);

/* Closes all that are in flight; they stay unfinished. */
void sw_attempt_abandon(struct sw_storm *storm);

#endif
