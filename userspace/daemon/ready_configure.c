/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether and how a service's database is asked, as the configuration has it.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/ready_parts.h"

static bool has(const struct sw_config_lanes *lanes, enum sw_lane lane)
{
	for (size_t i = 0; i < lanes->count; i++)
		if (lanes->lane[i] == lane)
			return true;
	return false;
}

/* A service whose connections all go to a pooler may have its database anywhere. */
static bool may_wait(const struct sw_config_service *config)
{
	bool queues = has(&config->over_limit, SW_LANE_QUEUE);
	bool is_here = false;

	for (size_t i = 0; i < config->class_count; i++) {
		const struct sw_config_lanes *lanes =
			sw_config_class_lanes(config, &config->classes[i]);

		queues |= has(lanes, SW_LANE_QUEUE);
		is_here |= has(lanes, SW_LANE_DIRECT);
	}
	return queues && (sw_config_goes_direct(config) ? is_here
							: strcmp(config->budget.conninfo,
								 SW_CONFIG_CONNINFO_DEFAULT) != 0);
}

static void set_conninfo(struct sw_ready *ready, const char *conninfo)
{
	if (conninfo && ready->conninfo && !strcmp(conninfo, ready->conninfo))
		return;
	free(ready->conninfo);
	ready->conninfo = conninfo ? strdup(conninfo) : NULL;
	ready->answers = false;
	ready->astray_ns = 0;
}

void sw_ready_configure(struct sw_ready *ready, const struct sw_config_service *config)
{
	ready->is_postgres = config->protocol == SW_PROTOCOL_POSTGRES;
	ready->is_here = sw_config_goes_direct(config);
	ready->is_counted = config->budget.mode != SW_BUDGET_FIXED;
	ready->may_wait = may_wait(config);
	set_conninfo(ready, strcmp(config->budget.conninfo, SW_CONFIG_CONNINFO_DEFAULT)
				    ? config->budget.conninfo
				    : NULL);
	/* Nobody asks any more: nobody is to wait for the answer. */
	if (!ready->may_wait && (ready->was_down || ready->ping)) {
		evtimer_del(ready->again);
		sw_ready_conclude(ready, true);
	}
}
