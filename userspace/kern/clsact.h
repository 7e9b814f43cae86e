/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our filter on an interface's clsact qdisc. Used by kern/attach.c.
 */
#ifndef SW_KERN_CLSACT_H
#define SW_KERN_CLSACT_H

#include <linux/types.h>
#include <stdbool.h>

/* 0; *made: there was no clsact before, or only one that a daemon of ours had left. */
int sw_clsact_add(int ifindex, int program_fd, bool *made);
/* Takes our filter off, and with `made` the qdisc too unless somebody else uses it by now. */
void sw_clsact_remove(int ifindex, bool made);
/* Id of the program in our filter, 0 for none. */
__u32 sw_clsact_program(int ifindex);

#endif
