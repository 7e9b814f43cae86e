/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway flows`: the admitted connections one by one.
 */
#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "cli/field.h"

static int request(const struct sw_args *args, json_t *out, struct sw_error *err)
{
	int rc = sw_args_put_text(args, "service", out, err);

	return rc == 0 ? sw_args_put_lane(args, out, err) : rc;
}

static void add_endpoint(struct sw_table *table, const json_t *flow, const char *address_key,
			 const char *port_key)
{
	const char *address = sw_field_text(flow, address_key);

	sw_table_add(table, SW_STYLE_PLAIN, strchr(address, ':') ? "[%s]:%lld" : "%s:%lld", address,
		     sw_field_int(flow, port_key));
}

static int render(const struct sw_cli *cli, const json_t *result)
{
	static const struct sw_column columns[] = {
		{"SERVICE", false}, {"CLASS", false},	    {"LANE", false}, {"STATE", false},
		{"SOURCE", false},  {"DESTINATION", false}, {"AGE", true},
	};
	SW_TABLE_FREE struct sw_table *table =
		sw_table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *flows = json_object_get(result, "flows"), *flow;
	long long total = sw_field_int(result, "total");
	char age[SW_FIELD_TEXT];
	size_t i;
	int rc;

	json_array_foreach(flows, i, flow)
	{
		sw_field_cells(table, flow,
			       (const char *const[]){"service", "class", "lane", "state", NULL});
		add_endpoint(table, flow, "source", "source_port");
		add_endpoint(table, flow, "destination", "destination_port");
		sw_table_add(table, SW_STYLE_PLAIN, "%s",
			     sw_field_age(sw_field_int(flow, "age_s"), age, sizeof(age)));
	}
	rc = sw_table_print(table, &cli->term, stdout);
	if (rc == 0 && total > (long long)json_array_size(flows))
		sw_term_print("%zu of %lld flows\n", json_array_size(flows), total);
	return rc;
}

const struct sw_verb sw_verb_flows = {
	.name = "flows",
	.usage = "[--service S] [--lane L]",
	.summary = "the connections that are inside, one by one",
	.description =
		"Lists the flows that the gate knows: which service, class and lane each belongs to, whether "
		"its handshake is done (open) or not (half_open) or it waits for a slot (waiting), its two ends, and "
		"its age.",
	.example = "spillway flows --service main --lane pooler",
	.options = {{"service", "S", "of this service only"},
		    {"lane", "L", "in this lane only: direct, pooler, ..."}},
	.request = request,
	.render = render,
};
