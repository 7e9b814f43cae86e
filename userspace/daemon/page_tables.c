/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The status page's head, and its tables of sources and classes.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/html.h"
#include "daemon/page_parts.h"

struct column {
	const char *title, *key;
	bool is_number, is_wide; /* wide: not on a phone */
};

static void table_heading(struct evbuffer *out, const struct column *columns, size_t count)
{
	sw_html(out, "<table><thead><tr>");
	for (size_t i = 0; i < count; i++)
		evbuffer_add_printf(out, "<th class=\"%s%s\" scope=\"col\">%s</th>",
				    columns[i].is_number ? "num" : "",
				    columns[i].is_wide ? " wide" : "", columns[i].title);
	sw_html(out, "</tr></thead><tbody>");
}

static void table_cell(struct evbuffer *out, const struct column *column, const json_t *row)
{
	const json_t *value = json_object_get(row, column->key);

	evbuffer_add_printf(out, "<td class=\"%s%s%s\">", column->is_number ? "num" : "",
			    column->is_wide ? " wide" : "",
			    json_is_number(value) && json_number_value(value) == 0 ? " zero" : "");
	if (json_is_number(value))
		sw_html_number(out, json_number_value(value));
	else
		sw_html_field(out, row, column->key);
	sw_html(out, "</td>");
}

static void table_row(struct evbuffer *out, const struct column *columns, size_t count,
		      const json_t *row)
{
	sw_html(out, "<tr>");
	for (size_t i = 0; i < count; i++)
		table_cell(out, &columns[i], row);
	sw_html(out, "</tr>");
}

void sw_page_sources(struct evbuffer *out, const struct sw_page_data *data)
{
	static const struct column columns[] = {
		{"Source", "source", false, false},  {"Service", "service", false, true},
		{"Class", "class", false, true},     {"Live", "live", true, false},
		{"Direct", "direct", true, true},    {"Pooler", "pooler", true, true},
		{"Waiting", "waiting", true, false}, {"Per second", "rate", true, false},
		{"Refused", "refused", true, false},
	};
	const size_t count = sizeof(columns) / sizeof(columns[0]);
	const json_t *sources = json_object_get(data->sources, "sources"), *source;
	double total = sw_html_value(data->sources, "total");
	size_t i;

	if (!json_array_size(sources)) {
		sw_html(out, "<p class=\"sub\">No source has connected lately.</p>");
		return;
	}
	table_heading(out, columns, count);
	json_array_foreach(sources, i, source) table_row(out, columns, count, source);
	sw_html(out, "</tbody></table>");
	if (total > (double)json_array_size(sources)) {
		evbuffer_add_printf(out, "<p class=\"sub\">The busiest %zu of ",
				    json_array_size(sources));
		sw_html_number(out, total);
		sw_html(out, " sources; <code>spillway top</code> has more.</p>");
	}
}

static void class_row(struct evbuffer *out, const struct column *columns, size_t count,
		      const json_t *service, const json_t *class, const json_t *waits)
{
	json_t *row = json_object();

	if (row && json_object_update(row, (json_t *)class) == 0) {
		json_object_set(row, "service", json_object_get(service, "name"));
		json_object_set(row, "waiting", json_object_get(waits, "waiting"));
		table_row(out, columns, count, row);
	}
	json_decref(row);
}

void sw_page_classes(struct evbuffer *out, const struct sw_page_data *data)
{
	static const struct column columns[] = {
		{"Class", "name", false, false},      {"Service", "service", false, true},
		{"Action", "action", false, false},   {"Direct", "used", true, false},
		{"Reserved", "reserved", true, true}, {"At most", "max_direct", true, true},
		{"Waiting", "waiting", true, false},  {"Weight", "weight", true, true},
		{"Rate", "rate", true, false},
	};
	const size_t count = sizeof(columns) / sizeof(columns[0]);
	const json_t *service, *class;
	size_t i, k;

	table_heading(out, columns, count);
	json_array_foreach(json_object_get(data->status, "services"), i, service)
	{
		const json_t *room =
			sw_page_named(json_object_get(data->queue, "services"), service);

		json_array_foreach(json_object_get(service, "classes"), k, class)
			class_row(out, columns, count, service, class,
				  sw_page_named(json_object_get(room, "classes"), class));
	}
	sw_html(out, "</tbody></table>");
}

static void interfaces(struct evbuffer *out, const json_t *list)
{
	const json_t *interface;
	size_t i;

	if (!json_array_size(list))
		sw_html(out, "<span class=\"pill bad\">attached to no interface</span>");
	json_array_foreach(list, i, interface)
	{
		bool lost = json_is_false(json_object_get(interface, "attached"));

		evbuffer_add_printf(out, "<span class=\"pill %s\">", lost ? "bad" : "");
		sw_html_field(out, interface, "name");
		sw_html(out, " ");
		sw_html_field(out, interface, "mode");
		if (lost)
			sw_html(out, ": taken off");
		sw_html(out, "</span>");
	}
}

void sw_page_head(struct evbuffer *out, const struct sw_page_data *data)
{
	const json_t *daemon = json_object_get(data->status, "daemon");
	const char *mode = json_string_value(json_object_get(data->status, "mode"));
	bool monitors = mode && strcmp(mode, "monitor") == 0;
	struct tm utc = {0};
	char at[32];

	gmtime_r(&data->at, &utc);
	strftime(at, sizeof(at), "%H:%M:%S", &utc);
	evbuffer_add_printf(out, "<p class=\"pills\"><span class=\"pill %s\">",
			    monitors ? "warn" : "good");
	sw_html_text(out, monitors ? "monitor: counts, drops nothing" : "enforcing");
	sw_html(out, "</span>");
	interfaces(out, json_object_get(data->status, "interfaces"));
	sw_html(out, "</p><p class=\"sub\">spillwayd ");
	sw_html_field(out, daemon, "version");
	sw_html(out, ", up ");
	sw_html_age(out, (long long)sw_html_value(daemon, "uptime_s"));
	evbuffer_add_printf(out, ", as of <time>%s</time> UTC</p>", at);
	if (data->trouble) {
		sw_html(out, "<p class=\"alert\" role=\"alert\">Not healthy: ");
		sw_html_text(out, data->trouble);
		sw_html(out, "</p>");
	}
}
