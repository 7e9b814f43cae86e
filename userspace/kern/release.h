/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Letting a waiter in, or ending its wait: one run of release_waiter on its SYN. Used by the daemon's
 * waiting rooms and by the benchmarks.
 */
#ifndef SW_KERN_RELEASE_H
#define SW_KERN_RELEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kern/load.h"

/* What came of it, see SW_RELEASED_… in spillway/queue.h. */
struct sw_released {
	uint8_t lane;	/* SW_LANE_NONE: no waiter any more; SW_LANE_QUEUE: it stays */
	uint8_t reason; /* enum sw_reason */
	uint32_t flags; /* SW_RELEASED_… */
};

/*
 * frame: whole, with an Ethernet header, as policy/frame.h makes it; it is sent in by the interface that it
 * came by, where the gate is_again met if it stands behind the driver (generic, tc). since_ns, by the
 * kernel's clock: when what the waiter gets became free, 0: not known; of one that is to be abandoned, when
 * its client's last SYN was seen. 0 or -errno.
 */
struct sw_release {
	enum sw_release_op op;
	uint32_t ifindex;
	const uint8_t *frame;
	size_t bytes;
	uint64_t since_ns;
	bool is_again;
};

int sw_kern_release(struct sw_kern *kern, const struct sw_release *what, struct sw_released *out);

#endif
