/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which entries of a pin directory are ours. What is not is neither used nor removed. Used by
 * kern/load.c before anything else and by kern/generation.c for what it removes.
 */
#ifndef SW_KERN_PINS_CHECK_H
#define SW_KERN_PINS_CHECK_H

#include <stdbool.h>

#include "core/error.h"

/* -EEXIST: there is something that Spillway never pins; err says what. */
int sw_pins_check(const char *dir, struct sw_error *err);

/* By its name, whether it is one of the pins that make a generation. */
bool sw_pins_is_part(const char *name);

#endif
