/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway limit`: shows or changes the limits of one class.
 * Keys and their values are checked by the rules of the configuration file before anything is sent.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "cli/field.h"
#include "cli/output.h"
#include "config/config.h"
#include "core/cleanup.h"

/* One "key=value" into set, as typed. */
static int put_setting(struct sw_config_class *scratch, const char *word, json_t *set,
		       struct sw_error *err)
{
	const char *equals = strchr(word, '=');
	SW_FREE char *key = NULL;
	int rc;

	if (!equals || equals == word)
		return sw_error_set(err, -EINVAL, "found '%s', expected KEY=VALUE", word);
	key = strndup(word, (size_t)(equals - word));
	if (!key)
		return sw_error_set(err, -ENOMEM, "out of memory");
	if (json_object_get(set, key))
		return sw_error_set(err, -EINVAL, "%s is given twice", key);
	rc = sw_config_set_class_limit(scratch, key, equals + 1, err);
	return rc < 0 ? rc : sw_request_text(set, key, equals + 1, err);
}

static int put_settings(const struct sw_args *args, json_t *set, struct sw_error *err)
{
	SW_CONFIG_FREE struct sw_config *config = NULL;
	struct sw_config_service *service;
	struct sw_config_class *scratch;
	int rc = sw_config_defaults(&config);

	if (rc == 0)
		rc = sw_config_add_service(config, "scratch", &service, err);
	if (rc)
		return rc;
	scratch = sw_config_find_class(service, "default");
	for (size_t i = 2; i < args->count && rc == 0; i++)
		rc = put_setting(scratch, args->positional[i], set, err);
	return rc;
}

static int request(const struct sw_args *args, json_t *out, struct sw_error *err)
{
	SW_JSON_FREE json_t *set = json_object();
	int rc = sw_request_text(out, "service", args->positional[0], err);

	if (rc == 0)
		rc = sw_request_text(out, "class", args->positional[1], err);
	if (rc == 0)
		rc = put_settings(args, set, err);
	if (rc == 0 && args->count > 2)
		json_object_set(out, "set", set);
	return rc;
}

static int render(const struct sw_cli *cli, const json_t *result)
{
	static const struct sw_column columns[] = {
		{"SERVICE", false}, {"CLASS", false}, {"LIMIT", false}, {"VALUE", true}};
	static const char *const keys[] = {
		"rate",	    "burst", "connections_per_source", "direct_per_source", "max_direct",
		"reserved", "weight"};
	SW_TABLE_FREE struct sw_table *table =
		sw_table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *class = json_object_get(result, "class");

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		sw_field_cells(table, result, (const char *const[]){"service", NULL});
		sw_field_cells(table, class, (const char *const[]){"name", NULL});
		sw_table_add(table, SW_STYLE_PLAIN, "%s", keys[i]);
		sw_field_cells(table, class, (const char *const[]){keys[i], NULL});
	}
	return sw_table_print(table, &cli->term, stdout);
}

const struct sw_verb sw_verb_limit = {
	.name = "limit",
	.usage =
		"SERVICE CLASS [rate=R] [burst=N] [connections_per_source=N] [direct_per_source=N] "
		"[max_direct=N] [reserved=N] [weight=N]",
	.summary = "show or change the limits of a class",
	.description =
		"Without settings, shows the limits of a class. With settings, changes those at once, all or "
		"none. rate is what one source may open (100/s, 30/m, unlimited) and burst how much of it at once; "
		"connections_per_source counts direct and pooler together; direct_per_source and max_direct (the "
		"whole class's) count direct slots; reserved are slots of the budget that only this class may use; "
		"weight is its share of the queue. 0 means no cap. `spillway dump` keeps the change.",
	.example = "spillway limit main default rate=50/s burst=100",
	.min = 2,
	.max = SIZE_MAX,
	.request = request,
	.render = render,
};
