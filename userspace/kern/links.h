/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs that follow the life of connections, attached to their tracepoints and pinned. Used by
 * kern/load.c, and by the daemon, which looks whether any were left out.
 */
#ifndef SW_KERN_LINKS_H
#define SW_KERN_LINKS_H

#include <stdint.h>

#include "core/error.h"

struct spillway_bpf;
struct sw_kern;

int sw_links_attach(struct spillway_bpf *skel); /* 0 or -errno */

/*
 * What follows connections is in place of the last daemon's in one step each: until then both do, and
 * whoever comes second finds nothing left to do.
 */
int sw_links_pin(const struct spillway_bpf *skel, const char *generation, struct sw_error *err);

/*
 * How often the kernel left out the second of the programs that follow connections, because it ran already on that CPU:
 * what was told to neither is among these. 0 or -errno
 */
int sw_links_count_untold(const struct sw_kern *kern, uint64_t *out);

#endif
