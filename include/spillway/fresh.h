/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether there is a daemon, and what it is about while gates change over to it.
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

/* control.moving: how far interfaces have come whose gates counted in other maps before. */
enum sw_moving {
	SW_MOVING_DONE = 0,
	/* Some may give away the same slots from other maps: who is new has to come again, daemon or not. */
	SW_MOVING_HALF = 1,
	/* None does any more, but who came in by them is not all counted yet: likewise, while the daemon lives. */
	SW_MOVING_LATE = 2,
};

/*
 * Whether who is new may have to do with a slot that a gate which counts in other maps gives away as well, or just
 * has. Without a daemon such a gate stays until the next one comes; where all are let in by then, no slot counts.
 */
SW_INLINE int sw_must_come_again(const struct sw_control *said, __u64 now_ns)
{
	if (said->moving == SW_MOVING_DONE)
		return 0;
	if (sw_decide_is_fresh(said, now_ns))
		return 1;
	return said->moving == SW_MOVING_HALF && said->on_loss != SW_ON_LOSS_OPEN;
}

#endif
