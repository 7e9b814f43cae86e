/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether there is a daemon.
 */
#ifndef SPILLWAY_FRESH_H
#define SPILLWAY_FRESH_H

#include "spillway/maps.h"

/* True while the daemon lives; its clock may have been read after ours. */
SW_INLINE int sw_decide_is_fresh(const struct sw_control *said, __u64 now_ns)
{
	return now_ns < said->heartbeat_ns ||
	       now_ns - said->heartbeat_ns < said->heartbeat_timeout_ns;
}

#endif
