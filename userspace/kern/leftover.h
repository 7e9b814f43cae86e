/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a daemon that died has left on interfaces in TC. XDP lets go with its pinned link; a filter
 * stays until somebody takes it off. Used by kern/load.c.
 */
#ifndef SW_KERN_LEFTOVER_H
#define SW_KERN_LEFTOVER_H

/* Takes off all filters that work on the maps pinned in this directory. To be called before those go. */
void sw_leftover_remove(const char *pin_dir);

#endif
