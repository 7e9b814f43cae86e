/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See top_draw.h: heading, last line and help, around services (top_draw_services.c) and rows (top_draw_rows.c).
 */
#include "cli/top_draw.h"

#include <stdio.h>
#include <string.h>

#include "cli/field.h"
#include "cli/top_draw_parts.h"
#include "cli/top_line.h"
#include "cli/top_screen.h"

#define ROWS_MIN 8
#define COLS_MIN 40

static void draw_heading(const struct sw_top_view *view, const struct sw_top_data *data,
			 const struct sw_top_words *words)
{
	char line[SW_TOP_TROUBLE + 128], age[SW_FIELD_TEXT], state[64] = "live";
	enum sw_style style = SW_STYLE_GOOD;

	snprintf(line, sizeof(line), "spillway top  mode %s  up %s  %s", data->mode,
		 sw_field_age(data->uptime_s, age, sizeof(age)), data->interfaces);
	sw_top_line_text(0, 0, SW_STYLE_BOLD, line);
	if (words->trouble[0]) {
		snprintf(state, sizeof(state), "no answer for %s",
			 sw_field_age(words->stale_s, age, sizeof(age)));
		style = SW_STYLE_BAD;
	} else if (view->frozen) {
		snprintf(state, sizeof(state), "frozen");
		style = SW_STYLE_WARN;
	}
	move(0, COLS - (int)strlen(state) - 2);
	clrtoeol();
	sw_top_line_text(0, COLS - (int)strlen(state), style, state);
}

static void draw_keys(const struct sw_top_view *view)
{
	char chosen[2 * SW_TOP_TEXT + 2];
	int x = 0;

	for (const struct sw_top_key_row *row = sw_top_key_rows; row->keys; row++) {
		if (row->hint && x + (int)strlen(row->hint) < COLS) {
			x = sw_top_line_text(LINES - 1, x, SW_STYLE_DIM, row->hint);
			x = sw_top_line_text(LINES - 1, x, SW_STYLE_PLAIN, "  ");
		}
	}
	if (!view->service[0] && !view->filter[0])
		return;
	snprintf(chosen, sizeof(chosen), "%s%s%s", view->service, view->filter[0] ? " /" : "",
		 view->filter);
	move(LINES - 1, COLS - (int)strlen(chosen) - 2);
	clrtoeol();
	sw_top_line_text(LINES - 1, COLS - (int)strlen(chosen) - 1, SW_STYLE_BOLD, chosen);
}

static void draw_last_line(const struct sw_top_view *view, const struct sw_top_words *words)
{
	char text[2 * SW_TOP_TEXT + 64];

	if (view->state == SW_TOP_ASKS) {
		sw_top_question(view, text, sizeof(text));
		sw_top_line_text(LINES - 1, 0, SW_STYLE_WARN, text);
	} else if (view->state == SW_TOP_FILTERS) {
		snprintf(text, sizeof(text), "/%s_", view->filter);
		sw_top_line_text(LINES - 1, 0, SW_STYLE_BOLD, text);
	} else if (words->message[0]) {
		sw_top_line_text(LINES - 1, 0, SW_STYLE_BOLD, words->message);
	} else if (words->trouble[0]) {
		sw_top_line_text(LINES - 1, 0, SW_STYLE_BAD, words->trouble);
	} else {
		draw_keys(view);
	}
}

static void draw_help(void)
{
	int y = 0;

	sw_top_line_text(y, 0, SW_STYLE_BOLD, "spillway top " SW_VERSION ": keys");
	y += 2;
	for (const struct sw_top_key_row *row = sw_top_key_rows; row->keys; row++, y++) {
		sw_top_line_text(y, 2, SW_STYLE_BOLD, row->keys);
		sw_top_line_text(y, 18, SW_STYLE_PLAIN, row->help);
	}
	sw_top_line_text(++y, 0, SW_STYLE_PLAIN,
			 "A SECOND is what was decided; NEW ONE what a new connection would wait.");
	sw_top_line_text(LINES - 1, 0, SW_STYLE_DIM, "any key leads back");
}

void sw_top_draw(struct sw_top_view *view, const struct sw_top_data *data,
		 const struct sw_top_words *words)
{
	int y = 1;

	erase();
	if (LINES < ROWS_MIN || COLS < COLS_MIN) {
		sw_top_line_text(0, 0, SW_STYLE_PLAIN, "too small: q quits");
	} else if (view->state == SW_TOP_HELPS) {
		draw_help();
	} else {
		draw_heading(view, data, words);
		y = sw_top_draw_services(view, data, y);
		y = sw_top_draw_classes(view, data, y);
		sw_top_draw_sources(view, data, y);
		draw_last_line(view, words);
	}
	refresh();
}
