/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why the kernel does not take the programs, in the words of libbpf, which are more than its -errno. Used by load.c.
 */
#ifndef SW_KERN_COMPLAINT_H
#define SW_KERN_COMPLAINT_H

#include "core/error.h"

/* From now on: what was said before is forgotten. */
void sw_complaint_hear(void);

/* Returns -EPERM, -ENOMEM or -ENOTSUP for the -errno that loading ended with. */
int sw_complaint_error(int failed, struct sw_error *err);

#endif
