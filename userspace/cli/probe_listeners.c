/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The doctor's questions to listeners: whether there is one, and whether its backlog bears what may come at once.
 */
#include <string.h>

#include "cli/probe.h"
#include "kern/listeners.h"

struct role {
	const char *check;
	const char *who;
	uint32_t most; /* connections that it may have */
	const char *remedy;
};

static void probe_backlog(struct sw_probe *probe, const char *service, const struct role *role,
			  const char *at, const struct sw_listener *listener)
{
	uint32_t burst = role->most < SW_PROBE_BURST_MAX ? role->most : SW_PROBE_BURST_MAX;

	if (listener->backlog < burst)
		sw_probe_say(probe, role->check, SW_PROBE_WARN,
			     "%s: %s at %s keeps %u connections that it has not accepted yet, and "
			     "%u may come: in a burst clients wait for a retransmit; %s",
			     service, role->who, at, listener->backlog, burst, role->remedy);
	else
		sw_probe_say(probe, role->check, SW_PROBE_OK, "%s: %s at %s, backlog %u", service,
			     role->who, at, listener->backlog);
}

static void probe_one(struct sw_probe *probe, const struct sw_listeners *listeners,
		      const char *service, const struct role *role, const struct sw_endpoint *at)
{
	struct sw_addr any = {0};
	const struct sw_listener *listener =
		sw_listeners_find(listeners, at->any ? &any : &at->addr, at->port);
	char text[SW_ENDPOINT_TEXT] = "";

	sw_endpoint_format(at, text, sizeof(text));
	if (listener)
		probe_backlog(probe, service, role, text, listener);
	else
		sw_probe_say(probe, role->check, SW_PROBE_FAIL,
			     "%s: nobody listens at %s, where %s should be: start it, or name "
			     "another address",
			     service, text, role->who);
}

static void probe_service(struct sw_probe *probe, const struct sw_listeners *listeners,
			  const struct sw_config_service *service)
{
	const struct role database = {
		"listener", "the database",
		service->budget.direct ? service->budget.direct : service->budget.min_direct,
		"raise net.core.somaxconn or max_connections, of which PostgreSQL takes the smaller, "
		"the latter twice, and start it again"};
	const struct role pooler = {"pooler", "the pooler", service->pooler.max_connections,
				    "raise its listen_backlog and net.core.somaxconn"};

	if (!sw_config_goes_direct(service))
		;
	else if (service->direct.address.port)
		probe_one(probe, listeners, service->name, &database, &service->direct.address);
	else
		for (size_t i = 0; i < service->listen_count; i++)
			probe_one(probe, listeners, service->name, &database,
				  &service->listen[i].endpoint);
	if (service->pooler.address.port)
		probe_one(probe, listeners, service->name, &pooler, &service->pooler.address);
}

void sw_probe_listeners(struct sw_probe *probe, const struct sw_config *config)
{
	SW_LISTENERS_FREE struct sw_listeners listeners = {0};
	int failed = sw_listeners_read(&listeners);

	if (failed) {
		sw_probe_say(probe, "listener", SW_PROBE_WARN,
			     "the kernel does not say who listens: %s (modprobe tcp_diag)",
			     strerror(-failed));
		return;
	}
	for (size_t i = 0; i < config->service_count; i++)
		probe_service(probe, &listeners, &config->services[i]);
}
