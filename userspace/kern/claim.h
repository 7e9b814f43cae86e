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

#endif
