/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classes and sources on the screen of `spillway top`.
 */
#include "cli/top_draw_parts.h"

#include <stdlib.h>
#include <string.h>

#include "cli/top_line.h"
#include "cli/top_screen.h"

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

/* The busiest first. */
static int by_use(const void *left, const void *right)
{
	const struct sw_top_class *a = *(const struct sw_top_class *const *)left;
	const struct sw_top_class *b = *(const struct sw_top_class *const *)right;
	long long of_a = a->used + a->waiting, of_b = b->used + b->waiting;

	if (of_a != of_b)
		return of_a > of_b ? -1 : 1;
	return a < b ? -1 : a > b;
}

static void draw_class(const struct sw_top_class *class, const struct sw_top_column *columns,
		       int count, int y)
{
	struct sw_top_line line = sw_top_line_begin(columns, count, y);

	sw_top_line_cell(&line, SW_STYLE_PLAIN, "%s", class->name);
	sw_top_line_cell(&line, SW_STYLE_PLAIN, "%s", class->service);
	sw_top_line_cell(&line, SW_STYLE_PLAIN, "%s", class->action);
	sw_top_line_cell(&line, SW_STYLE_PLAIN, "%lld", class->used);
	sw_top_line_cell(&line, SW_STYLE_PLAIN, "%lld", class->reserved);
	sw_top_line_cell(&line, SW_STYLE_PLAIN, "%lld", class->max_direct);
	sw_top_line_cell(&line, class->waiting ? SW_STYLE_WARN : SW_STYLE_PLAIN, "%lld",
			 class->waiting);
	sw_top_line_cell(&line, SW_STYLE_PLAIN, "%lld", class->weight);
	sw_top_line_cell(&line, SW_STYLE_PLAIN, "%s", class->rate);
}

int sw_top_draw_classes(const struct sw_top_view *view, const struct sw_top_data *data, int y)
{
	static const struct sw_top_column columns[] = {
		{"CLASS", 0, false, 0},	  {"SERVICE", SW_TOP_NAME_WIDTH, false, 0},
		{"ACTION", 8, false, 0},  {"DIRECT", 7, true, 0},
		{"RESERVED", 9, true, 0}, {"MAX", 6, true, 0},
		{"WAITING", 8, true, 0},  {"WEIGHT", 7, true, 0},
		{"RATE", 10, true, 0},
	};
	const struct sw_top_class **rows = calloc(data->class_count + 1, sizeof(void *));
	int room = (LINES - y - 2) / 3, count = 0;

	for (size_t i = 0; rows && i < data->class_count; i++) {
		if (sw_top_shows(view, data->classes[i].service))
			rows[count++] = &data->classes[i];
	}
	if (count)
		qsort(rows, (size_t)count, sizeof(void *), by_use);
	if (count > room - 1)
		count = room - 1;
	if (count > 0) {
		sw_top_line_titles(columns, COUNT(columns), y++, -1);
		for (int i = 0; i < count; i++)
			draw_class(rows[i], columns, COUNT(columns), y++);
	}
	free(rows);
	return y;
}

/* Where several services share a narrow screen, whose a row is counts more than its lanes. */
static int source_columns(const struct sw_top_view *view, const struct sw_top_data *data,
			  struct sw_top_column *out)
{
	static const struct sw_top_column columns[] = {
		{"SOURCE", 0, false, 0}, {"SERVICE", SW_TOP_NAME_WIDTH, false, 0},
		{"CLASS", 12, false, 0}, {"LIVE", 7, true, 0},
		{"DIRECT", 7, true, 0},	 {"POOLER", 7, true, 0},
		{"RATE/S", 8, true, 0},	 {"REFUSED", 9, true, 0},
		{"WAITING", 8, true, 0},
	};
	bool is_one = view->service[0] || data->service_count < 2;

	memcpy(out, columns, sizeof(columns));
	if (is_one)
		out[1].from = 10000;
	else
		out[4].from = out[5].from = 94;
	return COUNT(columns);
}

static void draw_source(const struct sw_top_source *source, const struct sw_top_column *columns,
			int count, int y, bool selected)
{
	struct sw_top_line line = sw_top_line_begin(columns, count, y);
	char buf[32];

	if (selected) {
		attron(A_REVERSE);
		mvhline(y, 0, ' ', COLS);
	}
	sw_top_line_cell(&line, SW_STYLE_PLAIN, "%s", source->source);
	sw_top_line_cell(&line, SW_STYLE_PLAIN, "%s", source->service);
	sw_top_line_cell(&line, SW_STYLE_PLAIN, "%s", source->class);
	sw_top_line_cell(&line, SW_STYLE_PLAIN, "%lld", source->live);
	sw_top_line_cell(&line, SW_STYLE_PLAIN, "%lld", source->direct);
	sw_top_line_cell(&line, SW_STYLE_PLAIN, "%lld", source->pooler);
	sw_top_line_cell(&line, SW_STYLE_PLAIN, "%s",
			 sw_top_line_number(source->rate, buf, sizeof(buf)));
	sw_top_line_cell(&line, SW_STYLE_PLAIN, "%lld", source->refused);
	sw_top_line_cell(&line, SW_STYLE_PLAIN, "%lld", source->waiting);
	attroff(A_REVERSE);
}

void sw_top_draw_sources(struct sw_top_view *view, const struct sw_top_data *data, int y)
{
	static const int sorted[SW_TOP_SORTS] = {[SW_TOP_BY_LIVE] = 3,
						 [SW_TOP_BY_RATE] = 6,
						 [SW_TOP_BY_REFUSED] = 7,
						 [SW_TOP_BY_WAITING] = 8};
	struct sw_top_column columns[9];
	int columns_count = source_columns(view, data, columns), room = LINES - y - 2;
	const struct sw_top_source **rows;
	size_t count, at, first;

	rows = sw_top_rows(view, data, &count);
	at = sw_top_select(view, rows, count);
	view->page = room > 1 ? (size_t)room : 1;
	first = at >= view->page ? at + 1 - view->page : 0;
	sw_top_line_titles(columns, columns_count, y++, sorted[view->sort]);
	for (size_t i = first; i < count && i < first + view->page; i++)
		draw_source(rows[i], columns, columns_count, y++, i == at);
	if (!count)
		sw_top_line_text(y, 0, SW_STYLE_DIM,
				 view->filter[0] ? "no source matches the filter"
						 : "no source has connected lately");
	free(rows);
}
