/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the gate wakes the daemon for, by the ring `wakeups`: SYNs that wait, what became free, CancelRequests, and who
 * was told that he is refused.
 */
#ifndef SW_KERN_WAKEUPS_H
#define SW_KERN_WAKEUPS_H

#include <stddef.h>

#include "spillway/cancel.h"

struct sw_wakeups_handlers {
	void (*parked)(void *arg, const struct sw_parked *parked);
	void (*freed)(void *arg, const struct sw_freed *freed);
	void (*cancel)(void *arg, const struct sw_cancel *cancel);
	void (*told)(void *arg, const struct sw_parked *told);
};

/* Hands a record to whom it is for. */
void sw_wakeups_hand_on(const struct sw_wakeups_handlers *handlers, void *arg, const void *record,
			size_t bytes);

#endif
