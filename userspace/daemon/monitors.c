/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which services have a monitor, and what the daemon sees of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "daemon/monitor_parts.h"

#define SETTLE_S 2

static void configure(struct sw_daemon *daemon, uint32_t id, const struct sw_config_service *config)
{
	struct sw_monitor **at = &daemon->monitors->monitors[id];
	bool is_wanted = config && (config->budget.mode != SW_BUDGET_FIXED ||
				    config->budget.evict_idle_after_ns);

	if (*at && (!is_wanted || strcmp((*at)->conninfo, config->budget.conninfo))) {
		sw_monitor_close(*at);
		*at = NULL;
	}
	if (is_wanted && !*at)
		*at = sw_monitor_open(daemon, id, config->budget.conninfo);
	else if (is_wanted)
		sw_monitor_set_budget(*at);
	if (is_wanted && !*at)
		sw_log_error("service %s: no memory to watch its database", config->name);
}

void sw_monitors_configure(struct sw_daemon *daemon)
{
	for (uint32_t id = 0; daemon->monitors && id < SW_SERVICES_MAX; id++) {
		const struct sw_plan_service *planned = sw_plan_service(daemon->plan, id);

		configure(daemon, id,
			  planned ? sw_config_find_service(daemon->config, planned->name) : NULL);
	}
}

int sw_monitors_start(struct sw_daemon *daemon, struct sw_error *err)
{
	daemon->monitors = calloc(1, sizeof(*daemon->monitors));
	if (!daemon->monitors)
		return sw_error_set(err, -ENOMEM, "out of memory");
	sw_monitors_configure(daemon);
	return 0;
}

void sw_monitors_stop(struct sw_daemon *daemon)
{
	for (size_t i = 0; daemon->monitors && i < SW_SERVICES_MAX; i++)
		sw_monitor_close(daemon->monitors->monitors[i]);
	free(daemon->monitors);
	daemon->monitors = NULL;
}

static bool is_unsettled(const struct sw_daemon *daemon)
{
	for (uint32_t id = 0; id < SW_SERVICES_MAX; id++) {
		const struct sw_monitor *monitor = daemon->monitors->monitors[id];

		/* One that is taken over has a budget. */
		if (monitor && !monitor->view.has_answered && !monitor->has_failed &&
		    !sw_plan_service(daemon->plan, id)->conf.budget)
			return true;
	}
	return false;
}

static void on_settled(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	*(bool *)arg = true;
}

void sw_monitors_settle(struct sw_daemon *daemon)
{
	const struct timeval in = {SETTLE_S, 0};
	bool is_over = false;
	struct event *end = evtimer_new(daemon->base, on_settled, &is_over);

	if (!end)
		return;
	evtimer_add(end, &in);
	/* A signal or a hand-over ends it, and what comes after it. */
	while (!is_over && is_unsettled(daemon) && !event_base_got_break(daemon->base) &&
	       !event_base_got_exit(daemon->base))
		if (event_base_loop(daemon->base, EVLOOP_ONCE))
			break;
	event_free(end);
}

bool sw_monitor_hurry(struct sw_daemon *daemon, uint32_t service)
{
	struct sw_monitor *monitor = daemon->monitors ? daemon->monitors->monitors[service] : NULL;

	if (monitor)
		sw_monitor_try(monitor);
	return monitor != NULL;
}

void sw_monitors_hurry(struct sw_daemon *daemon)
{
	for (uint32_t id = 0; id < SW_SERVICES_MAX; id++)
		sw_monitor_hurry(daemon, id);
}

const struct sw_monitor_view *sw_monitor_view(const struct sw_daemon *daemon, uint32_t service)
{
	const struct sw_monitor *monitor =
		daemon->monitors ? daemon->monitors->monitors[service] : NULL;

	return monitor ? &monitor->view : NULL;
}
