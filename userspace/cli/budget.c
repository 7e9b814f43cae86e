/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway budget`: shows or sets how many connections a database may bear.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "cli/field.h"
#include "core/number.h"

static bool is_word(const char *value)
{
	static const char *const words[] = {"auto", "adaptive", "freeze", "unfreeze"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(value, words[i]))
			return true;
	return false;
}

static int request(const struct sw_args *args, json_t *out, struct sw_error *err)
{
	const char *value = args->count > 1 ? args->positional[1] : NULL;
	int rc = sw_request_text(out, "service", args->positional[0], err);
	uint32_t slots;

	if (rc < 0 || !value)
		return rc;
	if (is_word(value))
		return sw_request_text(out, "value", value, err);
	if (sw_parse_u32(value, &slots) < 0)
		return sw_error_set(
			err, -EINVAL,
			"found '%s', expected a number of slots, auto, adaptive, freeze or "
			"unfreeze",
			value);
	json_object_set_new(out, "value", json_integer(slots));
	return 0;
}

static int render(const struct sw_cli *cli, const json_t *result)
{
	static const struct sw_column columns[] = {
		{"SERVICE", false}, {"MODE", false},	{"DIRECT", true},
		{"USED", true},	    {"RESERVED", true},
	};
	SW_TABLE_FREE struct sw_table *table =
		sw_table_new(columns, sizeof(columns) / sizeof(columns[0]));

	sw_field_cells(table, result, (const char *const[]){"service", NULL});
	sw_table_add(table, SW_STYLE_PLAIN, "%s%s", sw_field_text(result, "mode"),
		     sw_field_true(result, "frozen") ? ", frozen" : "");
	sw_field_cells(table, result, (const char *const[]){"direct", "used", "reserved", NULL});
	return sw_table_print(table, &cli->term, stdout);
}

const struct sw_verb sw_verb_budget = {
	.name = "budget",
	.usage = "SERVICE [N|auto|adaptive|freeze|unfreeze]",
	.summary = "show or set a service's budget of direct connections",
	.description =
		"Without a value, shows the budget of a service: how many direct slots it has, how many are "
		"used, and how many are reserved for classes. With one, sets it at once: a fixed number (0: nobody "
		"goes direct), auto (read from the database) or adaptive (found by measuring, up to what auto would "
		"be). An adaptive budget stays where it is from freeze to unfreeze. Connections that are inside "
		"stay, also above a smaller budget.",
	.example = "spillway budget main 40",
	.min = 1,
	.max = 2,
	.request = request,
	.render = render,
};
