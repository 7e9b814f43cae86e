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

/* In the chain of some class. */
static bool is_used(const struct sw_config_service *config, enum sw_lane lane)
{
	for (size_t i = 0; i < config->class_count; i++)
		if (has(sw_config_class_lanes(config, &config->classes[i]), lane))
			return true;
	return false;
}

/* A service whose connections all go to a pooler may have its database anywhere. */
static bool can_ask(const struct sw_config_service *config)
{
	return sw_config_goes_direct(config)
		       ? is_used(config, SW_LANE_DIRECT)
		       : strcmp(config->budget.conninfo, SW_CONFIG_CONNINFO_DEFAULT) != 0;
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
	ready->can_ask = can_ask(config);
	ready->may_wait = ready->can_ask && (is_used(config, SW_LANE_QUEUE) ||
					     has(&config->over_limit, SW_LANE_QUEUE));
	ready->ends_pause &= ready->can_ask;
	set_conninfo(ready, strcmp(config->budget.conninfo, SW_CONFIG_CONNINFO_DEFAULT)
				    ? config->budget.conninfo
				    : NULL);
	/* Nobody asks any more. */
	if (!ready->can_ask && (ready->was_down || ready->ping)) {
		evtimer_del(ready->again);
		ready->is_outdated = false;
		sw_ready_conclude(ready, SW_READY_SERVES);
	}
	/* And nobody is to wait for an answer who need not; who has to does. */
	if (!ready->may_wait && !ready->ends_pause)
		ready->told(ready->arg, true, ready->was_down);
	else if (ready->was_down)
		ready->told(ready->arg, false, true);
}
