/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Services whose monitors are answered by one and the same database: its room is given out once.
 */
#include <string.h>

#include "daemon/monitor_parts.h"
#include "daemon/read_service.h"
#include "policy/share.h"

bool sw_monitor_shares(const struct sw_daemon *daemon, uint32_t service, uint32_t other)
{
	const struct sw_monitor *one =
		daemon->monitors ? daemon->monitors->monitors[service] : NULL;
	const struct sw_monitor *two = daemon->monitors ? daemon->monitors->monitors[other] : NULL;

	if (!one || !two || one == two)
		return false;
	/*
	 * What the maps have from a daemon before this one counts until both know better, and what was in force
	 * before a restart of the database until both have heard from it again.
	 */
	if (!one->view.is_up || !two->view.is_up)
		return !strcmp(one->conninfo, two->conninfo);
	return one->view.server_started_us == two->view.server_started_us;
}

static struct sw_sharer sharer_of(const struct sw_daemon *daemon, uint32_t service)
{
	const struct sw_plan_service *planned = sw_plan_service(daemon->plan, service);
	const struct sw_config_service *config =
		planned ? sw_config_find_service(daemon->config, planned->name) : NULL;

	return (struct sw_sharer){
		.used = sw_read_service_direct(daemon->maps, service),
		.budget = daemon->maps->service_conf[service].budget,
		.bound = config ? config->budget.direct : 0,
		.is_fixed = !config || config->budget.mode == SW_BUDGET_FIXED,
	};
}

uint32_t sw_monitor_neighbours(const struct sw_monitor *monitor)
{
	struct sw_budget_terms alone = monitor->view.terms;
	struct sw_sharer sharers[SW_SERVICES_MAX];
	size_t count = 0, me = 0;
	uint32_t room;

	for (uint32_t id = 0; id < SW_SERVICES_MAX; id++) {
		if (id == monitor->service)
			me = count;
		else if (!sw_monitor_shares(monitor->daemon, monitor->service, id))
			continue;
		sharers[count++] = sharer_of(monitor->daemon, id);
	}
	if (count < 2)
		return 0;
	alone.neighbours = alone.bound = 0;
	room = sw_budget_auto(&alone);
	return room - sw_share_of(room, sharers, count, me);
}
