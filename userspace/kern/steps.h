/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the daemon has the programs do that no packet starts: the sweep, reconciliation's steps, the
 * heartbeat. All by the kernel's clock. Used by the daemon and by the prog tests.
 */
#ifndef SW_KERN_STEPS_H
#define SW_KERN_STEPS_H

#include "kern/load.h"
#include "spillway/reconcile.h"

/* Frees slots of handshakes that took too long, and removes entries nobody needs. 0 or -errno. */
int sw_kern_sweep(struct sw_kern *kern, struct sw_sweep *result);

/* From now on the kernel sweeps by itself where there is no daemon, as long as the maps are there. 0 or -errno. */
int sw_kern_arm_sweep(struct sw_kern *kern);

/* One step of reconciliation; op->result says what came of it. 0; -EINVAL: not such a step; -errno. */
int sw_kern_reconcile(struct sw_kern *kern, struct sw_flow_op *op);

/* Adds to a counter of the service. 0 or -errno. */
int sw_kern_count(struct sw_kern *kern, uint32_t service, enum sw_counter counter, uint64_t by);

/* Tells the gate that the daemon lives. 0 or -errno. */
int sw_kern_beat(struct sw_kern *kern);

#endif
