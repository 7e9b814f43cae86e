/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Putting programs into an interface's TC ingress and taking them off, knowing whose the qdisc is.
 * Used by kern/attach.c.
 */
#ifndef SW_KERN_FILTER_H
#define SW_KERN_FILTER_H

#include "kern/attach.h"

/* priority: SW_CLSACT_FIRST or SW_CLSACT_SECOND. 0 or -errno with err filled. */
int sw_filter_put(struct sw_kern *kern, const struct sw_attachment *attachment,
		  enum sw_program program, int priority, struct sw_error *err);

/* All of them, and the qdisc if it was made for them. */
void sw_filter_remove(struct sw_kern *kern, int ifindex);

#endif
