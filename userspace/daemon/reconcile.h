/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reconciliation: flows against the kernel's own sockets, at attach, every ten seconds and on demand.
 */
#ifndef SW_DAEMON_RECONCILE_H
#define SW_DAEMON_RECONCILE_H

#include "daemon/daemon.h"

/* Flows as they were seen. */
struct sw_seen_flow {
	struct sw_flow_key key;
	struct sw_flow flow;
};

struct sw_flow_list {
	struct sw_seen_flow *list;
	size_t count, room;
};

struct sw_reconcile {
	size_t sockets; /* to guarded ports */
	size_t flows;
	size_t adopted;	  /* sockets without a flow, which have one now */
	size_t confirmed; /* whose handshake was complete unknown to their flows */
	size_t released;  /* flows without a socket, whose slots are free now */
	size_t closed;	  /* flows whose socket is closed on this side, likewise; no difference */
	size_t no_room;	  /* sockets that stay without a flow: a table is full */
	uint64_t took_ns;
};

/* What is found is drift. On failure the next pass goes on; what is mended by then stays so. */
int sw_reconcile(struct sw_daemon *daemon, struct sw_reconcile *out, struct sw_error *err);

/*
 * Before guarding more than so far, an interface that is claimed or what is new in a plan whose values are in
 * the maps: connections that came by there take their slots. That is no drift. On failure nothing more is
 * to be guarded: the budget would be given out again. Those that took slots are added to `adopted`, on
 * failure too; NULL: they keep them. `has_stood`: nothing more is guarded, the gate of a daemon before this one
 * stood wherever ours is to, and counted in these maps; then who has no flow is drift, and keeps the slot.
 */
int sw_reconcile_new(struct sw_daemon *daemon, const struct sw_plan *plan, bool has_stood,
		     struct sw_flow_list *adopted, struct sw_error *err);

/*
 * The same right after, for those who came meanwhile. A failure is logged: the timer finds them as well. 0 or
 * -errno
 */
int sw_reconcile_late(struct sw_daemon *daemon, const struct sw_plan *plan, bool has_stood,
		      struct sw_flow_list *adopted);

/*
 * After a change that failed, once nothing more is guarded than before it: those who were adopted for it have
 * no slots again. The list is empty then.
 */
void sw_reconcile_give_back(struct sw_daemon *daemon, struct sw_flow_list *adopted);

/*
 * At once, for a service for whose slots somebody waits: connections whose process has closed them and whose
 * client does not answer give theirs back. A failure is logged.
 */
void sw_reconcile_closed(struct sw_daemon *daemon, uint32_t service);

void sw_flow_list_free(struct sw_flow_list *list);

/*
 * At once, if anything may have happened to sockets that no program was told of (kern/links.h): what is lost so is
 * held until the next look only, each second. A failure is logged.
 */
void sw_reconcile_untold(struct sw_daemon *daemon);

/* The timer, daemon/reconcile_timer.c. 0 or -ENOMEM */
int sw_reconcile_start(struct sw_daemon *daemon);
void sw_reconcile_stop(struct sw_daemon *daemon);

#endif
