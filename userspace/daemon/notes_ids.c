/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/notes_ids.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void add_services(json_t *list, const struct sw_plan_service *services, size_t count)
{
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:s, s:i}", "name", services[i].name, "id",
						      (int)services[i].id));
}

static void add_classes(json_t *list, const struct sw_plan_class *classes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:s, s:i, s:i}", "name", classes[i].name,
						      "service", (int)classes[i].service, "id",
						      (int)classes[i].id));
}

json_t *sw_notes_ids_to_json(const struct sw_plan *plan)
{
	json_t *services = json_array(), *classes = json_array();

	add_services(services, plan->services, plan->service_count);
	add_services(services, plan->retired_services, plan->retired_service_count);
	add_classes(classes, plan->classes, plan->class_count);
	add_classes(classes, plan->retired_classes, plan->retired_class_count);
	return json_pack("{s:o, s:o}", "services", services, "classes", classes);
}

int sw_notes_ids_from_json(const json_t *ids, struct sw_plan **out)
{
	const json_t *services = json_object_get(ids, "services");
	const json_t *classes = json_object_get(ids, "classes");
	struct sw_plan *plan = calloc(1, sizeof(*plan));
	const json_t *at;
	size_t i;

	if (!plan)
		return -ENOMEM;
	plan->services = calloc(json_array_size(services) + 1, sizeof(*plan->services));
	plan->classes = calloc(json_array_size(classes) + 1, sizeof(*plan->classes));
	json_array_foreach(services, i, at)
	{
		struct sw_plan_service *to = &plan->services[plan->service_count++];
		const char *name = json_string_value(json_object_get(at, "name"));

		memccpy(to->name, name ? name : "", '\0', sizeof(to->name) - 1);
		to->id = json_integer_value(json_object_get(at, "id")) % SW_SERVICES_MAX;
	}
	json_array_foreach(classes, i, at)
	{
		struct sw_plan_class *to = &plan->classes[plan->class_count++];
		const char *name = json_string_value(json_object_get(at, "name"));

		memccpy(to->name, name ? name : "", '\0', sizeof(to->name) - 1);
		to->service = json_integer_value(json_object_get(at, "service")) % SW_SERVICES_MAX;
		to->id = json_integer_value(json_object_get(at, "id")) % SW_CLASSES_MAX;
	}
	*out = plan;
	return 0;
}
