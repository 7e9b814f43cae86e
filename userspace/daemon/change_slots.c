/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A budget that follows the database: its figures alone change, as often as the database says something
 * else, so nothing is planned anew for it.
 */
#include "daemon/change.h"
#include "daemon/room.h"
#include "policy/plan_conf.h"

void sw_change_slots(struct sw_daemon *daemon, uint32_t service, uint32_t slots)
{
	struct sw_plan_service *plan = sw_plan_own_service(daemon->plan, service);
	struct sw_config_service *config =
		plan ? sw_config_find_service(daemon->config, plan->name) : NULL;
	struct sw_service_conf *at = &daemon->maps->service_conf[service];
	struct sw_room *room = sw_room_of(daemon, service);
	struct sw_service_conf next;

	if (!config || config->budget.now == slots)
		return;
	config->budget.now = slots;
	next = sw_plan_service_conf(config);
	plan->conf.budget = at->budget = next.budget;
	plan->conf.shared_limit = at->shared_limit = next.shared_limit;
	plan->conf.half_open_max = at->half_open_max = next.half_open_max;
	plan->conf.half_open_per_source = at->half_open_per_source = next.half_open_per_source;
	if (room)
		sw_room_let_in(room);
}
