/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loaded object's maps as struct sw_maps. Used by kern/load.c.
 */
#ifndef SW_KERN_MAPPED_H
#define SW_KERN_MAPPED_H

#include "kern/maps.h"

struct spillway_bpf;

/* 0 or -errno; what was mapped by then is for sw_mapped_close(). */
int sw_mapped_open(const struct spillway_bpf *skel, struct sw_maps *maps);
void sw_mapped_close(const struct spillway_bpf *skel, struct sw_maps *maps);

#endif
