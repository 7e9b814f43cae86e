/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs that follow the life of connections, attached to their tracepoints and pinned. Used by
 * kern/load.c.
 */
#ifndef SW_KERN_LINKS_H
#define SW_KERN_LINKS_H

#include "core/error.h"

struct spillway_bpf;

int sw_links_attach(struct spillway_bpf *skel); /* 0 or -errno */

/*
 * What follows connections is in place of the last daemon's in one step each: until then both do, and
 * whoever comes second finds nothing left to do.
 */
int sw_links_pin(const struct spillway_bpf *skel, const char *generation, struct sw_error *err);

#endif
