/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the daemon does by the clock: heartbeat, sweep, watchdog, expiry of rules. Started and stopped
 * by run.c.
 */
#ifndef SW_DAEMON_TIMERS_H
#define SW_DAEMON_TIMERS_H

#include "daemon/daemon.h"

int sw_timers_start(struct sw_daemon *daemon); /* 0 or -ENOMEM */
void sw_timers_stop(struct sw_daemon *daemon);

#endif
