/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fills struct sw_error. A text that does not fit is cut and ends in "...".
 * The arguments may point into the error itself (to put a place in front of a text).
 */
#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* At the end of a full text; a UTF-8 character cut in two would make it unfit for JSON. */
static void put_dots(char *text, size_t size)
{
	size_t cut = size - sizeof("...");

	while (cut > 0 && ((unsigned char)text[cut] & 0xc0) == 0x80)
		cut--;
	memcpy(text + cut, "...", sizeof("..."));
}

int sw_error_set(struct sw_error *err, int code, const char *fmt, ...)
{
	char text[sizeof(err->text)];
	va_list args;
	int length;

	if (!err)
		return code;
	va_start(args, fmt);
	length = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (length < 0)
		snprintf(text, sizeof(text), "%s", strerror(-code));
	else if ((size_t)length >= sizeof(text))
		put_dots(text, sizeof(text));
	memcpy(err->text, text, sizeof(text));
	err->code = code;
	return code;
}
