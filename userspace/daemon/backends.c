/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See backends.h.
 */
#include "daemon/backends.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "daemon/monitor.h"
#include "daemon/read_service.h"
#include "kern/addresses.h"
#include "kern/listeners.h"
#include "kern/outgoing.h"
#include "kern/read.h"

/* One look: what it goes by, and those it finds that the next one wants to know of. */
struct look {
	const struct sw_daemon *daemon;
	const struct sw_plan_service *service;
	const struct sw_facts *facts;
	const struct sw_backends *before;
	struct sw_addresses local;
	struct sw_outgoing pool; /* connections of the pool at direct.address */
	bool has_read_pool, is_pool_known;
	struct sw_backend_seen *seen;
	size_t count;
	uint64_t
		ended; /* flows since the database was asked, each of which may have been one of these */
};

static bool is_sharer(const struct look *look, uint32_t service)
{
	return service == look->service->id ||
	       sw_monitor_shares(look->daemon, look->service->id, service);
}

static bool has_slot(const struct look *look, const struct sw_backend *backend,
		     const struct sw_addr *server, __be16 port_be, struct sw_backend_place *place)
{
	struct sw_flow_key key = {.client_port_be = htons(backend->client_port),
				  .server_port_be = port_be};
	struct sw_flow flow;

	memcpy(key.client.bytes, backend->client.bytes, sizeof(key.client.bytes));
	memcpy(key.server.bytes, server->bytes, sizeof(key.server.bytes));
	if (sw_read_flow(look->daemon->maps, &key, &flow) || flow.lane != SW_LANE_DIRECT ||
	    (flow.state != SW_FLOW_HALF_OPEN && flow.state != SW_FLOW_OPEN))
		return false;
	place->has_flow = flow.service == look->service->id;
	place->is_neighbours = !place->has_flow && is_sharer(look, flow.service);
	place->class_id = flow.class_id;
	return place->has_flow || place->is_neighbours;
}

/* The database does not say which of its addresses a client used: it may be any that is guarded. */
static void came_by_gate(const struct look *look, const struct sw_backend *backend,
			 struct sw_backend_place *place)
{
	const struct sw_plan *plan = look->daemon->plan;

	for (size_t i = 0; i < plan->listen_count; i++) {
		const struct sw_service_key *at = &plan->listens[i].key;
		struct sw_addr server;

		memcpy(server.bytes, at->address.bytes, sizeof(server.bytes));
		if (!is_sharer(look, plan->listens[i].service))
			continue;
		if (!sw_addr_is_unspecified(&server)) {
			if (has_slot(look, backend, &server, at->port_be, place))
				return;
			continue;
		}
		for (size_t l = 0; l < look->local.count; l++)
			if (sw_addr_is_ipv4(&look->local.list[l]) ==
				    sw_addr_is_ipv4(&backend->client) &&
			    has_slot(look, backend, &look->local.list[l], at->port_be, place))
				return;
	}
}

static const struct sw_backend_seen *seen_before(const struct look *look,
						 const struct sw_backend *backend)
{
	for (size_t i = 0; i < look->before->count; i++) {
		const struct sw_backend_seen *seen = &look->before->seen[i];

		if (seen->pid == backend->pid && seen->started_us == backend->started_us)
			return seen;
	}
	return NULL;
}

/* A walk through /proc, so only when somebody new has come. */
static void read_pool(struct look *look)
{
	const struct sw_config_service *config =
		sw_config_find_service(look->daemon->config, look->service->name);
	SW_LISTENERS_FREE struct sw_listeners listeners = {0};
	struct sw_inodes pool = {0}, other = {0};
	int failed;

	look->has_read_pool = true;
	if (!config)
		return;
	failed = sw_listeners_read(&listeners);
	if (!failed) {
		sw_listeners_inodes(&listeners, &config->direct.address, &pool);
		sw_listeners_inodes(&listeners, &config->pooler.address, &other);
		if (pool.count)
			failed = sw_outgoing_read(&pool, &other, &look->pool);
	}
	look->is_pool_known = !failed;
	if (failed && !look->before->is_told)
		sw_log_warn("service %s: which connections to the database are the pool's: %s; "
			    "trying on, they lower the budget until then",
			    config->name, strerror(-failed));
}

/* A database behind a translation of addresses sees the host by another address, with the port as it was. */
static bool is_of_pool(struct look *look, const struct sw_backend *backend)
{
	if (!look->has_read_pool)
		read_pool(look);
	for (size_t i = 0; i < look->pool.count; i++)
		if (look->pool.list[i].port == backend->client_port &&
		    (sw_addr_equal(&look->pool.list[i].addr, &backend->client) ||
		     sw_addr_equal(&look->facts->own_addr, &backend->client)))
			return true;
	return false;
}

static bool is_local(const struct look *look, const struct sw_backend *backend)
{
	return sw_addresses_have(&look->local, &backend->client) ||
	       (!look->facts->is_unix && sw_addr_equal(&backend->client, &look->facts->own_addr));
}

/* What cannot be told now is nothing to remember: the next look asks again. */
static enum sw_backend_origin origin_of_local(struct look *look, const struct sw_backend *backend)
{
	enum sw_backend_origin origin = SW_BACKEND_LOCAL;

	if (!look->service->conf.direct.port_be)
		return origin;
	if (is_of_pool(look, backend))
		origin = SW_BACKEND_GATE;
	if (!look->is_pool_known)
		look->count--;
	return origin;
}

/* By TCP, and without a flow. */
static enum sw_backend_origin origin_by_tcp(struct look *look, const struct sw_backend *backend)
{
	const struct sw_backend_seen *before = seen_before(look, backend);
	struct sw_backend_seen *seen = &look->seen[look->count++];
	bool local = is_local(look, backend);

	*seen = (struct sw_backend_seen){backend->pid, backend->started_us, SW_BACKEND_ELSEWHERE};
	if (!local && !before && look->ended) {
		look->ended--;
		seen->origin = SW_BACKEND_GATE;
	} else if (local) {
		seen->origin = before && before->origin != SW_BACKEND_ELSEWHERE
				       ? before->origin
				       : origin_of_local(look, backend);
	}
	return seen->origin;
}

/* A start or an attach counts who is inside already: their flow comes after them. */
static uint32_t count_adopted(const struct look *look, const struct sw_backend_place *places)
{
	uint32_t count = 0;

	for (size_t i = 0; look->before->count && i < look->facts->count; i++) {
		const struct sw_backend *backend = &look->facts->backends[i];
		const struct sw_backend_seen *before = NULL;

		if (!backend->is_walsender && (places[i].has_flow || places[i].is_neighbours))
			before = seen_before(look, backend);
		count += before && before->origin != SW_BACKEND_GATE;
	}
	return count;
}

static enum sw_backend_origin origin_of(struct look *look, const struct sw_backend *backend)
{
	if (backend->pid == look->facts->own_pid || backend->is_own)
		return SW_BACKEND_MONITOR;
	return backend->client_port ? origin_by_tcp(look, backend) : SW_BACKEND_UNIX;
}

static struct sw_backend_place flow_of(const struct look *look, const struct sw_backend *backend)
{
	struct sw_backend_place place = {.origin = SW_BACKEND_GATE};

	if (backend->client_port && backend->pid != look->facts->own_pid)
		came_by_gate(look, backend, &place);
	return place;
}

/* Of all services at the database. One that is known for its only now makes the sum larger: none is a stranger then. */
static uint64_t ended_so_far(const struct sw_daemon *daemon, uint32_t service)
{
	uint64_t sum = 0;

	for (uint32_t id = 0; id < SW_SERVICES_MAX; id++)
		if (id == service || sw_monitor_shares(daemon, service, id))
			sum += sw_read_service_ended(daemon->maps, id);
	return sum;
}

void sw_backends_expect(struct sw_backends *backends, const struct sw_daemon *daemon,
			uint32_t service)
{
	backends->ended = ended_so_far(daemon, service);
}

int sw_backends_sort(struct sw_backends *backends, const struct sw_daemon *daemon,
		     const struct sw_plan_service *service, const struct sw_facts *facts,
		     struct sw_backend_place *places, struct sw_error *err)
{
	struct look look = {
		.daemon = daemon, .service = service, .facts = facts, .before = backends};
	int failed = sw_addresses_read(&look.local);
	struct sw_backends next;

	if (failed)
		return sw_error_set(err, failed, "the addresses of this host: %s",
				    strerror(-failed));
	look.seen = calloc(facts->count + 1, sizeof(*look.seen));
	/* Flows are looked up first: who ends meanwhile is among those that ended. */
	for (size_t i = 0; look.seen && i < facts->count; i++)
		places[i] = flow_of(&look, &facts->backends[i]);
	look.ended = ended_so_far(daemon, service->id);
	/* A service that a reload took away has taken its own along. */
	look.ended -= look.ended < backends->ended ? look.ended : backends->ended;
	for (size_t i = 0; look.seen && i < facts->count; i++)
		if (!places[i].has_flow && !places[i].is_neighbours)
			places[i].origin = origin_of(&look, &facts->backends[i]);
	sw_addresses_free(&look.local);
	sw_outgoing_free(&look.pool);
	if (!look.seen)
		return sw_error_set(err, -ENOMEM, "out of memory");
	next = (struct sw_backends){
		.seen = look.seen,
		.count = look.count,
		.is_told = look.has_read_pool ? !look.is_pool_known : backends->is_told,
		.adopted = count_adopted(&look, places),
	};
	sw_backends_free(backends);
	*backends = next;
	return 0;
}

void sw_backends_free(struct sw_backends *backends)
{
	free(backends->seen);
	*backends = (struct sw_backends){0};
}
