/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding things in a plan: by name, by id, by address.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/plan.h"

const struct sw_plan_service *sw_plan_service_named(const struct sw_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->service_count; i++)
		if (!strcmp(plan->services[i].name, name))
			return &plan->services[i];
	return NULL;
}

const struct sw_plan_service *sw_plan_service(const struct sw_plan *plan, uint32_t id)
{
	for (size_t i = 0; i < plan->service_count; i++)
		if (plan->services[i].id == id)
			return &plan->services[i];
	return NULL;
}

struct sw_plan_service *sw_plan_own_service(struct sw_plan *plan, uint32_t id)
{
	const struct sw_plan_service *found = sw_plan_service(plan, id);

	return found ? &plan->services[found - plan->services] : NULL;
}

const struct sw_plan_class *sw_plan_class(const struct sw_plan *plan, uint32_t id)
{
	for (size_t i = 0; i < plan->class_count; i++)
		if (plan->classes[i].id == id)
			return &plan->classes[i];
	return NULL;
}

const struct sw_plan_class *sw_plan_class_named(const struct sw_plan *plan, uint32_t service,
						const char *name)
{
	for (size_t i = 0; i < plan->class_count; i++)
		if (plan->classes[i].service == service && !strcmp(plan->classes[i].name, name))
			return &plan->classes[i];
	return NULL;
}

const struct sw_plan_service *sw_plan_service_at(const struct sw_plan *plan,
						 const struct sw_in6 *address, __be16 port_be)
{
	static const struct sw_in6 any;
	const struct sw_plan_listen *of_any = NULL;

	for (size_t i = 0; i < plan->listen_count; i++) {
		const struct sw_plan_listen *listen = &plan->listens[i];

		if (listen->key.port_be != port_be)
			continue;
		if (!memcmp(&listen->key.address, address, sizeof(*address)))
			return sw_plan_service(plan, listen->service);
		if (!memcmp(&listen->key.address, &any, sizeof(any)))
			of_any = listen;
	}
	return of_any ? sw_plan_service(plan, of_any->service) : NULL;
}

bool sw_plan_listens_on(const struct sw_plan *plan, const struct sw_service_key *key)
{
	for (size_t i = 0; i < plan->listen_count; i++)
		if (!memcmp(&plan->listens[i].key, key, sizeof(*key)))
			return true;
	return false;
}

bool sw_plan_listens_beyond(const struct sw_plan *plan, const struct sw_plan *last)
{
	for (size_t i = 0; i < plan->listen_count; i++)
		if (!last || !sw_plan_listens_on(last, &plan->listens[i].key))
			return true;
	return false;
}

/* An address of the one that is another service's in the other. */
static bool has_moved(const struct sw_plan *one, const struct sw_plan *other)
{
	for (size_t i = 0; i < one->listen_count; i++) {
		const struct sw_plan_listen *listen = &one->listens[i];
		const struct sw_plan_service *there =
			sw_plan_service_at(other, &listen->key.address, listen->key.port_be);

		if (there && there->id != listen->service)
			return true;
	}
	return false;
}

/* Both ways: an address that is no longer listed may be under the port's by now. */
bool sw_plan_listens_moved(const struct sw_plan *plan, const struct sw_plan *last)
{
	return last && (has_moved(plan, last) || has_moved(last, plan));
}

static const struct sw_plan_prefix *find_exact(const struct sw_plan *plan, uint32_t service,
					       const struct sw_prefix *prefix)
{
	const struct sw_plan_prefix key = {.service = service, .prefix = *prefix};

	return bsearch(&key, plan->prefixes, plan->prefix_count, sizeof(*plan->prefixes),
		       sw_plan_compare_prefixes);
}

const struct sw_plan_class *sw_plan_class_of(const struct sw_plan *plan,
					     const struct sw_plan_service *service,
					     const struct sw_addr *addr)
{
	for (int len = 128; len >= 0 && service->conf.has_prefixes; len--) {
		const struct sw_prefix prefix = {.addr = sw_addr_mask(addr, len), .len = len};
		const struct sw_plan_prefix *found = find_exact(plan, service->id, &prefix);

		if (found)
			return sw_plan_class(plan, found->class_id);
	}
	return sw_plan_class(plan, service->conf.default_class);
}
