/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading all programs and maps and pinning them, and taking them away again. The one place that
 * knows the skeleton. Used by the daemon and by the prog tests.
 */
#ifndef SW_KERN_LOAD_H
#define SW_KERN_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "kern/maps.h"

struct sw_kern;

/* Programs by what they do, for attach and tests. */
enum sw_program {
	SW_PROGRAM_GATE_XDP,
	SW_PROGRAM_GATE_TC,
	SW_PROGRAM_STEER_TC,
	SW_PROGRAM_SWEEP,
	SW_PROGRAM_RECONCILE,
	SW_PROGRAM_BEAT,
	SW_PROGRAM_RELEASE,
	SW_PROGRAM_COUNT_UP,
	SW_PROGRAM_ARM_SWEEP,
	SW_PROGRAM_LIFE_AGAIN,
};

/*
 * Loads everything but the gates for the caller's network namespace and starts following connections. With a
 * pin_dir, all is pinned there, in a generation (kern/generation.h): in the current one with its maps
 * as they are, if those can be used; else in a new one, which is nobody's until sw_kern_commit().
 * NULL pins nothing (tests).
 * -ENOTSUP: the kernel lacks something, err says what; -EPERM: capabilities missing;
 * -EEXIST: the directory holds what is not ours; -EBUSY: another daemon has it.
 */
int sw_load(const char *pin_dir, struct sw_kern **out, struct sw_error *err);

/* Makes what was loaded that which counts, if it is not yet. From the first gate that leads to it on. */
int sw_kern_commit(struct sw_kern *kern, struct sw_error *err);

enum sw_unload {
	SW_UNLOAD_ALL,	/* remove everything from kernel and pin directory */
	SW_UNLOAD_KEEP, /* leave all that is pinned to the next daemon */
	SW_UNLOAD_UNDO, /* a start that failed, and no gate is in its maps: all is as it was */
};

/* Closes everything. NULL is fine. */
void sw_unload(struct sw_kern *kern, enum sw_unload how);

/* The directory the maps are pinned in. */
const char *sw_kern_generation(const struct sw_kern *kern);
/* What the daemon before this one left; "" if there was none or it guards another namespace. */
const char *sw_kern_before(const struct sw_kern *kern);
/* True if the maps are those of a daemon before this one, with all that they count. */
bool sw_kern_inherited(const struct sw_kern *kern);
/*
 * New programs do not know that somebody is being told why he is refused: what is in the maps tells. Again when the
 * last interface has them, for those whom the programs before them refused meanwhile.
 */
void sw_kern_go_on_answering(struct sw_kern *kern);
uint64_t sw_kern_netns_cookie(const struct sw_kern *kern);

const struct sw_maps *sw_kern_maps(const struct sw_kern *kern);
/* Loads the program if it is not yet: gates are when they are needed, all others were by sw_load(). As that says. */
int sw_kern_need(struct sw_kern *kern, enum sw_program program, struct sw_error *err);
/* -ENOENT: a gate that nobody needed. */
int sw_kern_program_fd(const struct sw_kern *kern, enum sw_program program);
const char *sw_kern_pin_dir(const struct sw_kern *kern); /* NULL: not pinned */

#endif
