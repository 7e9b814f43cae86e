/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pin directory: one daemon's at a time, and nothing in it that is not ours. Used by all in
 * kern/ that pins; what the entries mean is in kern/generation.h and kern/attach.h, and
 * which there may be in kern/pins_check.h.
 */
#ifndef SW_KERN_PINS_H
#define SW_KERN_PINS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

#define SW_PIN_PATH_MAX 256
/* What is about to take the place of the entry of that name. */
#define SW_NEXT_PREFIX "next_"

/*
 * Makes the directory if need be and locks it for this process; *lock_fd holds the lock.
 * -EBUSY: another daemon has it.
 */
int sw_pins_lock(const char *dir, int *lock_fd, struct sw_error *err);

int sw_pins_add(const char *dir, const char *name, int fd, struct sw_error *err);

/* Puts fd in the place of whatever has the name: others see the old or the new, never neither. */
int sw_pins_replace(const char *dir, const char *name, int fd, struct sw_error *err);

/* A descriptor of what is pinned, or -errno. */
int sw_pins_open(const char *dir, const char *name);

void sw_pins_remove(const char *dir, const char *name);

/* An empty directory says that something is so. True if it was not marked before. */
bool sw_pins_mark(const char *dir, const char *name);
bool sw_pins_is_marked(const char *dir, const char *name);
void sw_pins_unmark(const char *dir, const char *name);

/* Calls for each entry; a non-zero return ends the walk and is returned. */
int sw_pins_each(const char *dir, int (*each)(void *arg, const char *dir, const char *name),
		 void *arg);

/* Whether the name is the prefix and a number above 0, and nothing else. */
bool sw_pins_number(const char *name, const char *prefix, unsigned long *number);

/* A link that leads nowhere does not. */
bool sw_pins_exists(const char *path);

/* dir/name. -ENAMETOOLONG */
int sw_pins_path(const char *dir, const char *name, char path[SW_PIN_PATH_MAX]);

#endif
