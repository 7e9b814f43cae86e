/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From configured values to what the maps hold.
 */
#include "policy/plan_conf.h"

#include <arpa/inet.h>
#include <string.h>

#include "policy/refusal.h"

static uint64_t chain_of(const struct sw_config_lanes *lanes)
{
	uint64_t chain = 0;

	for (size_t i = 0; i < lanes->count && i < SW_CHAIN_MAX; i++)
		chain |= (uint64_t)lanes->lane[i] << (8 * i);
	return chain;
}

static bool is_loopback(const struct sw_addr *addr)
{
	static const struct sw_addr ipv6 = {.bytes[15] = 1};

	return sw_addr_is_ipv4(addr) ? addr->bytes[12] == 127 : sw_addr_equal(addr, &ipv6);
}

/*
 * A listener serves clients of its own address family. One on a loopback address is looked for on
 * the other family's as well, because what listens on "localhost" is on both.
 */
static struct sw_target target_of(const struct sw_endpoint *endpoint)
{
	struct sw_target target = {.port_be = htons(endpoint->port)};
	bool both = is_loopback(&endpoint->addr);

	if (!endpoint->port)
		return target;
	target.has_ipv4 = both || sw_addr_is_ipv4(&endpoint->addr);
	target.has_ipv6 = both || !sw_addr_is_ipv4(&endpoint->addr);
	if (sw_addr_is_ipv4(&endpoint->addr)) {
		memcpy(&target.ipv4_be, &endpoint->addr.bytes[12], sizeof(target.ipv4_be));
		target.ipv6.bytes[15] = 1;
	} else {
		memcpy(target.ipv6.bytes, endpoint->addr.bytes, sizeof(target.ipv6.bytes));
		target.ipv4_be = htonl(INADDR_LOOPBACK);
	}
	return target;
}

/* Rounded up: whoever has a slot at all may have one handshake in it. */
static uint32_t percent_of(uint32_t budget, uint32_t percent)
{
	return ((uint64_t)budget * percent + 99) / 100;
}

struct sw_service_conf sw_plan_service_conf(const struct sw_config_service *service)
{
	uint32_t budget = sw_config_budget(service);
	uint32_t reserves = sw_config_reserved(service);
	struct sw_service_conf conf = {
		.over_limit = chain_of(&service->over_limit),
		.budget = budget,
		.shared_limit = budget > reserves ? budget - reserves : 0,
		.half_open_max = percent_of(budget, service->half_open.max_percent),
		.half_open_per_source =
			percent_of(budget, service->half_open.max_percent_per_source),
		.pooler_max = service->pooler.max_connections,
		.queue_max = service->queue.max_waiting,
		.queue_per_source = service->queue.max_waiting_per_source,
		.ipv4_bits = service->source_prefix.ipv4,
		.ipv6_bits = service->source_prefix.ipv6,
		.has_cancels =
			service->protocol == SW_PROTOCOL_POSTGRES && service->pooler.address.port,
		.answers_as = sw_refusal_answers_as(service->protocol),
		.direct = target_of(&service->direct.address),
		.pooler = target_of(&service->pooler.address),
	};

	return conf;
}

/* True if another class has more weight. */
static bool yields(const struct sw_config_service *service, const struct sw_config_class *class)
{
	for (size_t i = 0; i < service->class_count; i++)
		if (service->classes[i].action == SW_ACTION_LIMIT &&
		    service->classes[i].weight > class->weight)
			return true;
	return false;
}

struct sw_class_conf sw_plan_class_conf(const struct sw_config_service *service,
					const struct sw_config_class *class)
{
	struct sw_class_conf conf = {
		.lanes = chain_of(sw_config_class_lanes(service, class)),
		.connections_per_source = class->connections_per_source,
		.direct_per_source = class->direct_per_source,
		.max_direct = class->max_direct,
		.reserved = class->reserved,
		.action = class->action,
		.yields = yields(service, class),
	};

	if (class->rate.count) {
		conf.interval_ns = class->rate.per_ns / class->rate.count;
		conf.tolerance_ns = conf.interval_ns * (class->burst - 1);
	}
	return conf;
}

struct sw_class_conf sw_plan_action_conf(const struct sw_config_service *service,
					 enum sw_action action)
{
	struct sw_class_conf conf = {.lanes = chain_of(&service->lanes), .action = action};

	return conf;
}
