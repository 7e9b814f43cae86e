/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway queue`: who waits for a slot.
 */
#include <string.h>

#include "cli/args.h"
#include "cli/field.h"

static int request(const struct sw_args *args, json_t *out, struct sw_error *err)
{
	return sw_args_put_text(args, "service", out, err);
}

/* "1.2 s", or "-" for what is not known. */
static void add_seconds(struct sw_table *table, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_number(value))
		sw_table_add(table, SW_STYLE_PLAIN, "%.1f s", json_number_value(value));
	else
		sw_table_add(table, SW_STYLE_DIM, "-");
}

static const char *state_of(const json_t *service)
{
	if (sw_field_true(service, "paused"))
		return "paused";
	return sw_field_true(service, "ready") ? "serves" : "database not ready";
}

static int print_services(const struct sw_cli *cli, const json_t *services)
{
	static const struct sw_column columns[] = {
		{"SERVICE", false}, {"STATE", false},	 {"DISCIPLINE", false},
		{"WAITING", true},  {"MAX", true},	 {"OLDEST", true},
		{"LET IN", true},   {"A NEW ONE", true}, {"LIMIT", true},
	};
	SW_TABLE_FREE struct sw_table *table =
		sw_table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *service;
	size_t i;

	json_array_foreach(services, i, service)
	{
		const char *state = state_of(service);

		sw_field_cells(table, service, (const char *const[]){"name", NULL});
		sw_table_add(table, strcmp(state, "serves") == 0 ? SW_STYLE_GOOD : SW_STYLE_WARN,
			     "%s", state);
		sw_field_cells(table, service,
			       (const char *const[]){"discipline", "waiting", "max_waiting", NULL});
		add_seconds(table, service, "oldest_s");
		sw_table_add(table, SW_STYLE_PLAIN, "%.1f/s",
			     json_number_value(json_object_get(service, "admitted_per_s")));
		add_seconds(table, service, "predicted_wait_s");
		add_seconds(table, service, "max_wait_s");
	}
	return sw_table_print(table, &cli->term, stdout);
}

static int print_classes(const struct sw_cli *cli, const json_t *services)
{
	static const struct sw_column columns[] = {
		{"SERVICE", false}, {"CLASS", false}, {"WEIGHT", true},
		{"WAITING", true},  {"OLDEST", true},
	};
	SW_TABLE_FREE struct sw_table *table =
		sw_table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *service, *class;
	size_t i, j;

	json_array_foreach(services, i, service)
	{
		json_array_foreach(json_object_get(service, "classes"), j, class)
		{
			sw_field_cells(table, service, (const char *const[]){"name", NULL});
			sw_field_cells(table, class,
				       (const char *const[]){"name", "weight", "waiting", NULL});
			add_seconds(table, class, "oldest_s");
		}
	}
	return sw_table_print(table, &cli->term, stdout);
}

static int print_sources(const struct sw_cli *cli, const json_t *services)
{
	static const struct sw_column columns[] = {
		{"SERVICE", false}, {"SOURCE", false}, {"CLASS", false},
		{"WAITING", true},  {"OLDEST", true},
	};
	SW_TABLE_FREE struct sw_table *table =
		sw_table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *service, *source;
	size_t i, j;

	json_array_foreach(services, i, service)
	{
		json_array_foreach(json_object_get(service, "sources"), j, source)
		{
			sw_field_cells(table, service, (const char *const[]){"name", NULL});
			sw_field_cells(table, source,
				       (const char *const[]){"source", "class", "waiting", NULL});
			add_seconds(table, source, "oldest_s");
		}
	}
	return sw_table_print(table, &cli->term, stdout);
}

static bool somebody_waits(const json_t *services)
{
	const json_t *service;
	size_t i;

	json_array_foreach(services, i, service)
	{
		if (json_array_size(json_object_get(service, "sources")))
			return true;
	}
	return false;
}

static int render(const struct sw_cli *cli, const json_t *result)
{
	const json_t *services = json_object_get(result, "services");
	int rc = print_services(cli, services);

	if (rc || !somebody_waits(services))
		return rc;
	sw_term_print("\n");
	rc = print_classes(cli, services);
	if (rc)
		return rc;
	sw_term_print("\n");
	return print_sources(cli, services);
}

const struct sw_verb sw_verb_queue = {
	.name = "queue",
	.usage = "[--service S]",
	.summary = "who waits for a slot, and for how long",
	.description =
		"Shows each service's waiting room: how many wait, since when the oldest does, how many were let in "
		"a second lately, how long a new one would wait at that rate, and the limit after which it would be "
		"refused; then who waits, by class and by source.",
	.example = "spillway queue --service main",
	.options = {{"service", "S", "of this service only"}},
	.request = request,
	.render = render,
};
