/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links that hold the gate on an interface in XDP. Used by kern/attach.c.
 */
#ifndef SW_KERN_XDP_LINK_H
#define SW_KERN_XDP_LINK_H

#include "kern/attach.h"

/* The pinned link if it holds the interface; -1: none. */
int sw_xdp_link_open(struct sw_kern *kern, int ifindex);

bool sw_xdp_link_is_on(int link_fd, int ifindex);

/* In attachment->mode; sets attachment->link_fd and pins it. 0 or -errno with err filled. */
int sw_xdp_link_create(struct sw_kern *kern, struct sw_attachment *attachment,
		       struct sw_error *err);

/* Says in err why XDP cannot be there: somebody else's program, or what the kernel answered. */
int sw_xdp_link_failed(const struct sw_attachment *attachment, int failed, struct sw_error *err);

/* Takes it off, with its pin; *link_fd is -1 then. -1 is fine. */
void sw_xdp_link_drop(struct sw_kern *kern, int ifindex, int *link_fd);

#endif
