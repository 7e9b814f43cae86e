/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keys of `spillway top`: what each changes in the view, and what it asks for.
 */
#include <curses.h>
#include <stdlib.h>
#include <string.h>

#include "cli/top_view.h"

#define ESCAPE	  27
#define BACKSPACE 127

const struct sw_top_key_row sw_top_key_rows[] = {
	{"q, ctrl-c", "q quit", "leave"},
	{"?, h", "? help", "these keys; any key leads back"},
	{"s", "s sort", "order of sources: live, rate, refused, waiting"},
	{"/", "/ filter", "sources with this text in address or class; escape: all"},
	{"tab", "tab service", "one service after the other, then all"},
	{"d", "d deny", "deny the selected source for ten minutes, after a question"},
	{"p", "p pause", "pause the service, or resume it, after a question"},
	{"space, z", "z freeze", "what is shown stays; again: it goes on"},
	{"up, down, k, j", NULL, "select a source; also page up, page down, home, end"},
	{NULL, NULL, NULL},
};

static void move_by(struct sw_top_view *view, const struct sw_top_data *data, long by)
{
	const struct sw_top_source **rows;
	size_t count;
	long row;

	rows = sw_top_rows(view, data, &count);
	if (count) {
		row = (long)sw_top_select(view, rows, count) + by;
		if (row < 0)
			row = 0;
		if (row >= (long)count)
			row = (long)count - 1;
		memcpy(view->source, rows[row]->source, sizeof(view->source));
		memcpy(view->of_service, rows[row]->service, sizeof(view->of_service));
		view->row = (size_t)row;
	}
	free(rows);
}

/* After the last one come all. */
static void next_service(struct sw_top_view *view, const struct sw_top_data *data)
{
	size_t next = 0;

	for (size_t i = 0; i < data->service_count; i++) {
		if (strcmp(data->services[i].name, view->service) == 0)
			next = i + 1;
	}
	if (view->service[0] && next >= data->service_count)
		view->service[0] = '\0';
	else if (next < data->service_count)
		memcpy(view->service, data->services[next].name, sizeof(view->service));
}

static void ask_to_deny(struct sw_top_view *view, const struct sw_top_data *data)
{
	const struct sw_top_source **rows;
	size_t count;

	rows = sw_top_rows(view, data, &count);
	if (count) {
		const struct sw_top_source *at = rows[sw_top_select(view, rows, count)];

		view->state = SW_TOP_ASKS;
		view->change = SW_TOP_DENY;
		memcpy(view->target, at->source, sizeof(view->target));
		memcpy(view->target_service, at->service, sizeof(view->target_service));
	}
	free(rows);
}

static void ask_to_pause(struct sw_top_view *view, const struct sw_top_data *data)
{
	const struct sw_top_service *service = sw_top_subject(view, data);

	if (!service)
		return;
	view->state = SW_TOP_ASKS;
	view->change = service->paused ? SW_TOP_RESUME : SW_TOP_PAUSE;
	memcpy(view->target_service, service->name, sizeof(view->target_service));
}

static void filter_key(struct sw_top_view *view, int key)
{
	size_t length = strlen(view->filter);

	if (key == '\n' || key == '\r' || key == KEY_ENTER || key == KEY_UP || key == KEY_DOWN) {
		view->state = SW_TOP_BROWSES;
	} else if (key == ESCAPE) {
		view->filter[0] = '\0';
		view->state = SW_TOP_BROWSES;
	} else if (key == KEY_BACKSPACE || key == BACKSPACE || key == '\b') {
		if (length)
			view->filter[length - 1] = '\0';
	} else if (key > ' ' && key <= '~' && length + 1 < sizeof(view->filter)) {
		view->filter[length] = (char)key;
		view->filter[length + 1] = '\0';
	}
}

static enum sw_top_action moving_key(struct sw_top_view *view, const struct sw_top_data *data,
				     int key)
{
	const struct {
		int key;
		long by;
	} rows[] = {
		{KEY_UP, -1},
		{'k', -1},
		{KEY_DOWN, 1},
		{'j', 1},
		{KEY_PPAGE, -(long)view->page},
		{KEY_NPAGE, (long)view->page},
		{KEY_HOME, -(long)data->source_count},
		{KEY_END, (long)data->source_count},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].key == key)
			move_by(view, data, rows[i].by);
	}
	return SW_TOP_NOTHING;
}

static enum sw_top_action browsing_key(struct sw_top_view *view, const struct sw_top_data *data,
				       int key)
{
	switch (key) {
	case 'q':
	case 'Q':
		return SW_TOP_QUIT;
	case '?':
	case 'h':
		view->state = SW_TOP_HELPS;
		return SW_TOP_NOTHING;
	case 's':
		view->sort = (view->sort + 1) % SW_TOP_SORTS;
		return SW_TOP_ORDER;
	case '/':
		view->state = SW_TOP_FILTERS;
		return SW_TOP_ORDER;
	case ESCAPE:
		view->filter[0] = '\0';
		return SW_TOP_ORDER;
	case '\t':
		next_service(view, data);
		return SW_TOP_NOTHING;
	case ' ':
	case 'z':
		view->frozen = !view->frozen;
		return SW_TOP_ORDER;
	case 'd':
		ask_to_deny(view, data);
		return SW_TOP_NOTHING;
	case 'p':
		ask_to_pause(view, data);
		return SW_TOP_NOTHING;
	default:
		return moving_key(view, data, key);
	}
}

enum sw_top_action sw_top_key(struct sw_top_view *view, const struct sw_top_data *data, int key)
{
	switch (view->state) {
	case SW_TOP_HELPS:
		view->state = SW_TOP_BROWSES;
		return SW_TOP_NOTHING;
	case SW_TOP_FILTERS:
		filter_key(view, key);
		return SW_TOP_ORDER;
	case SW_TOP_ASKS:
		/* Whatever is not a yes is a no. */
		view->state = SW_TOP_BROWSES;
		return key == 'y' || key == 'Y' ? SW_TOP_CHANGE : SW_TOP_NOTHING;
	default:
		return browsing_key(view, data, key);
	}
}
