/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The gate in XDP and the gate in TC: each is loaded when an interface is to have it. The verifier takes as long for
 * one of them as for all other programs, and most hosts need but one.
 */
#ifndef SW_KERN_GATES_H
#define SW_KERN_GATES_H

#include "spillway.skel.h"

enum sw_gate {
	SW_GATE_XDP,
	SW_GATE_TC,
	SW_GATES,
};

/* Keeps both out of what is about to be loaded. */
void sw_gates_leave_out(const struct spillway_bpf *skel);

/*
 * Loads the one gate for the maps of `loaded`, global variables too, in whose place the kernel has it then:
 * 0 with *out, to be destroyed by the caller; -errno as the kernel says.
 */
int sw_gates_load(const struct spillway_bpf *loaded, enum sw_gate which, struct spillway_bpf **out);

/* What sw_gates_load() loaded. */
int sw_gates_fd(const struct spillway_bpf *gate, enum sw_gate which);

#endif
