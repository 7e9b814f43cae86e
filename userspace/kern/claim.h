/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One living daemon to an interface. Used by kern/attach.c.
 */
#ifndef SW_KERN_CLAIM_H
#define SW_KERN_CLAIM_H

/*
 * Claims the interface within this network namespace for as long as the descriptor is open; it ends
 * with the process, however that ends. The descriptor, or -EADDRINUSE: another process has it.
 */
int sw_claim_interface(int ifindex);

struct sw_claim_holder {
	int pid; /* 0: not visible from here */
	unsigned int uid;
};

/*
 * Who has the interface's claim. Any user of the host could take it, and so keep daemons from guarding; the
 * kernel says whom to ask. 0; -ENOENT: nobody; others: the kernel does not tell.
 */
int sw_claim_find_holder(int ifindex, struct sw_claim_holder *out);

#endif
