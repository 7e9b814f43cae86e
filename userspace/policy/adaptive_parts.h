/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the files of policy/adaptive*.c only.
 */
#ifndef SW_POLICY_ADAPTIVE_PARTS_H
#define SW_POLICY_ADAPTIVE_PARTS_H

#include "policy/adaptive.h"

/* Signals, ratios and gradient, by one more sample, which comes dt seconds after the last; 0: it is the first. */
void sw_adaptive_look(struct sw_adaptive *adaptive, const struct sw_adaptive_rules *rules,
		      const struct sw_adaptive_sample *sample, double dt);

/* Below this ratio all is well; from there to the tolerance is the dead band. */
double sw_adaptive_well(const struct sw_adaptive_rules *rules);
bool sw_adaptive_is_lull(const struct sw_adaptive *adaptive, const struct sw_adaptive_rules *rules);
bool sw_adaptive_has_work(const struct sw_adaptive *adaptive);
bool sw_adaptive_is_learned(const struct sw_adaptive *adaptive);

#endif
