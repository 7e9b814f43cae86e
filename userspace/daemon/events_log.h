/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decisions and ends of waits in the log, with what they are about in fields. Used by events.c.
 */
#ifndef SW_DAEMON_EVENTS_LOG_H
#define SW_DAEMON_EVENTS_LOG_H

#include "daemon/events.h"

/* Where the level is debug; as many as `spillway events` is told of. */
void sw_events_log(const struct sw_daemon *daemon, const struct sw_event *event);

#endif
