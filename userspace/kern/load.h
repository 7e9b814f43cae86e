/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading all programs and maps and pinning them, and taking them away again. The one place that
 * knows the skeleton. Used by the daemon and by the prog tests.
 */
#ifndef SW_KERN_LOAD_H
#define SW_KERN_LOAD_H

#include "core/error.h"
#include "kern/maps.h"

struct sw_kern;

/* Programs by what they do, for attach and tests. */
enum sw_program {
	SW_PROGRAM_GATE_XDP,
	SW_PROGRAM_GATE_TC,
	SW_PROGRAM_STEER_TC,
	SW_PROGRAM_SWEEP,
};

/*
 * Loads everything for the caller's network namespace and starts following connections. With a
 * pin_dir, maps, programs and links are pinned there; NULL pins nothing (tests).
 * -ENOTSUP: the kernel lacks something, err says what; -EPERM: capabilities missing;
 * -EEXIST: the directory holds what is not ours.
 */
int sw_load(const char *pin_dir, struct sw_kern **out, struct sw_error *err);

/* Stops following connections, removes pins, closes everything. NULL is fine. */
void sw_unload(struct sw_kern *kern);

const struct sw_maps *sw_kern_maps(const struct sw_kern *kern);
int sw_kern_program_fd(const struct sw_kern *kern, enum sw_program program);
const char *sw_kern_pin_dir(const struct sw_kern *kern); /* NULL: not pinned */

/* Frees slots of handshakes that took too long, and removes entries nobody needs. 0 or -errno. */
int sw_kern_sweep(struct sw_kern *kern, struct sw_sweep *result);

#endif
