/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What has to be true before loading makes sense, each with a sentence for whoever has to mend it.
 * Asked by kern/load.c and told by `spillway probe`.
 */
#ifndef SW_KERN_PREFLIGHT_H
#define SW_KERN_PREFLIGHT_H

#include "core/error.h"

/* -EPERM: a capability is missing (which one); -ENOTSUP: the kernel is too old or has no BTF. */
int sw_preflight_capabilities(struct sw_error *err);
int sw_preflight_kernel(struct sw_error *err);

/* Mounts bpffs at /sys/fs/bpf if pin_dir is to be there and nothing is mounted yet. */
int sw_preflight_bpffs(const char *pin_dir, struct sw_error *err);

#endif
