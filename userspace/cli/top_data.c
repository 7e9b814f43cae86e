/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See top_data.h. Lenient as all that reads replies: what an older daemon does not say is 0, "-" or not known.
 */
#include "cli/top_data.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/field.h"
#include "cli/term.h"

const char *const sw_top_lane_names[SW_TOP_LANES] = {
	[SW_TOP_SYN] = "syn",	      [SW_TOP_DIRECT] = "direct",   [SW_TOP_POOLER] = "pooler",
	[SW_TOP_QUEUED] = "queued",   [SW_TOP_REFUSED] = "refused", [SW_TOP_RESET] = "reset",
	[SW_TOP_DROPPED] = "dropped",
};

static void take_text(char out[SW_TOP_TEXT], const json_t *object, const char *key)
{
	char buf[SW_FIELD_TEXT];

	snprintf(out, SW_TOP_TEXT, "%s",
		 sw_field_show(json_object_get(object, key), buf, sizeof(buf)));
	sw_term_clean(out);
}

/* Seconds, or -1 for what is null or missing. */
static double take_seconds(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_number(value) ? json_number_value(value) : -1;
}

/* The element of a list of objects whose "name" it is. */
static const json_t *named(const json_t *list, const char *name)
{
	const json_t *element;
	size_t i;

	json_array_foreach(list, i, element)
	{
		if (strcmp(sw_field_text(element, "name"), name) == 0)
			return element;
	}
	return NULL;
}

static void take_pooler(struct sw_top_service *out, const json_t *pooler)
{
	out->has_pooler = json_is_string(json_object_get(pooler, "address"));
	out->pooler_is_down = json_is_false(json_object_get(pooler, "up"));
	out->pooler_used = sw_field_int(pooler, "used");
	out->pooler_max = sw_field_int(pooler, "max");
}

static void take_database(struct sw_top_service *out, const json_t *database)
{
	out->database_is_asked = json_is_boolean(json_object_get(database, "up"));
	out->database_is_up = sw_field_true(database, "up");
	out->backends = sw_field_int(database, "backends");
	out->max_connections = sw_field_int(database, "max_connections");
	if (json_is_string(json_object_get(database, "why")))
		take_text(out->why, database, "why");
}

/* waits: of the verb queue, which knows more of it; NULL where the service has no waiting room. */
static void take_queue(struct sw_top_service *out, const json_t *queue, const json_t *waits)
{
	out->waiting = sw_field_int(queue, "waiting");
	out->paused = sw_field_true(queue, "paused");
	out->ready = sw_field_true(queue, "ready");
	out->max_waiting = sw_field_int(waits, "max_waiting");
	out->predicted_s = take_seconds(waits, "predicted_wait_s");
	out->oldest_s = take_seconds(waits, "oldest_s");
	out->admitted_per_s = take_seconds(waits, "admitted_per_s");
}

static void take_service(struct sw_top_service *out, const json_t *service, const json_t *waits)
{
	const json_t *budget = json_object_get(service, "budget");
	const json_t *totals = json_object_get(service, "totals");

	take_text(out->name, service, "name");
	take_text(out->budget_mode, budget, "mode");
	out->used = sw_field_int(budget, "used");
	out->budget = sw_field_int(budget, "direct");
	out->reserved = sw_field_int(budget, "reserved");
	out->overcommitted = sw_field_int(budget, "overcommitted");
	take_pooler(out, json_object_get(service, "pooler"));
	take_queue(out, json_object_get(service, "queue"), waits);
	take_database(out, json_object_get(service, "database"));
	for (int lane = 0; lane < SW_TOP_LANES; lane++)
		out->totals[lane] = sw_field_int(totals, sw_top_lane_names[lane]);
}

/* A total that has fallen began anew: what came in between nobody can tell, so there is no rate this once. */
static void take_rates(struct sw_top_service *now, const struct sw_top_service *before,
		       uint64_t elapsed_ns)
{
	for (int lane = 0; lane < SW_TOP_LANES; lane++) {
		if (now->totals[lane] < before->totals[lane])
			return;
	}
	for (int lane = 0; lane < SW_TOP_LANES; lane++)
		now->rates[lane] = (double)(now->totals[lane] - before->totals[lane]) * 1e9 /
				   (double)elapsed_ns;
	now->has_rates = true;
}

static void take_class(struct sw_top_class *out, const char *service, const json_t *class,
		       const json_t *waits)
{
	memcpy(out->service, service, sizeof(out->service));
	take_text(out->name, class, "name");
	take_text(out->action, class, "action");
	take_text(out->rate, class, "rate");
	out->used = sw_field_int(class, "used");
	out->reserved = sw_field_int(class, "reserved");
	out->max_direct = sw_field_int(class, "max_direct");
	out->weight = sw_field_int(class, "weight");
	out->waiting = sw_field_int(waits, "waiting");
}

static int take_classes(struct sw_top_data *data, const char *name, const json_t *classes,
			const json_t *waits)
{
	const json_t *class;
	size_t i, more = json_array_size(classes);
	struct sw_top_class *grown =
		reallocarray(data->classes, data->class_count + more + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	data->classes = grown;
	memset(&grown[data->class_count], 0, more * sizeof(*grown));
	json_array_foreach(classes, i, class)
	{
		take_class(&grown[data->class_count++], name, class,
			   named(waits, sw_field_text(class, "name")));
	}
	return 0;
}

static int take_services(struct sw_top_data *data, const json_t *services, const json_t *waits)
{
	const json_t *service;
	int failed = 0;
	size_t i;

	data->services = calloc(json_array_size(services) + 1, sizeof(*data->services));
	if (!data->services)
		return -ENOMEM;
	json_array_foreach(services, i, service)
	{
		struct sw_top_service *out = &data->services[data->service_count++];
		const json_t *room = named(waits, sw_field_text(service, "name"));

		take_service(out, service, room);
		if (!failed)
			failed = take_classes(data, out->name, json_object_get(service, "classes"),
					      json_object_get(room, "classes"));
	}
	return failed;
}

static void take_source(struct sw_top_source *out, const json_t *source)
{
	take_text(out->service, source, "service");
	take_text(out->source, source, "source");
	take_text(out->class, source, "class");
	out->live = sw_field_int(source, "live");
	out->direct = sw_field_int(source, "direct");
	out->pooler = sw_field_int(source, "pooler");
	out->waiting = sw_field_int(source, "waiting");
	out->refused = sw_field_int(source, "refused");
	out->rate = json_number_value(json_object_get(source, "rate"));
}

static int take_sources(struct sw_top_data *data, const json_t *answer)
{
	const json_t *sources = json_object_get(answer, "sources"), *source;
	size_t i;

	data->sources_total = sw_field_int(answer, "total");
	data->sources = calloc(json_array_size(sources) + 1, sizeof(*data->sources));
	if (!data->sources)
		return -ENOMEM;
	json_array_foreach(sources, i, source)
		take_source(&data->sources[data->source_count++], source);
	return 0;
}

static void take_interfaces(struct sw_top_data *data, const json_t *interfaces)
{
	const json_t *interface;
	size_t i, length = 0, size = sizeof(data->interfaces);

	snprintf(data->interfaces, size, "no interface");
	json_array_foreach(interfaces, i, interface)
	{
		const char *lost =
			json_is_false(json_object_get(interface, "attached")) ? ", LOST" : "";

		if (length < size)
			length += (size_t)snprintf(data->interfaces + length, size - length,
						   "%s%s (%s%s)", i ? ", " : "",
						   sw_field_text(interface, "name"),
						   sw_field_text(interface, "mode"), lost);
	}
	sw_term_clean(data->interfaces);
}

static void take_daemon(struct sw_top_data *data, const json_t *status)
{
	const json_t *daemon = json_object_get(status, "daemon");

	take_text(data->version, daemon, "version");
	take_text(data->mode, status, "mode");
	data->uptime_s = sw_field_int(daemon, "uptime_s");
	data->pid = sw_field_int(daemon, "pid");
	take_interfaces(data, json_object_get(status, "interfaces"));
}

static void compare(struct sw_top_data *now, const struct sw_top_data *before)
{
	if (!before->at_ns || now->at_ns <= before->at_ns)
		return;
	for (size_t i = 0; i < now->service_count; i++) {
		for (size_t k = 0; k < before->service_count; k++) {
			if (strcmp(now->services[i].name, before->services[k].name) == 0)
				take_rates(&now->services[i], &before->services[k],
					   now->at_ns - before->at_ns);
		}
	}
}

int sw_top_data_take(struct sw_top_data *data, const json_t *status, const json_t *queue,
		     const json_t *sources, uint64_t at_ns)
{
	struct sw_top_data now = {.at_ns = at_ns};
	int failed = take_services(&now, json_object_get(status, "services"),
				   json_object_get(queue, "services"));

	if (!failed)
		failed = take_sources(&now, sources);
	if (failed) {
		sw_top_data_clear(&now);
		return failed;
	}
	take_daemon(&now, status);
	compare(&now, data);
	sw_top_data_clear(data);
	*data = now;
	return 0;
}

void sw_top_data_clear(struct sw_top_data *data)
{
	free(data->services);
	free(data->classes);
	free(data->sources);
	memset(data, 0, sizeof(*data));
}
