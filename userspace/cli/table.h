/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Aligned columns: widths come from the content, numbers stand right. Only on a terminal that is too narrow
 * is the widest text column cut; what is piped is always whole. Used by every verb that prints rows.
 */
#ifndef SW_CLI_TABLE_H
#define SW_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/term.h"
#include "core/cleanup.h"

struct sw_column {
	const char *title;
	bool right;
};

struct sw_table;

/* columns must outlive the table. Running out of memory shows when printing. */
struct sw_table *sw_table_new(const struct sw_column *columns, size_t count);
void sw_table_free(struct sw_table *table);

static inline void sw_table_cleanup(struct sw_table **table)
{
	sw_table_free(*table);
}
#define SW_TABLE_FREE SW_CLEANUP(sw_table_cleanup)

/* The next cell; a row is complete with its last column. Control characters in it are replaced. */
void sw_table_add(struct sw_table *table, enum sw_style style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The titles, then the rows. 0 or -ENOMEM, with nothing printed. */
int sw_table_print(const struct sw_table *table, const struct sw_term *term, FILE *out);

#endif
