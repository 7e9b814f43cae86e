/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the daemon asks of the program reconcile_flow.
 */
#ifndef SPILLWAY_RECONCILE_H
#define SPILLWAY_RECONCILE_H

#include "spillway/maps.h"

/*
 * One step of reconciliation, run by the program reconcile_flow. The daemon knows the sockets, the
 * program owns the changes.
 *
 * ADOPT:   a socket is there: see that its flow is OPEN (or HALF_OPEN) and holds what its lane costs.
 * SUSPECT: mark an OPEN flow, if it still is as it was seen.
 * RELEASE: end a flow that is still SUSPECT and was not touched since; its slot is free then.
 */
enum sw_flow_op_kind {
	SW_FLOW_OP_ADOPT = 1,
	SW_FLOW_OP_SUSPECT,
	SW_FLOW_OP_RELEASE,
};

enum sw_flow_op_result {
	SW_FLOW_OP_KEPT = 0,  /* nothing was to be done, or it is no longer what was seen */
	SW_FLOW_OP_DONE,      /* made, marked, ended */
	SW_FLOW_OP_CONFIRMED, /* ADOPT: a half-open or expired flow became OPEN */
	SW_FLOW_OP_NO_ROOM,   /* ADOPT: the table of flows is full */
	/* ADOPT: a flow is now in its listener's lane, or counts under the service of its address; no drift */
	SW_FLOW_OP_MOVED,
};

struct sw_flow_op {
	struct sw_flow_key key;
	__u32 kind;   /* enum sw_flow_op_kind */
	__u32 result; /* enum sw_flow_op_result */
	/* SUSPECT, RELEASE: the word that was seen, without or with SW_FLOW_SUSPECT. ADOPT: where it made, confirmed
	 * or moved a flow, that one's. */
	__u64 seen_word;
	/* ADOPT */
	__u16 class_id;
	__u8 service;
	__u8 source_bits;
	__u8 lane;  /* enum sw_lane: DIRECT or POOLER */
	__u8 state; /* enum sw_flow_state: OPEN or HALF_OPEN */
	/* ADOPT, RELEASE: what it does is to be counted as drift. */
	__u8 is_drift;
	__u8 pad;
};

#endif
