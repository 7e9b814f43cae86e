/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether anything still counts under an id, by the maps, and whose an address is: what a new plan asks.
 */
#ifndef SW_KERN_BUSY_H
#define SW_KERN_BUSY_H

#include "kern/maps.h"
#include "policy/plan.h"

/* One change's; the flows are walked once, when an id is asked for that nothing is counted under. */
struct sw_busy {
	const struct sw_maps *maps;
	bool is_read;
	bool services[SW_SERVICES_MAX];
	bool classes[SW_CLASSES_MAX];
};

/* `busy` has to stay as long as the result is used. */
struct sw_plan_busy sw_busy_ask(struct sw_busy *busy, const struct sw_maps *maps);

#endif
