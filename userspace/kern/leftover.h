/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a daemon before this one left on interfaces that are no longer to be guarded. Used at start,
 * after all others are attached.
 */
#ifndef SW_KERN_LEFTOVER_H
#define SW_KERN_LEFTOVER_H

#include <stdbool.h>

/* is_kept(arg, ifindex): the interface is guarded by this daemon. */
void sw_leftover_remove(const char *pin_dir, bool (*is_kept)(void *arg, int ifindex), void *arg);

#endif
