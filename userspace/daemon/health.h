/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The health page's answer. daemon is a struct sw_daemon.
 */
#ifndef SW_DAEMON_HEALTH_H
#define SW_DAEMON_HEALTH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * False, with one line in why, if an interface that is configured lacks the gate or lost it, or if
 * the programs take the daemon for dead.
 */
bool sw_health_check(void *daemon, char *why, size_t cap);

#endif
