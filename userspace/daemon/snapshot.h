/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All that the control socket's verbs can change, as it is now: what is logged of a change is how two of them differ.
 */
#ifndef SW_DAEMON_SNAPSHOT_H
#define SW_DAEMON_SNAPSHOT_H

#include <jansson.h>

/* The configuration, "rules" and "paused"; daemon is a struct sw_daemon. NULL: no memory. */
json_t *sw_snapshot_take(void *daemon);

#endif
