/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A service's figures out of maps, plan and the kernel's socket tables.
 */
#include "daemon/read_service.h"

#include <arpa/inet.h>
#include <string.h>

#include "daemon/monitor.h"
#include "daemon/room.h"
#include "kern/read.h"
#include "spillway/slots.h"

/* A class that was removed keeps its id's configuration until another takes the id: no total falls. */
void sw_read_service_totals(const struct sw_maps *maps, const struct sw_plan_service *service,
			    struct sw_read_totals *out)
{
	uint64_t cells[SW_VERDICT_CELLS];

	memset(out, 0, sizeof(*out));
	for (uint32_t id = 0; id < SW_CLASSES_MAX; id++) {
		if (maps->class_conf[id].service != service->id)
			continue;
		sw_read_verdicts(maps, id, cells);
		for (uint32_t cell = 0; cell < SW_VERDICT_CELLS; cell++) {
			out->lane[cell / SW_REASON_COUNT] += cells[cell];
			out->syn += cells[cell];
		}
	}
}

uint32_t sw_read_service_reserved(const struct sw_plan *plan, const struct sw_plan_service *service)
{
	uint32_t reserved = 0;

	for (size_t i = 0; i < plan->class_count; i++) {
		if (plan->classes[i].service == service->id)
			reserved += plan->classes[i].conf.reserved;
	}
	return reserved;
}

uint32_t sw_read_service_direct(const struct sw_maps *maps, uint32_t service)
{
	return sw_slots_total(
		__atomic_load_n(&maps->service_state[service].direct, __ATOMIC_RELAXED));
}

uint32_t sw_read_service_pooler(const struct sw_maps *maps, uint32_t service)
{
	return sw_slots_low(
		__atomic_load_n(&maps->service_state[service].pooler, __ATOMIC_RELAXED));
}

uint32_t sw_read_service_waiting(const struct sw_maps *maps, uint32_t service)
{
	return (uint32_t)__atomic_load_n(&maps->service_state[service].waiting, __ATOMIC_RELAXED);
}

uint64_t sw_read_service_ended(const struct sw_maps *maps, uint32_t service)
{
	struct sw_lifetimes ended;
	uint64_t sum = 0;

	sw_read_lifetimes(maps, service, &ended);
	for (size_t i = 0; i <= SW_LIFETIME_BUCKETS; i++)
		sum += ended.count[i];
	return sum;
}

uint32_t sw_read_class_waiting(const struct sw_maps *maps, uint32_t class_id)
{
	return (uint32_t)__atomic_load_n(&maps->class_state[class_id].waiting, __ATOMIC_RELAXED);
}

uint32_t sw_read_class_direct(const struct sw_maps *maps, uint32_t class_id)
{
	return sw_slots_of_class(
		__atomic_load_n(&maps->class_state[class_id].direct, __ATOMIC_RELAXED));
}

static bool target_is_up(const struct sw_target *target, const struct sw_listeners *listeners)
{
	return sw_listeners_serve(listeners, target, true) ||
	       sw_listeners_serve(listeners, target, false);
}

bool sw_read_service_pooler_is_up(const struct sw_plan_service *service,
				  const struct sw_listeners *listeners)
{
	return target_is_up(&service->conf.pooler, listeners);
}

static struct sw_endpoint endpoint_of(const struct sw_target *target)
{
	struct sw_endpoint endpoint = {.port = ntohs(target->port_be)};

	if (target->has_ipv4)
		sw_addr_from_ipv4(target->ipv4_be, &endpoint.addr);
	else
		memcpy(endpoint.addr.bytes, target->ipv6.bytes, sizeof(endpoint.addr.bytes));
	return endpoint;
}

/* Without a listener of its own, `direct` is whoever listens where the service is addressed. */
bool sw_read_service_database_at(const struct sw_plan *plan, const struct sw_plan_service *service,
				 const struct sw_listeners *listeners, struct sw_endpoint *out)
{
	*out = endpoint_of(&service->conf.direct);
	if (service->conf.direct.port_be)
		return target_is_up(&service->conf.direct, listeners);
	for (size_t i = 0; i < plan->listen_count; i++) {
		const struct sw_plan_listen *listen = &plan->listens[i];
		const struct sw_listener *found;
		struct sw_addr addr;

		memcpy(addr.bytes, listen->key.address.bytes, sizeof(addr.bytes));
		if (listen->service != service->id)
			continue;
		found = sw_listeners_find(listeners, &addr, ntohs(listen->key.port_be));
		if (!found)
			continue;
		*out = (struct sw_endpoint){.addr = found->addr, .port = found->port};
		return true;
	}
	return false;
}

bool sw_read_service_meets(const struct sw_plan *plan, const struct sw_plan_service *service,
			   const struct sw_listeners *listeners, bool ipv4)
{
	for (size_t i = 0; i < plan->listen_count; i++) {
		const struct sw_plan_listen *listen = &plan->listens[i];
		struct sw_addr addr;

		memcpy(addr.bytes, listen->key.address.bytes, sizeof(addr.bytes));
		if (listen->service == service->id &&
		    sw_listeners_meet(listeners, &addr, ntohs(listen->key.port_be), ipv4))
			return true;
	}
	return false;
}

enum sw_ready_state sw_read_service_database_state(const struct sw_daemon *daemon,
						   const struct sw_plan_service *service,
						   const struct sw_listeners *listeners)
{
	const struct sw_room *room = sw_room_of(daemon, service->id);
	const struct sw_monitor_view *view = sw_monitor_view(daemon, service->id);
	enum sw_ready_state state = room ? sw_room_database_state(room) : SW_READY_SERVES;
	struct sw_endpoint ignored;

	if (state != SW_READY_SERVES)
		return state;
	if (!sw_read_service_database_at(daemon->plan, service, listeners, &ignored))
		return SW_READY_NOBODY_LISTENS;
	return view && view->has_answered && !view->is_up ? SW_READY_UNASKED : SW_READY_SERVES;
}
