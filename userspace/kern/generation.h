/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Generations: one set of maps, the programs' links that follow connections for them, and the
 * daemon's notes (kern/notes.h), pinned together in a directory gen_N below the pin directory. The
 * symbolic link "current" names the one that counts; replacing it is the one step by which a new
 * generation takes over, so that whoever is killed on the way leaves the old or the new one, whole.
 */
#ifndef SW_KERN_GENERATION_H
#define SW_KERN_GENERATION_H

#include "core/error.h"
#include "kern/pins.h"

#define SW_GENERATION_PREFIX "gen_"

/* Whether the symbolic link has this name, or is to get it. */
bool sw_generation_is_pointer(const char *name);

/* The current generation's directory. -ENOENT: none, or the link leads nowhere. */
int sw_generation_current(const char *pin_dir, char path[SW_PIN_PATH_MAX]);

/* Whether there is no current one although a daemon left something: which counts nobody can tell. */
bool sw_generation_is_lost(const char *pin_dir);

/* Makes the directory of a generation that is not current yet. */
int sw_generation_make(const char *pin_dir, char path[SW_PIN_PATH_MAX], struct sw_error *err);

/* Makes it the current one. */
int sw_generation_commit(const char *pin_dir, const char *path, struct sw_error *err);

/* Removes all but the current one: their links let go of the kernel. */
void sw_generation_prune(const char *pin_dir);

/*
 * Removes one that is not, or shall no longer be, the current one. Something foreign in it stays, and so does
 * the directory.
 */
void sw_generation_remove(const char *path);

/* Calls for each directory that holds maps, those of daemons before 0.2 (the pin directory) too. */
int sw_generation_each(const char *pin_dir, int (*each)(void *arg, const char *path), void *arg);

#endif
