/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See snapshot.h.
 */
#include "daemon/snapshot.h"

#include <stdio.h>

#include "core/addr.h"
#include "daemon/daemon.h"

/* {"10.0.0.0/8 on main": "deny"} */
static json_t *rules(const struct sw_daemon *daemon)
{
	json_t *all = json_object();

	for (size_t i = 0; all && i < daemon->rules.count; i++) {
		const struct sw_rule *rule = &daemon->rules.rules[i];
		char prefix[SW_PREFIX_TEXT], name[SW_PREFIX_TEXT + SW_CONFIG_NAME_MAX + 8];

		sw_prefix_format(&rule->prefix, prefix, sizeof(prefix));
		snprintf(name, sizeof(name), "%s on %s", prefix, rule->service);
		json_object_set_new(all, name,
				    json_sprintf("%s%s", rule->allow ? "allow" : "deny",
						 rule->expires_ns ? " for a time" : ""));
	}
	return all;
}

static json_t *paused(const struct sw_daemon *daemon)
{
	json_t *all = json_object();

	for (size_t i = 0; all && i < daemon->plan->service_count; i++) {
		const struct sw_plan_service *service = &daemon->plan->services[i];
		uint64_t hold = daemon->maps->service_state[service->id].hold;

		json_object_set_new(all, service->name, json_boolean(hold & SW_HOLD_PAUSED));
	}
	return all;
}

json_t *sw_snapshot_take(void *arg)
{
	const struct sw_daemon *daemon = arg;
	json_t *all = sw_config_to_json(daemon->config);

	if (all) {
		json_object_set_new(all, "rules", rules(daemon));
		json_object_set_new(all, "paused", paused(daemon));
	}
	return all;
}
