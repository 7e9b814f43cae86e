/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Putting a plan into the maps while packets flow: values first, then the keys that lead to them, and
 * what is gone last, so that no packet meets half a plan. No count is touched.
 */
#ifndef SW_KERN_APPLY_H
#define SW_KERN_APPLY_H

#include "core/error.h"
#include "kern/maps.h"
#include "policy/plan.h"

/*
 * Both halves, in this order; between them what is new is ready and no packet meets it. last: the plan that
 * is in the maps, NULL for none. 0, or -errno with err filled.
 */
int sw_apply_values(const struct sw_maps *maps, const struct sw_plan *last,
		    const struct sw_plan *next, struct sw_error *err);
int sw_apply_keys(const struct sw_maps *maps, const struct sw_plan *last,
		  const struct sw_plan *next, struct sw_error *err);

/*
 * Fills in what the maps hold for a plan that knows names and ids only, with all that a daemon that was cut off
 * left half done. -ENOMEM; others as the kernel says.
 */
int sw_apply_read(const struct sw_maps *maps, struct sw_plan *plan);

#endif
