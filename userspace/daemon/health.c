/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether the gate is where it should be, and its daemon alive: the health page.
 */
#include "daemon/health.h"

#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "daemon/daemon.h"
#include "policy/explain.h"

static const struct sw_attachment *find_attachment(const struct sw_daemon *daemon, const char *name)
{
	for (size_t i = 0; i < daemon->attachment_count; i++) {
		if (strcmp(daemon->attachments[i].name, name) == 0)
			return &daemon->attachments[i];
	}
	return NULL;
}

bool sw_health_check(void *arg, char *why, size_t cap)
{
	const struct sw_daemon *daemon = arg;
	const struct sw_config *config = daemon->config;

	if (daemon->attachment_count == 0) {
		snprintf(why, cap, "attached to no interface");
		return false;
	}
	for (size_t i = 0; i < config->interface_count; i++) {
		if (!find_attachment(daemon, config->interfaces[i].name)) {
			snprintf(why, cap, "%s: not attached", config->interfaces[i].name);
			return false;
		}
	}
	for (size_t i = 0; i < daemon->attachment_count; i++) {
		if (!sw_attachment_holds(&daemon->attachments[i])) {
			snprintf(why, cap, "%s: the gate was taken off",
				 daemon->attachments[i].name);
			return false;
		}
	}
	if (!sw_explain_is_fresh(daemon->maps->control, sw_clock_monotonic_ns())) {
		snprintf(why, cap, "the heartbeat is late: new connections follow on_daemon_loss");
		return false;
	}
	return true;
}
