/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our filters on an interface's clsact qdisc. There are two places for them, one behind the other, so
 * that a successor's program can be there before the one it replaces goes. Used by attach and leftover.
 */
#ifndef SW_KERN_CLSACT_H
#define SW_KERN_CLSACT_H

#include <linux/types.h>
#include <stdbool.h>

#define SW_CLSACT_FIRST	 10 /* priorities */
#define SW_CLSACT_SECOND 11

/* The program of the first filter of ours and its priority; 0: there is none. */
__u32 sw_clsact_find(int ifindex, int *priority);

/* The program of the filter of ours at this priority, 0: there is none. */
__u32 sw_clsact_program(int ifindex, int priority);

/* Whether the interface has such a qdisc, whoever made it. 1, 0 or -errno. */
int sw_clsact_is_there(int ifindex);

/* True where there is none for sure: a kernel that does not answer has taken nothing off. */
bool sw_clsact_is_gone(int ifindex);

/*
 * Puts the program there, in one step with taking off what was there. *made: there was no qdisc.
 * 0 or -errno.
 */
int sw_clsact_put(int ifindex, int program_fd, int priority, bool *made);

void sw_clsact_drop(int ifindex, int priority);

/* Takes off the qdisc, unless somebody has a filter in it. */
void sw_clsact_destroy(int ifindex);

#endif
