/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One pass of reconciliation, shared by its two halves: reconcile.c and reconcile_adopt.c.
 */
#ifndef SW_DAEMON_RECONCILE_PARTS_H
#define SW_DAEMON_RECONCILE_PARTS_H

#include "daemon/reconcile.h"
#include "daemon/reconcile_lanes.h"
#include "kern/diag.h"
#include "kern/sockets.h"
#include "kern/stacked.h"

struct sw_pass {
	struct sw_daemon *daemon;
	const struct sw_plan *plan;
	struct sw_sockets sockets;
	struct sw_flow_list stale;
	struct sw_flow_list closed;   /* their sockets are, on this side */
	struct sw_flow_list *adopted; /* NULL: who is adopted stays so */
	struct mnl_socket *diag;
	struct sw_reconcile_lanes lanes;
	bool is_drift;	 /* that a socket has no flow */
	bool gives_back; /* what it releases has a socket all the same */
	uint64_t now_ns; /* the kernel's, from before the listing */
	uint64_t beaten_ns;
	struct sw_in6 routed; /* whom it was found out of last, on a socket bound so */
	int routed_interface;
	bool routed_by_gate;
	struct sw_stacked stacked; /* read when it is needed */
	struct sw_reconcile result;
};

/*
 * Tens of thousands of connections take longer than the heartbeat may be silent, and the gate would do
 * what on_daemon_loss says. To be called for each; it looks at the clock and rarely does more.
 */
void sw_pass_show_life(void *pass);

/* What single sockets are asked for by; end with sw_diag_close(). 0 or -errno */
int sw_pass_open_diag(struct sw_pass *pass);

/* -ENOMEM */
int sw_pass_note(struct sw_flow_list *list, const struct sw_flow_key *key,
		 const struct sw_flow *flow);

/*
 * Marked, looked for, and only then released: a SYN that comes meanwhile takes the mark off. word: of
 * the flow, as it was seen.
 */
int sw_pass_release(struct sw_pass *pass, const struct sw_flow_key *key, uint64_t word,
		    uint8_t service, bool is_drift);

/*
 * reconcile_closed.c: whoever is to be served by the slot of a connection whose process has closed it need not
 * wait until the kernel gives up on its client. That the client may still read what was sent is not changed.
 */
int sw_pass_release_closed(struct sw_pass *pass);

/* Every socket that was listed and whose flow, as noted beside it, does not do. */
int sw_pass_adopt_all(struct sw_pass *pass);

#endif
