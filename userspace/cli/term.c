/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Terminal detection and styles. Escape sequences are written here and nowhere else.
 */
#include "cli/term.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/cleanup.h"

#define WIDTH_UNKNOWN 80

static const char *const style_codes[] = {
	[SW_STYLE_PLAIN] = "",	      [SW_STYLE_BOLD] = "\033[1m",  [SW_STYLE_DIM] = "\033[2m",
	[SW_STYLE_GOOD] = "\033[32m", [SW_STYLE_WARN] = "\033[33m", [SW_STYLE_BAD] = "\033[31m",
};

const char *const sw_color_names[] = {
	[SW_COLOR_AUTO] = "auto", [SW_COLOR_ALWAYS] = "always", [SW_COLOR_NEVER] = "never"};

static bool wants_color(const struct sw_term *term, enum sw_color color)
{
	const char *no_color = getenv("NO_COLOR");
	const char *name = getenv("TERM");

	if (color != SW_COLOR_AUTO)
		return color == SW_COLOR_ALWAYS;
	return term->tty && !(no_color && no_color[0]) && name && strcmp(name, "dumb") != 0;
}

void sw_term_init(struct sw_term *term, int fd, enum sw_color color)
{
	struct winsize size;

	term->tty = isatty(fd) == 1;
	term->width = WIDTH_UNKNOWN;
	if (term->tty && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		term->width = size.ws_col;
	term->color = wants_color(term, color);
}

const char *sw_term_begin(const struct sw_term *term, enum sw_style style)
{
	return term->color ? style_codes[style] : "";
}

const char *sw_term_end(const struct sw_term *term, enum sw_style style)
{
	return term->color && style != SW_STYLE_PLAIN ? "\033[0m" : "";
}

void sw_term_clean(char *text)
{
	for (; *text; text++) {
		if (*text != '\n' && (*text < ' ' || *text > '~'))
			*text = '?';
	}
}

void sw_term_print(const char *fmt, ...)
{
	SW_FREE char *text = NULL;
	va_list args;
	int length;

	va_start(args, fmt);
	length = vasprintf(&text, fmt, args);
	va_end(args);
	if (length < 0) {
		text = NULL;
		return;
	}
	sw_term_clean(text);
	fputs(text, stdout);
}
