/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The value of sweep_timer. Apart from spillway/maps.h, which is also for who has no linux/bpf.h.
 */
#ifndef SPILLWAY_SWEEP_TIMER_H
#define SPILLWAY_SWEEP_TIMER_H

#include <linux/bpf.h>

/* What runs the sweep where no daemon does. The kernel keeps the timer as long as the map is pinned. */
struct sw_sweep_timer {
	struct bpf_timer timer;
	__u64 looked; /* how often it has looked whether there is a daemon */
};

#endif
