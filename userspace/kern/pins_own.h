/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose the pin directory is. A daemon that starts makes all in it its own, and gives it to the user whom it goes on as.
 */
#ifndef SW_KERN_PINS_OWN_H
#define SW_KERN_PINS_OWN_H

#include <sys/types.h>

#include "core/error.h"

/* All of it, to the last pin. */
int sw_pins_give(const char *dir, uid_t uid, gid_t gid, struct sw_error *err);

/*
 * What a daemon before this one had as another user. Whoever may not do this (it takes CAP_CHOWN) may still be able to
 * use it: what is missing is told where it is.
 */
void sw_pins_make_own(const char *dir);

#endif
