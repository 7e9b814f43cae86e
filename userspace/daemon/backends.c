/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See backends.h.
 */
#include "daemon/backends.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kern/addresses.h"
#include "kern/read.h"

/* One look: what it goes by, and the strangers it finds. */
struct look {
	const struct sw_daemon *daemon;
	const struct sw_plan_service *service;
	const struct sw_facts *facts;
	struct sw_addresses local;
	struct sw_stranger *strangers;
	size_t count;
};

static bool has_slot(const struct look *look, const struct sw_backend *backend,
		     const struct sw_addr *server, __be16 port_be, struct sw_backend_place *place)
{
	struct sw_flow_key key = {.client_port_be = htons(backend->client_port),
				  .server_port_be = port_be};
	struct sw_flow flow;

	memcpy(key.client.bytes, backend->client.bytes, sizeof(key.client.bytes));
	memcpy(key.server.bytes, server->bytes, sizeof(key.server.bytes));
	if (sw_read_flow(look->daemon->maps, &key, &flow) || flow.service != look->service->id ||
	    flow.lane != SW_LANE_DIRECT ||
	    (flow.state != SW_FLOW_HALF_OPEN && flow.state != SW_FLOW_OPEN))
		return false;
	*place = (struct sw_backend_place){SW_BACKEND_GATE, true, flow.class_id};
	return true;
}

/* The database does not say which of its addresses a client used: it may be any that is guarded. */
static bool came_by_gate(const struct look *look, const struct sw_backend *backend,
			 struct sw_backend_place *place)
{
	const struct sw_plan *plan = look->daemon->plan;

	for (size_t i = 0; i < plan->listen_count; i++) {
		const struct sw_service_key *at = &plan->listens[i].key;
		struct sw_addr server;

		memcpy(server.bytes, at->address.bytes, sizeof(server.bytes));
		if (plan->listens[i].service != look->service->id)
			continue;
		if (!sw_addr_is_unspecified(&server)) {
			if (has_slot(look, backend, &server, at->port_be, place))
				return true;
			continue;
		}
		for (size_t l = 0; l < look->local.count; l++)
			if (sw_addr_is_ipv4(&look->local.list[l]) ==
				    sw_addr_is_ipv4(&backend->client) &&
			    has_slot(look, backend, &look->local.list[l], at->port_be, place))
				return true;
	}
	return false;
}

static bool was_there(const struct sw_backends *before, const struct sw_backend *backend)
{
	for (size_t i = 0; i < before->count; i++)
		if (before->strangers[i].pid == backend->pid &&
		    before->strangers[i].started_us == backend->started_us)
			return true;
	return false;
}

static struct sw_backend_place place_of(struct look *look, const struct sw_backends *before,
					const struct sw_backend *backend)
{
	struct sw_backend_place place = {SW_BACKEND_GATE, false, 0};

	if (backend->pid == look->facts->own_pid)
		place.origin = SW_BACKEND_MONITOR;
	else if (!backend->client_port)
		place.origin = SW_BACKEND_UNIX;
	else if (came_by_gate(look, backend, &place))
		return place;
	/* The database may see this host by another address than the host knows. */
	else if (sw_addresses_have(&look->local, &backend->client) ||
		 (!look->facts->is_unix && sw_addr_equal(&backend->client, &look->facts->own_addr)))
		place.origin = SW_BACKEND_LOCAL;
	else {
		look->strangers[look->count++] =
			(struct sw_stranger){backend->pid, backend->started_us};
		if (was_there(before, backend))
			place.origin = SW_BACKEND_ELSEWHERE;
	}
	return place;
}

int sw_backends_sort(struct sw_backends *backends, const struct sw_daemon *daemon,
		     const struct sw_plan_service *service, const struct sw_facts *facts,
		     struct sw_backend_place *places, struct sw_error *err)
{
	struct look look = {.daemon = daemon, .service = service, .facts = facts};
	int failed = sw_addresses_read(&look.local);

	if (failed)
		return sw_error_set(err, failed, "the addresses of this host: %s",
				    strerror(-failed));
	look.strangers = calloc(facts->count + 1, sizeof(*look.strangers));
	if (!look.strangers) {
		sw_addresses_free(&look.local);
		return sw_error_set(err, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < facts->count; i++)
		places[i] = place_of(&look, backends, &facts->backends[i]);
	sw_addresses_free(&look.local);
	sw_backends_free(backends);
	backends->strangers = look.strangers;
	backends->count = look.count;
	return 0;
}

void sw_backends_free(struct sw_backends *backends)
{
	free(backends->strangers);
	*backends = (struct sw_backends){0};
}
