/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is the matter with a monitor's database: in `status` while it is, and in the log once.
 */
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "daemon/monitor_parts.h"

static const struct sw_plan_service *planned(const struct sw_monitor *monitor)
{
	return sw_plan_service(monitor->daemon->plan, monitor->service);
}

static void set_error(struct sw_monitor *monitor, char *why)
{
	free(monitor->why);
	monitor->why = why;
	monitor->view.error = why ? why : "";
}

void sw_monitor_tell_failure(struct sw_monitor *monitor, const char *why)
{
	set_error(monitor, strdup(why));
	if (sw_once(&monitor->told, why))
		sw_log_error("service %s: the database cannot be asked, its budget stays at %u: %s",
			     planned(monitor)->name, planned(monitor)->conf.budget, why);
}

void sw_monitor_tell_answer(struct sw_monitor *monitor)
{
	set_error(monitor, NULL);
	if (sw_once_forget(&monitor->told))
		sw_log_info("service %s: the database answers again", planned(monitor)->name);
}

void sw_monitor_tell_free(struct sw_monitor *monitor)
{
	set_error(monitor, NULL);
	sw_once_forget(&monitor->told);
}
