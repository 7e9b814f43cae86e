/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one table printer. Cells are kept row after row in one array and measured when printed.
 */
#include "cli/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define GAP	   2 /* blanks between columns */
#define NARROWEST  8 /* a column is not cut below this */
#define CELLS_STEP 64

struct cell {
	char *text;
	enum sw_style style;
};

struct sw_table {
	const struct sw_column *columns;
	size_t column_count;
	struct cell *cells;
	size_t count, capacity;
	bool failed;
};

struct sw_table *sw_table_new(const struct sw_column *columns, size_t count)
{
	struct sw_table *table = calloc(1, sizeof(*table));

	if (table) {
		table->columns = columns;
		table->column_count = count;
	}
	return table;
}

void sw_table_free(struct sw_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(table);
}

static bool make_room(struct sw_table *table)
{
	size_t capacity = table->capacity ? table->capacity * 2 : CELLS_STEP;
	struct cell *cells;

	if (table->count < table->capacity)
		return true;
	cells = reallocarray(table->cells, capacity, sizeof(*cells));
	if (!cells)
		return false;
	table->cells = cells;
	table->capacity = capacity;
	return true;
}

void sw_table_add(struct sw_table *table, enum sw_style style, const char *fmt, ...)
{
	char *text = NULL;
	va_list args;
	int length;

	if (!table)
		return;
	va_start(args, fmt);
	length = vasprintf(&text, fmt, args);
	va_end(args);
	if (length < 0 || !make_room(table)) {
		if (length >= 0)
			free(text);
		table->failed = true;
		return;
	}
	sw_term_clean(text);
	for (char *c = text; (c = strchr(c, '\n'));)
		*c = '?';
	table->cells[table->count++] = (struct cell){text, style};
}

/* Takes what is too much from the widest text column, as far as that goes. */
static void fit(const struct sw_table *table, size_t *widths, size_t limit)
{
	size_t total = GAP * (table->column_count - 1), widest = table->column_count;

	for (size_t i = 0; i < table->column_count; i++) {
		total += widths[i];
		if (!table->columns[i].right &&
		    (widest == table->column_count || widths[i] > widths[widest]))
			widest = i;
	}
	if (total <= limit || widest == table->column_count || widths[widest] <= NARROWEST)
		return;
	if (widths[widest] - NARROWEST > total - limit)
		widths[widest] -= total - limit;
	else
		widths[widest] = NARROWEST;
}

static void measure(const struct sw_table *table, const struct sw_term *term, size_t *widths)
{
	for (size_t i = 0; i < table->column_count; i++)
		widths[i] = strlen(table->columns[i].title);
	for (size_t i = 0; i < table->count; i++) {
		size_t column = i % table->column_count, length = strlen(table->cells[i].text);

		if (length > widths[column])
			widths[column] = length;
	}
	if (term->tty)
		fit(table, widths, term->width);
}

/* Blanks go outside of the colour, and none stand at the end of a line. */
static void print_cell(const struct sw_table *table, size_t column, size_t width, const char *text,
		       enum sw_style style, const struct sw_term *term, FILE *out)
{
	bool right = table->columns[column].right, last = column + 1 == table->column_count;
	size_t length = strlen(text);
	bool cut = length > width;
	int pad = (int)(cut ? 0 : width - length);

	fprintf(out, "%*s%s%.*s%s%s", right ? pad : 0, "", sw_term_begin(term, style),
		(int)(cut ? width - 1 : length), text, cut ? "~" : "", sw_term_end(term, style));
	if (last)
		fputc('\n', out);
	else
		fprintf(out, "%*s", (right ? 0 : pad) + GAP, "");
}

int sw_table_print(const struct sw_table *table, const struct sw_term *term, FILE *out)
{
	SW_FREE size_t *widths = table ? calloc(table->column_count, sizeof(*widths)) : NULL;

	if (!widths || table->failed)
		return -ENOMEM;
	measure(table, term, widths);
	for (size_t i = 0; i < table->column_count; i++)
		print_cell(table, i, widths[i], table->columns[i].title, SW_STYLE_BOLD, term, out);
	for (size_t i = 0; i < table->count; i++) {
		size_t column = i % table->column_count;

		print_cell(table, column, widths[column], table->cells[i].text,
			   table->cells[i].style, term, out);
	}
	return 0;
}
