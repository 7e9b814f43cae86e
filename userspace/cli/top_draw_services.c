/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Budgets and lanes of the services on the screen of `spillway top`.
 */
#include "cli/top_draw_parts.h"

#include <string.h>

#include "cli/top_line.h"
#include "cli/top_screen.h"

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

/* In a word or two of what `status` says in a sentence. */
static const char *short_of(const char *why)
{
	static const char *const words[][2] = {
		{"nobody_listens", "no listener"},
		{"turns_away", "turns away"},
		{"monitor_unanswered", "no answer"},
	};

	for (int i = 0; i < COUNT(words); i++) {
		if (strcmp(words[i][0], why) == 0)
			return words[i][1];
	}
	return why;
}

static void database_cell(struct sw_top_line *line, const struct sw_top_service *service)
{
	if (!service->database_is_asked)
		sw_top_line_cell(line, SW_STYLE_DIM, "-");
	else if (!service->database_is_up)
		sw_top_line_cell(line, SW_STYLE_BAD, "down: %s", short_of(service->why));
	else if (service->max_connections)
		sw_top_line_cell(line, SW_STYLE_GOOD, "up %lld/%lld", service->backends,
				 service->max_connections);
	else
		sw_top_line_cell(line, SW_STYLE_GOOD, "up");
}

static void pooler_cell(struct sw_top_line *line, const struct sw_top_service *service)
{
	if (!service->has_pooler)
		sw_top_line_cell(line, SW_STYLE_DIM, "-");
	else if (service->pooler_is_down)
		sw_top_line_cell(line, SW_STYLE_BAD, "down");
	else
		sw_top_line_cell(line, sw_top_line_use(service->pooler_used, service->pooler_max),
				 "%lld/%lld", service->pooler_used, service->pooler_max);
}

/* Which services there is room for: from which on, so that the chosen one is among them. */
static size_t first_service(const struct sw_top_view *view, const struct sw_top_data *data,
			    size_t room)
{
	for (size_t i = 0; i < data->service_count; i++) {
		if (strcmp(data->services[i].name, view->service) == 0)
			return i + 1 > room ? i + 1 - room : 0;
	}
	return 0;
}

static enum sw_style name_style(const struct sw_top_view *view, const char *service)
{
	return view->service[0] && sw_top_shows(view, service) ? SW_STYLE_BOLD : SW_STYLE_PLAIN;
}

static int draw_budgets(const struct sw_top_view *view, const struct sw_top_data *data, int y,
			size_t first, size_t count)
{
	static const struct sw_top_column columns[] = {
		{"SERVICE", SW_TOP_NAME_WIDTH, false, 0},
		{"BUDGET", 0, false, 0},
		{"USED", 10, true, 0},
		{"MODE", 9, true, 0},
		{"POOLER", 11, true, 0},
		{"", 1, false, 0},
		{"DATABASE", 18, false, 0},
		{"OVER", 6, true, 92},
	};

	sw_top_line_titles(columns, COUNT(columns), y, -1);
	for (size_t i = first; i < first + count; i++) {
		const struct sw_top_service *service = &data->services[i];
		struct sw_top_line line = sw_top_line_begin(columns, COUNT(columns), ++y);

		sw_top_line_cell(&line, name_style(view, service->name), "%s", service->name);
		sw_top_line_bar(y, line.x, line.rest - 1, service->used, service->budget);
		line.x += line.rest, line.next++;
		sw_top_line_cell(&line, sw_top_line_use(service->used, service->budget),
				 "%lld/%lld", service->used, service->budget);
		sw_top_line_cell(&line, SW_STYLE_PLAIN, "%s", service->budget_mode);
		pooler_cell(&line, service);
		sw_top_line_cell(&line, SW_STYLE_PLAIN, "%s", "");
		database_cell(&line, service);
		sw_top_line_cell(&line, service->overcommitted ? SW_STYLE_BAD : SW_STYLE_PLAIN,
				 "%lld", service->overcommitted);
	}
	return y + 1;
}

static void rate_cells(struct sw_top_line *line, const struct sw_top_service *service)
{
	char buf[32];

	for (int lane = 0; lane < SW_TOP_LANES; lane++) {
		bool is_bad = lane >= SW_TOP_REFUSED && service->rates[lane] > 0;

		if (service->has_rates)
			sw_top_line_cell(
				line, is_bad ? SW_STYLE_WARN : SW_STYLE_PLAIN, "%s",
				sw_top_line_number(service->rates[lane], buf, sizeof(buf)));
		else
			sw_top_line_cell(line, SW_STYLE_DIM, "-");
	}
}

static void queue_cells(struct sw_top_line *line, const struct sw_top_service *service)
{
	char buf[32];

	sw_top_line_cell(line, service->waiting ? SW_STYLE_WARN : SW_STYLE_PLAIN, "%lld",
			 service->waiting);
	if (service->paused)
		sw_top_line_cell(line, SW_STYLE_WARN, "paused");
	else if (!service->ready)
		sw_top_line_cell(line, SW_STYLE_WARN, "held");
	else
		sw_top_line_cell(line, SW_STYLE_PLAIN, "%s",
				 sw_top_line_seconds(service->predicted_s, buf, sizeof(buf)));
	sw_top_line_cell(line, SW_STYLE_PLAIN, "%s",
			 sw_top_line_seconds(service->oldest_s, buf, sizeof(buf)));
	if (service->admitted_per_s < 0)
		sw_top_line_cell(line, SW_STYLE_DIM, "-");
	else
		sw_top_line_cell(line, SW_STYLE_PLAIN, "%.1f", service->admitted_per_s);
}

static int draw_lanes(const struct sw_top_view *view, const struct sw_top_data *data, int y,
		      size_t first, size_t count)
{
	static const struct sw_top_column columns[] = {
		{"A SECOND", 0, false, 0}, {"SYN", 7, true, 0},	    {"DIRECT", 7, true, 0},
		{"POOLER", 7, true, 0},	   {"QUEUED", 7, true, 0},  {"REFUSED", 8, true, 0},
		{"RESET", 6, true, 0},	   {"DROPPED", 8, true, 0}, {"WAITING", 8, true, 0},
		{"NEW ONE", 9, true, 0},   {"OLDEST", 9, true, 90}, {"LET IN", 8, true, 98},
	};

	sw_top_line_titles(columns, COUNT(columns), y, -1);
	for (size_t i = first; i < first + count; i++) {
		const struct sw_top_service *service = &data->services[i];
		struct sw_top_line line = sw_top_line_begin(columns, COUNT(columns), ++y);

		sw_top_line_cell(&line, name_style(view, service->name), "%s", service->name);
		rate_cells(&line, service);
		queue_cells(&line, service);
	}
	return y + 1;
}

int sw_top_draw_services(const struct sw_top_view *view, const struct sw_top_data *data, int y)
{
	size_t room = (size_t)(LINES - 4) / 6, first, count = data->service_count;

	if (room < 1)
		room = 1;
	first = first_service(view, data, room);
	if (count - first > room)
		count = room;
	else
		count -= first;
	y = draw_budgets(view, data, y, first, count);
	if (y + (int)count + 3 < LINES)
		y = draw_lanes(view, data, y, first, count);
	return y;
}
