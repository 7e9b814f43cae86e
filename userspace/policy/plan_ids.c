/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Giving out ids. One that is new to a name is free: nothing counts under it, and the last plan gave it to
 * nobody, for its counts are read under that name until the new plan is in the maps.
 */
#include "policy/plan_ids.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void sw_plan_ids_begin(struct sw_plan_ids *ids, const struct sw_config *config,
		       const struct sw_plan *last, const struct sw_plan_busy *busy)
{
	*ids = (struct sw_plan_ids){.config = config, .last = last, .busy = busy};
	for (size_t i = 0; last && i < last->service_count; i++)
		ids->service_taken[last->services[i].id] = true;
	for (size_t i = 0; last && i < last->class_count; i++)
		ids->class_taken[last->classes[i].id] = true;
}

static bool is_service_busy(const struct sw_plan_ids *ids, uint32_t id)
{
	return ids->busy && ids->busy->service(ids->busy->arg, id);
}

static bool is_class_busy(const struct sw_plan_ids *ids, uint32_t id)
{
	return ids->busy && ids->busy->class(ids->busy->arg, id);
}

static int free_id(const struct sw_plan_ids *ids, bool *taken, uint32_t count,
		   bool (*is_busy)(const struct sw_plan_ids *ids, uint32_t id), uint32_t *out)
{
	for (uint32_t id = 0; id < count; id++) {
		if (taken[id] || is_busy(ids, id))
			continue;
		taken[id] = true;
		*out = id;
		return 0;
	}
	return -ENOSPC;
}

static const struct sw_plan_service *retired_service(const struct sw_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->retired_service_count; i++)
		if (!strcmp(plan->retired_services[i].name, name))
			return &plan->retired_services[i];
	return NULL;
}

static const struct sw_plan_class *retired_class(const struct sw_plan *plan, uint32_t service,
						 const char *name)
{
	for (size_t i = 0; i < plan->retired_class_count; i++)
		if (plan->retired_classes[i].service == service &&
		    !strcmp(plan->retired_classes[i].name, name))
			return &plan->retired_classes[i];
	return NULL;
}

/* The service of another name, gone from the configuration, whose place on the host this one takes. */
static const struct sw_plan_service *renamed(const struct sw_plan_ids *ids,
					     const struct sw_config_service *service)
{
	for (size_t i = 0; ids->busy && ids->busy->serves && i < service->listen_count; i++) {
		const struct sw_endpoint *at = &service->listen[i].endpoint;
		struct sw_service_key key = {.port_be = htons(at->port)};
		const struct sw_plan_service *before;
		uint32_t id;

		if (!at->any)
			memcpy(key.address.bytes, at->addr.bytes, sizeof(key.address.bytes));
		before = ids->busy->serves(ids->busy->arg, &key, &id)
				 ? sw_plan_service(ids->last, id)
				 : NULL;
		/* Where one is now two the first has the connections of both. */
		if (before && !ids->service_given[before->id] &&
		    !sw_config_find_service(ids->config, before->name))
			return before;
	}
	return NULL;
}

static const struct sw_plan_service *service_before(const struct sw_plan_ids *ids,
						    const struct sw_config_service *service)
{
	const struct sw_plan_service *before;

	if (!ids->last)
		return NULL;
	before = sw_plan_service_named(ids->last, service->name);
	if (!before)
		before = retired_service(ids->last, service->name);
	return before ? before : renamed(ids, service);
}

int sw_plan_ids_service(struct sw_plan_ids *ids, const struct sw_config_service *service,
			uint32_t *out, struct sw_error *err)
{
	const struct sw_plan_service *before = service_before(ids, service);

	if (before) {
		*out = before->id;
		ids->service_taken[before->id] = ids->service_given[before->id] = true;
		return 0;
	}
	if (free_id(ids, ids->service_taken, SW_SERVICES_MAX, is_service_busy, out))
		return sw_error_set(err, -ENOSPC,
				    "service '%s': all %d places for services are taken, some by "
				    "connections of services that were removed",
				    service->name, SW_SERVICES_MAX);
	ids->service_given[*out] = true;
	return 0;
}

int sw_plan_ids_class(struct sw_plan_ids *ids, uint32_t service, const char *name, uint32_t *out,
		      struct sw_error *err)
{
	const struct sw_plan_class *before =
		ids->last ? sw_plan_class_named(ids->last, service, name) : NULL;

	if (!before && ids->last)
		before = retired_class(ids->last, service, name);
	if (before) {
		*out = before->id;
		ids->class_taken[before->id] = true;
		return 0;
	}
	if (free_id(ids, ids->class_taken, SW_CLASSES_MAX, is_class_busy, out))
		return sw_error_set(err, -ENOSPC,
				    "class '%s': there are %d classes already, which is the limit "
				    "(each service has default, allowed and denied beside its own)",
				    name, SW_CLASSES_MAX);
	return 0;
}

/* Whoever is configured until now may get connections until the plan is in the maps. */
static void retire_services(const struct sw_plan_ids *ids, const struct sw_plan_service *from,
			    size_t count, bool only_busy, struct sw_plan *plan)
{
	for (size_t i = 0; i < count; i++)
		if (!sw_plan_service(plan, from[i].id) &&
		    (!only_busy || is_service_busy(ids, from[i].id)))
			plan->retired_services[plan->retired_service_count++] = from[i];
}

static void retire_classes(const struct sw_plan_ids *ids, const struct sw_plan_class *from,
			   size_t count, bool only_busy, struct sw_plan *plan)
{
	for (size_t i = 0; i < count; i++)
		if (!sw_plan_class(plan, from[i].id) &&
		    (!only_busy || is_class_busy(ids, from[i].id)))
			plan->retired_classes[plan->retired_class_count++] = from[i];
}

int sw_plan_ids_retire(const struct sw_plan_ids *ids, struct sw_plan *plan, struct sw_error *err)
{
	const struct sw_plan *last = ids->last;

	if (!last)
		return 0;
	plan->retired_services = calloc(last->service_count + last->retired_service_count + 1,
					sizeof(*plan->retired_services));
	plan->retired_classes = calloc(last->class_count + last->retired_class_count + 1,
				       sizeof(*plan->retired_classes));
	if (!plan->retired_services || !plan->retired_classes)
		return sw_error_set(err, -ENOMEM, "out of memory");
	retire_services(ids, last->services, last->service_count, false, plan);
	retire_services(ids, last->retired_services, last->retired_service_count, true, plan);
	retire_classes(ids, last->classes, last->class_count, false, plan);
	retire_classes(ids, last->retired_classes, last->retired_class_count, true, plan);
	return 0;
}
