/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway sources`: who connects, how often, and what they hold.
 */
#include <stdio.h>

#include "cli/args.h"
#include "cli/field.h"

static int request(const struct sw_args *args, json_t *out, struct sw_error *err)
{
	static const char *const orders[] = {"rate", "live", "refused", "waiting", NULL};
	int rc = sw_args_put_text(args, "service", out, err);

	if (rc == 0)
		rc = sw_args_put_word(args, "sort", orders, out, err);
	return rc == 0 ? sw_args_put_count(args, "limit", out, err) : rc;
}

static int render(const struct sw_cli *cli, const json_t *result)
{
	static const struct sw_column columns[] = {
		{"SERVICE", false}, {"SOURCE", false}, {"CLASS", false},
		{"LIVE", true},	    {"DIRECT", true},  {"POOLER", true},
		{"WAITING", true},  {"RATE/S", true},  {"REFUSED", true},
	};
	static const char *const keys[] = {"service", "source",	 "class", "live",    "direct",
					   "pooler",  "waiting", "rate",  "refused", NULL};
	SW_TABLE_FREE struct sw_table *table =
		sw_table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *sources = json_object_get(result, "sources"), *source;
	long long total = sw_field_int(result, "total");
	size_t i;
	int rc;

	json_array_foreach(sources, i, source) sw_field_cells(table, source, keys);
	rc = sw_table_print(table, &cli->term, stdout);
	if (rc == 0 && total > (long long)json_array_size(sources))
		sw_term_print("%zu of %lld sources\n", json_array_size(sources), total);
	return rc;
}

const struct sw_verb sw_verb_sources = {
	.name = "sources",
	.usage = "[--service S] [--sort rate|live|refused|waiting] [--limit N]",
	.summary = "the addresses that connect, with their rates and connections",
	.description =
		"Lists sources, that is client addresses cut to the service's source_prefix: the class each "
		"one is in, its live connections by lane, those of it that wait, how many connections a second "
		"it opens, and how many were refused.",
	.example = "spillway sources --service main --sort refused --limit 10",
	.options = {{"service", "S", "of this service only"},
		    {"sort", "ORDER", "rate, live, refused or waiting; the most first"},
		    {"limit", "N", "the first N only"}},
	.request = request,
	.render = render,
};
