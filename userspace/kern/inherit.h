/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking over the maps of the daemon before this one: may they be used, and using them. Called by
 * kern/load.c.
 */
#ifndef SW_KERN_INHERIT_H
#define SW_KERN_INHERIT_H

#include <bpf/libbpf.h>
#include <stdint.h>

#include "core/error.h"

/*
 * 0: the generation is of this layout and network namespace, and every map is there. -EPROTO: of
 * another layout or namespace; -EBADMSG: damaged; err says what was found.
 */
int sw_inherit_check(const char *generation, uint64_t netns_cookie, struct sw_error *err);

/* Before loading: the object is to use the generation's maps. 0 or -errno. */
int sw_inherit_maps(struct bpf_object *object, const char *generation);

/* A number by which the kernel knows the caller's network namespace, never given out twice. */
int sw_netns_cookie(uint64_t *out, struct sw_error *err);

#endif
