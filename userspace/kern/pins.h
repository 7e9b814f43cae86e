/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pin directory: one daemon's at a time, and nothing in it that is not ours. Used by load and
 * attach.
 */
#ifndef SW_KERN_PINS_H
#define SW_KERN_PINS_H

#include <stddef.h>

#include "core/error.h"

#define SW_PIN_PATH_MAX 256

/*
 * Makes the directory if need be and locks it for this process; *lock_fd holds the lock.
 * -EBUSY: another daemon has it.
 */
int sw_pins_lock(const char *dir, int *lock_fd, struct sw_error *err);

/*
 * Removes what a daemon that died has left, so that its links let go. *found: how many pins there
 * were. -EEXIST: there is something that Spillway never pins; nothing is removed then.
 */
int sw_pins_clear(const char *dir, size_t *found, struct sw_error *err);

int sw_pins_add(const char *dir, const char *name, int fd, struct sw_error *err);
void sw_pins_remove(const char *dir, const char *name);

#endif
