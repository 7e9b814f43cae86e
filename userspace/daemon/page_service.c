/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A service's card on the status page: budget, facts, lanes, charts.
 */
#include <stdbool.h>
#include <string.h>

#include "daemon/html.h"
#include "daemon/page_chart.h"
#include "daemon/page_parts.h"

#define BAR 1000 /* of the bar's view box */

const json_t *sw_page_named(const json_t *list, const json_t *like)
{
	const char *name = json_string_value(json_object_get(like, "name"));
	const json_t *element;
	size_t i;

	json_array_foreach(list, i, element)
	{
		const char *found = json_string_value(json_object_get(element, "name"));

		if (name && found && strcmp(name, found) == 0)
			return element;
	}
	return NULL;
}

static const json_t *queue_of(const struct sw_page_data *data, const json_t *service)
{
	return sw_page_named(json_object_get(data->queue, "services"), service);
}

/* In words of what `status` says in one of its own. */
static const char *why_in_words(const char *why)
{
	static const char *const words[][2] = {
		{"nobody_listens", "nobody listens"},
		{"turns_away", "turns connections away"},
		{"silent", "does not answer"},
		{"monitor_unanswered", "does not answer the monitor"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i][0], why) == 0)
			return words[i][1];
	}
	return why;
}

static void pill(struct evbuffer *out, const char *kind, const char *text)
{
	evbuffer_add_printf(out, "<span class=\"pill %s\">", kind);
	sw_html_text(out, text);
	sw_html(out, "</span>");
}

static void database_pill(struct evbuffer *out, const json_t *database)
{
	const json_t *up = json_object_get(database, "up");
	const char *why = json_string_value(json_object_get(database, "why"));

	if (!json_is_boolean(up))
		return;
	if (json_is_true(up)) {
		pill(out, "good", "database up");
		return;
	}
	sw_html(out, "<span class=\"pill bad\">database down");
	if (why) {
		sw_html(out, ": ");
		sw_html_text(out, why_in_words(why));
	}
	sw_html(out, "</span>");
}

static void heading(struct evbuffer *out, const json_t *service)
{
	const json_t *listen, *queue = json_object_get(service, "queue");
	size_t i;

	sw_html(out, "<header><h2>");
	sw_html_field(out, service, "name");
	sw_html(out, "</h2><span class=\"sub\">");
	sw_html_field(out, service, "protocol");
	json_array_foreach(json_object_get(service, "listen"), i, listen)
	{
		sw_html(out, " ");
		sw_html_text(out, json_is_string(listen) ? json_string_value(listen) : "");
	}
	sw_html(out, "</span><span class=\"pills\">");
	if (json_is_true(json_object_get(queue, "paused")))
		pill(out, "warn", "paused");
	else if (json_is_false(json_object_get(queue, "ready")))
		pill(out, "warn", "newcomers wait for the database");
	database_pill(out, json_object_get(service, "database"));
	sw_html(out, "</span></header>");
}

static const char *kind_of_use(double used, double limit)
{
	if (used > limit)
		return "bad";
	return limit > 0 && used >= 0.9 * limit ? "warn" : "good";
}

static void budget_bar(struct evbuffer *out, const json_t *budget)
{
	double used = sw_html_value(budget, "used"), limit = sw_html_value(budget, "direct");
	double part = limit > 0 ? used / limit : used > 0;

	sw_html(out, "<div class=\"budget\"><p class=\"big\"><b>");
	sw_html_number(out, used);
	sw_html(out, "</b> of <b>");
	sw_html_number(out, limit);
	sw_html(out, "</b> direct slots</p><p class=\"sub\">");
	sw_html_field(out, budget, "mode");
	sw_html(out, " budget, ");
	sw_html_count(out, budget, "reserved");
	sw_html(out, " reserved");
	if (sw_html_value(budget, "overcommitted") > 0) {
		sw_html(out, ", <span class=\"text-bad\">overcommitted ");
		sw_html_count(out, budget, "overcommitted");
		sw_html(out, " times</span>");
	}
	evbuffer_add_printf(
		out,
		"</p><svg class=\"bar\" viewBox=\"0 0 %d 10\" preserveAspectRatio=\"none\" "
		"aria-hidden=\"true\"><rect class=\"%s\" width=\"%.0f\" height=\"10\"/>"
		"</svg></div>",
		BAR, kind_of_use(used, limit), BAR * (part > 1 ? 1 : part));
}

static void of_two(struct evbuffer *out, const char *title, const json_t *object, const char *part,
		   const char *whole)
{
	evbuffer_add_printf(out, "<div><dt>%s</dt><dd>", title);
	sw_html_count(out, object, part);
	sw_html(out, "<small> of ");
	sw_html_count(out, object, whole);
	sw_html(out, "</small></dd></div>");
}

static void seconds_fact(struct evbuffer *out, const char *title, const json_t *object,
			 const char *key)
{
	evbuffer_add_printf(out, "<div><dt>%s</dt><dd>", title);
	sw_html_seconds(out, object, key);
	sw_html(out, "</dd></div>");
}

static void facts(struct evbuffer *out, const json_t *service, const json_t *queue)
{
	const json_t *pooler = json_object_get(service, "pooler");
	const json_t *database = json_object_get(service, "database");

	sw_html(out, "<dl>");
	if (queue)
		of_two(out, "Waiting", queue, "waiting", "max_waiting");
	seconds_fact(out, "New one waits", queue, "predicted_wait_s");
	seconds_fact(out, "Oldest waits", queue, "oldest_s");
	if (!json_is_string(json_object_get(pooler, "address")))
		sw_html(out, "<div><dt>Pooler</dt><dd>none</dd></div>");
	else if (json_is_false(json_object_get(pooler, "up")))
		sw_html(out, "<div><dt>Pooler</dt><dd class=\"text-bad\">down</dd></div>");
	else
		of_two(out, "Pooler", pooler, "used", "max");
	if (json_is_integer(json_object_get(database, "max_connections")))
		of_two(out, "DB sessions", database, "backends", "max_connections");
	sw_html(out, "</dl>");
}

static const struct lane {
	const char *name, *key;
	enum sw_history_series series;
} lanes[] = {
	{"direct", "direct", SW_HISTORY_DIRECT}, {"pooler", "pooler", SW_HISTORY_POOLER},
	{"queue", "queued", SW_HISTORY_QUEUED},	 {"refuse", "refused", SW_HISTORY_REFUSED},
	{"reset", "reset", SW_HISTORY_RESET},	 {"drop", "dropped", SW_HISTORY_DROPPED},
};

/* A second, and under it how many in all. */
static void lanes_now(struct evbuffer *out, const struct sw_history *history, uint32_t id,
		      const json_t *totals)
{
	sw_html(out, "<ul class=\"lanes\">");
	for (size_t i = 0; i < sizeof(lanes) / sizeof(lanes[0]); i++) {
		double rate;

		evbuffer_add_printf(out, "<li class=\"%s\"><span>%s</span><b>", lanes[i].name,
				    lanes[i].key);
		if (sw_history_rate(history, id, lanes[i].series, &rate))
			sw_html_number(out, rate);
		else
			sw_html(out, "\xe2\x80\x93");
		sw_html(out, "<small>/s</small></b><small>");
		sw_html_count(out, totals, lanes[i].key);
		sw_html(out, " in all</small></li>");
	}
	sw_html(out, "</ul>");
}

static uint32_t id_of(const struct sw_page_data *data, const json_t *service)
{
	const char *name = json_string_value(json_object_get(service, "name"));

	return sw_history_id(data->history, name ? name : "");
}

void sw_page_service(struct evbuffer *out, const struct sw_page_data *data, const json_t *service)
{
	heading(out, service);
	sw_html(out, "<div class=\"figures\">");
	budget_bar(out, json_object_get(service, "budget"));
	facts(out, service, queue_of(data, service));
	sw_html(out, "</div>");
	lanes_now(out, data->history, id_of(data, service), json_object_get(service, "totals"));
}

static void draw(struct evbuffer *out, const struct sw_history *history, uint32_t id,
		 struct sw_chart *chart, enum sw_history_series series)
{
	chart->count = sw_history_points(history, id, series, chart->bands[0]);
	sw_chart_draw(out, chart);
}

/* Who was turned away by any of three lanes is one band. */
static void draw_lanes(struct evbuffer *out, const struct sw_history *history, uint32_t id)
{
	static const enum sw_history_series series[] = {SW_HISTORY_DIRECT, SW_HISTORY_POOLER,
							SW_HISTORY_QUEUED, SW_HISTORY_REFUSED};
	static const enum sw_history_series more[] = {SW_HISTORY_RESET, SW_HISTORY_DROPPED};
	struct sw_chart chart = {.title = "New connections",
				 .unit = "a second",
				 .classes = {"direct", "pooler", "queue", "refuse"}};
	float part[SW_HISTORY_POINTS];

	for (size_t i = 0; i < SW_CHART_BANDS; i++)
		chart.count = sw_history_points(history, id, series[i], chart.bands[i]);
	for (size_t k = 0; k < sizeof(more) / sizeof(more[0]); k++) {
		sw_history_points(history, id, more[k], part);
		for (size_t i = 0; i < chart.count; i++)
			chart.bands[SW_CHART_BANDS - 1][i] += part[i];
	}
	sw_chart_draw(out, &chart);
}

void sw_page_charts(struct evbuffer *out, const struct sw_page_data *data, const json_t *service)
{
	struct sw_chart used = {.title = "Direct slots",
				.unit = "used or budgeted",
				.classes = {"direct"},
				.line_class = "limit"};
	struct sw_chart waiting = {.title = "Waiting", .unit = "connections", .classes = {"queue"}};
	uint32_t id = id_of(data, service);

	sw_history_points(data->history, id, SW_HISTORY_BUDGET, used.line);
	draw(out, data->history, id, &used, SW_HISTORY_USED);
	draw_lanes(out, data->history, id);
	draw(out, data->history, id, &waiting, SW_HISTORY_WAITING);
}
