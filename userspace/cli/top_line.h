/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Columns on a screen: which of them fit, and cells within them. Used by the drawing of `spillway top`.
 */
#ifndef SW_CLI_TOP_LINE_H
#define SW_CLI_TOP_LINE_H

#include <stdbool.h>

#include "cli/term.h"

/* width 0: what the others leave, at least 10. from: columns the screen has to have, or it is not shown. */
struct sw_top_column {
	const char *title;
	int width;
	bool right;
	int from;
};

/* A row under way: the columns are gone through in their order. */
struct sw_top_line {
	const struct sw_top_column *columns;
	int count, next, x, y, rest;
};

/* At row y of the screen. */
struct sw_top_line sw_top_line_begin(const struct sw_top_column *columns, int count, int y);
/* The next column's cell, cut if need be. */
void sw_top_line_cell(struct sw_top_line *line, enum sw_style style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The titles, in reverse; the one at index `marked` stands out, -1: none. */
void sw_top_line_titles(const struct sw_top_column *columns, int count, int y, int marked);

/* "7", "0.4", "12.3k", "4.1M"; in at most 6 signs. */
const char *sw_top_line_number(double value, char *buf, size_t size);
/* "1.2 s", "-" below 0. */
const char *sw_top_line_seconds(double seconds, char *buf, size_t size);

/* A bar of so many signs with its brackets. */
void sw_top_line_bar(int y, int x, int width, long long used, long long limit);
enum sw_style sw_top_line_use(long long used, long long limit);

/* Text from x on, cut at the edge. Returns where it ends. */
int sw_top_line_text(int y, int x, enum sw_style style, const char *text);

#endif
