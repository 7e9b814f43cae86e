/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which lane a connection without flow is in: the pooler's if the process that has it also has the
 * pooler's listener. Found out only when somebody asks. Used by daemon/reconcile.c.
 */
#ifndef SW_DAEMON_RECONCILE_LANES_H
#define SW_DAEMON_RECONCILE_LANES_H

#include "daemon/daemon.h"
#include "kern/owners.h"
#include "kern/sockets.h"

struct sw_reconcile_lanes {
	struct sw_owners poolers[SW_SERVICES_MAX];
	bool known[SW_SERVICES_MAX];
};

enum sw_lane sw_reconcile_lanes_of(struct sw_reconcile_lanes *lanes, const struct sw_plan *plan,
				   uint32_t service_id, const struct sw_socket *socket);
void sw_reconcile_lanes_free(struct sw_reconcile_lanes *lanes);

#endif
