/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway class`: lists, adds and removes the classes of a service.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "cli/field.h"
#include "cli/output.h"
#include "core/addr.h"

static int put_sources(const struct sw_args *args, json_t *out, struct sw_error *err)
{
	json_t *sources = json_array();
	int rc = json_object_set_new(out, "sources", sources) < 0 ? -ENOMEM : 0;

	for (size_t i = 3; i < args->count && rc == 0; i++) {
		struct sw_error why = {};
		struct sw_prefix prefix;

		rc = sw_prefix_parse(args->positional[i], &prefix, &why);
		if (rc < 0)
			return sw_error_set(err, rc, "%s: %s", args->positional[i], why.text);
		json_array_append_new(sources, json_string(args->positional[i]));
	}
	return rc;
}

/* One row for each form of the verb; counts include service and action. */
static const struct action {
	const char *name;
	size_t min, max;
	const char *form;
} actions[] = {
	{"list", 2, 2, "SERVICE list"},
	{"add", 4, SIZE_MAX, "SERVICE add NAME CIDR..."},
	{"remove", 3, 3, "SERVICE remove NAME"},
};

static const struct action *find_action(const char *name)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	}
	return NULL;
}

static int request(const struct sw_args *args, json_t *out, struct sw_error *err)
{
	const struct action *action = find_action(args->positional[1]);
	int rc;

	if (!action)
		return sw_error_set(err, -EINVAL, "found '%s', expected one of: list, add, remove",
				    args->positional[1]);
	if (args->count < action->min || args->count > action->max)
		return sw_error_set(err, -EINVAL, "expected: spillway class %s", action->form);
	rc = sw_request_text(out, "service", args->positional[0], err);
	if (rc == 0)
		rc = sw_request_text(out, "action", action->name, err);
	if (rc == 0 && args->count > 2)
		rc = sw_request_text(out, "name", args->positional[2], err);
	return rc == 0 && args->count > 3 ? put_sources(args, out, err) : rc;
}

/* All prefixes in one cell: the widest column, so the one that a narrow terminal cuts. */
static void add_sources(struct sw_table *table, const json_t *sources)
{
	char *text = NULL;
	size_t size = 0, i;
	FILE *out = open_memstream(&text, &size);
	const json_t *source;

	if (!out)
		return;
	json_array_foreach(sources, i, source)
		fprintf(out, "%s%s", i > 0 ? " " : "", json_string_value(source));
	fclose(out);
	sw_table_add(table, SW_STYLE_PLAIN, "%s", text && text[0] ? text : "-");
	free(text);
}

static int render(const struct sw_cli *cli, const json_t *result)
{
	static const struct sw_column columns[] = {
		{"CLASS", false},   {"ACTION", false}, {"USED", true},
		{"RESERVED", true}, {"MAX", true},     {"RATE", true},
		{"BURST", true},    {"WEIGHT", true},  {"SOURCES", false},
	};
	SW_TABLE_FREE struct sw_table *table =
		sw_table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *class;
	size_t i;

	json_array_foreach(json_object_get(result, "classes"), i, class)
	{
		sw_field_cells(table, class,
			       (const char *const[]){"name", "action", "used", "reserved",
						     "max_direct", "rate", "burst", "weight",
						     NULL});
		add_sources(table, json_object_get(class, "sources"));
	}
	return sw_table_print(table, &cli->term, stdout);
}

const struct sw_verb sw_verb_class = {
	.name = "class",
	.usage = "SERVICE list\nSERVICE add NAME CIDR...\nSERVICE remove NAME",
	.summary = "list, add or remove the classes of a service",
	.description =
		"A class is a named set of networks with limits of its own; the longest prefix that holds a "
		"source decides. add makes a class with default limits (change them with `spillway limit`), or adds "
		"networks to one that exists. remove takes a class away; its sources fall to the next "
		"longer network's class, in the end to default, which stays.",
	.example = "spillway class main add lambda 10.64.0.0/12 fd00:64::/32",
	.min = 2,
	.max = SIZE_MAX,
	.request = request,
	.render = render,
};
