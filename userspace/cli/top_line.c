/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See top_line.h.
 */
#include "cli/top_line.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/top_screen.h"

#define REST_MIN 10
#define CELL_MAX 128

int sw_top_line_text(int y, int x, enum sw_style style, const char *text)
{
	int room = COLS - x;

	if (y < 0 || y >= LINES || room <= 0)
		return x;
	attron(sw_top_screen_style(style));
	mvaddnstr(y, x, text, room);
	attroff(sw_top_screen_style(style));
	return x + (int)strlen(text);
}

struct sw_top_line sw_top_line_begin(const struct sw_top_column *columns, int count, int y)
{
	struct sw_top_line line = {.columns = columns, .count = count, .y = y, .rest = COLS};

	for (int i = 0; i < count; i++) {
		if (COLS >= columns[i].from)
			line.rest -= columns[i].width ? columns[i].width : 0;
	}
	if (line.rest < REST_MIN)
		line.rest = REST_MIN;
	return line;
}

static int width_of(const struct sw_top_line *line, int i)
{
	return line->columns[i].width ? line->columns[i].width : line->rest;
}

/* One sign of each column stays free, so that neighbours do not touch. */
static void put(struct sw_top_line *line, attr_t attributes, const char *text)
{
	const struct sw_top_column *column = &line->columns[line->next];
	int width = width_of(line, line->next), length = (int)strlen(text);
	char cut[CELL_MAX];

	line->next++;
	if (COLS < column->from)
		return;
	snprintf(cut, sizeof(cut), "%s", text);
	if (length > width - 1 && width - 1 < CELL_MAX) {
		length = width - 1;
		cut[length - 1] = '~';
		cut[length] = '\0';
	}
	if (line->x < COLS && line->y < LINES) {
		attron(attributes);
		mvaddnstr(line->y, line->x + (column->right ? width - 1 - length : 0), cut,
			  COLS - line->x);
		attroff(attributes);
	}
	line->x += width;
}

void sw_top_line_cell(struct sw_top_line *line, enum sw_style style, const char *fmt, ...)
{
	char text[CELL_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	put(line, sw_top_screen_style(style), text);
}

void sw_top_line_titles(const struct sw_top_column *columns, int count, int y, int marked)
{
	struct sw_top_line line = sw_top_line_begin(columns, count, y);

	if (y < 0 || y >= LINES)
		return;
	attron(A_REVERSE);
	mvhline(y, 0, ' ', COLS);
	for (int i = 0; i < count; i++)
		put(&line, i == marked ? A_BOLD | A_UNDERLINE : A_NORMAL, columns[i].title);
	attroff(A_REVERSE);
}

const char *sw_top_line_number(double value, char *buf, size_t size)
{
	static const char units[] = " kMGT";
	size_t unit = 0;

	while (fabs(value) >= 99999.5 || (unit > 0 && fabs(value) >= 999.95)) {
		if (!units[unit + 1])
			break;
		value /= 1000;
		unit++;
	}
	if (unit)
		snprintf(buf, size, "%.1f%c", value, units[unit]);
	else if (value != floor(value) && fabs(value) < 1000)
		snprintf(buf, size, "%.1f", value);
	else
		snprintf(buf, size, "%.0f", value);
	return buf;
}

const char *sw_top_line_seconds(double seconds, char *buf, size_t size)
{
	if (seconds < 0)
		snprintf(buf, size, "-");
	else
		snprintf(buf, size, "%.1f s", seconds);
	return buf;
}

enum sw_style sw_top_line_use(long long used, long long limit)
{
	if (used > limit)
		return SW_STYLE_BAD;
	if (limit == 0)
		return SW_STYLE_PLAIN;
	return used * 10 >= limit * 9 ? SW_STYLE_WARN : SW_STYLE_GOOD;
}

/* Who is inside is seen, however small the part is. */
void sw_top_line_bar(int y, int x, int width, long long used, long long limit)
{
	int inner = width - 2;
	long long filled = limit > 0 ? used * inner / limit : used > 0 ? inner : 0;
	attr_t style = sw_top_screen_style(sw_top_line_use(used, limit));

	if (y >= LINES || inner < 1 || x + width > COLS)
		return;
	if (used > 0 && filled == 0)
		filled = 1;
	if (filled > inner)
		filled = inner;
	mvaddch(y, x, '[');
	attron(style);
	for (int i = 0; i < filled; i++)
		addch('|');
	attroff(style);
	mvaddch(y, x + width - 1, ']');
}
