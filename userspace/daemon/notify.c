/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The messages of notify.h. A manager that cannot be told is its own trouble: the daemon does its work all the same.
 */
#include "daemon/notify.h"

#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "core/clock.h"

#define NS_PER_US 1000

/* "guards 2 services on 1 interface"; remembers that it was said. */
static void tell_guarded(struct sw_daemon *daemon, const char *with, const char *before)
{
	size_t services = daemon->plan ? daemon->plan->service_count : 0;
	size_t interfaces = daemon->attachment_count;

	daemon->told_services = services;
	daemon->told_interfaces = interfaces;
	sd_notifyf(0, "%sSTATUS=%sguards %zu %s on %zu %s", with, before, services,
		   services == 1 ? "service" : "services", interfaces,
		   interfaces == 1 ? "interface" : "interfaces");
}

void sw_notify_ready(struct sw_daemon *daemon)
{
	tell_guarded(daemon, "READY=1\n", "");
}

void sw_notify_reloading(void)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
		   (unsigned long long)(sw_clock_monotonic_ns() / NS_PER_US));
}

void sw_notify_reloaded(struct sw_daemon *daemon, const char *failed)
{
	char before[256] = "";

	if (failed)
		snprintf(before, sizeof(before), "the last reload failed: %.180s; ", failed);
	/* A message has a line for each variable. */
	for (char *c = before; *c; c++)
		if (*c == '\n')
			*c = ' ';
	tell_guarded(daemon, "READY=1\n", before);
}

void sw_notify_stopping(const char *why)
{
	sd_notifyf(0, "STOPPING=1\nSTATUS=%s", why);
}

void sw_notify_alive(struct sw_daemon *daemon)
{
	if (daemon->told_services != daemon->plan->service_count ||
	    daemon->told_interfaces != daemon->attachment_count)
		tell_guarded(daemon, "WATCHDOG=1\n", "");
	else
		sd_notify(0, "WATCHDOG=1");
}
