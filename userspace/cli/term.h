/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the output is: a terminal or not, its width, coloured or not; and the few styles used on it.
 * Set up by main.c, used by tables and verbs.
 */
#ifndef SW_CLI_TERM_H
#define SW_CLI_TERM_H

#include <stdbool.h>
#include <stddef.h>

enum sw_color { SW_COLOR_AUTO, SW_COLOR_ALWAYS, SW_COLOR_NEVER };
extern const char *const sw_color_names[];

enum sw_style {
	SW_STYLE_PLAIN,
	SW_STYLE_BOLD,
	SW_STYLE_DIM,
	SW_STYLE_GOOD,
	SW_STYLE_WARN,
	SW_STYLE_BAD
};

struct sw_term {
	bool tty;
	bool color;
	size_t width; /* columns; only meaningful on a terminal */
};

/* auto: on a terminal that is not "dumb", unless NO_COLOR is set to anything. */
void sw_term_init(struct sw_term *term, int fd, enum sw_color color);

/* Escape sequences, or "" without colour. */
const char *sw_term_begin(const struct sw_term *term, enum sw_style style);
const char *sw_term_end(const struct sw_term *term, enum sw_style style);

/* Replaces what is not printable ASCII by '?': names come from elsewhere, and must not drive the terminal. */
void sw_term_clean(char *text);

/* printf() to stdout with the result cleaned; newlines stay. */
void sw_term_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
