/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a service manager is told (sd_notify(3)): nothing at all where NOTIFY_SOCKET is not set. Called by run.c, change.c
 * and timers.c.
 */
#ifndef SW_DAEMON_NOTIFY_H
#define SW_DAEMON_NOTIFY_H

#include "daemon/daemon.h"

void sw_notify_ready(struct sw_daemon *daemon);

/* Before a reload, and after it; failed is what was wrong, or NULL. */
void sw_notify_reloading(void);
void sw_notify_reloaded(struct sw_daemon *daemon, const char *failed);

/* why: what the status says from then on. */
void sw_notify_stopping(const char *why);

/* Often enough for a watchdog; says as well how much is guarded, if that is not what was said last. */
void sw_notify_alive(struct sw_daemon *daemon);

#endif
