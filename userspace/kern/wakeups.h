/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the gate tells the daemon: SYNs that wait, what became free, CancelRequests, and who was told that he is refused. A ring buffer that outlives the
 * daemon: the next one finds what this one has not read.
 */
#ifndef SW_KERN_WAKEUPS_H
#define SW_KERN_WAKEUPS_H

#include <stdbool.h>

#include "kern/maps.h"
#include "spillway/cancel.h"

struct sw_wakeups_handlers {
	void (*parked)(void *arg, const struct sw_parked *parked);
	void (*freed)(void *arg, const struct sw_freed *freed);
	void (*cancel)(void *arg, const struct sw_cancel *cancel);
	void (*told)(void *arg, const struct sw_parked *told);
};

struct sw_wakeups;

/* 0 or -errno. handlers and arg must outlive it. */
int sw_wakeups_open(const struct sw_maps *maps, const struct sw_wakeups_handlers *handlers,
		    void *arg, struct sw_wakeups **out);
void sw_wakeups_close(struct sw_wakeups *wakeups); /* NULL is fine */

/* Readable while there is something to read. */
int sw_wakeups_fd(const struct sw_wakeups *wakeups);

/* Hands on what is there, so many records at the most: false if there may be more. */
bool sw_wakeups_read(struct sw_wakeups *wakeups, unsigned int most);

#endif
