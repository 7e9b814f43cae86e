/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lanes of connections that were there before their flows. One that nobody has accepted yet is taken
 * for direct, which is the safe side for the database; a later pass puts it right.
 */
#include "daemon/reconcile_lanes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "core/log.h"
#include "kern/listeners.h"

#define LISTENERS_MAX 64

static void find_owners(const struct sw_plan_service *service, struct sw_owners *out)
{
	SW_LISTENERS_FREE struct sw_listeners listeners = {0};
	uint16_t port = ntohs(service->conf.pooler.port_be);
	uint32_t inodes[LISTENERS_MAX];
	size_t count = 0;
	static bool told;

	if (sw_listeners_read(&listeners))
		return;
	for (size_t i = 0; i < listeners.count && count < LISTENERS_MAX; i++)
		if (listeners.list[i].port == port)
			inodes[count++] = listeners.list[i].inode;
	if (count && sw_owners_read(inodes, count, out) == -EACCES && !out->count && !told) {
		sw_log_warn("not permitted to see whose sockets are whose (CAP_SYS_PTRACE): "
			    "connections from before count as direct");
		told = true;
	}
}

enum sw_lane sw_reconcile_lanes_of(struct sw_reconcile_lanes *lanes, const struct sw_plan *plan,
				   uint32_t service_id, const struct sw_socket *socket)
{
	const struct sw_plan_service *service = sw_plan_service(plan, service_id);

	if (!service || !service->conf.pooler.port_be || !socket->inode)
		return SW_LANE_DIRECT;
	if (!lanes->known[service_id])
		find_owners(service, &lanes->poolers[service_id]);
	lanes->known[service_id] = true;
	return sw_owners_have(&lanes->poolers[service_id], socket->inode) ? SW_LANE_POOLER
									  : SW_LANE_DIRECT;
}

void sw_reconcile_lanes_free(struct sw_reconcile_lanes *lanes)
{
	for (size_t i = 0; i < SW_SERVICES_MAX; i++)
		sw_owners_free(&lanes->poolers[i]);
}
