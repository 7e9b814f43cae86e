/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints documents. Errors stay in stdout's error flag, which main.c looks at in the end.
 */
#include "cli/output.h"

#include <stdio.h>
#include <string.h>

#define REAL_DIGITS 12 /* 123.4, not 123.40000000000001 */

void sw_output_json(const json_t *document)
{
	json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(REAL_DIGITS));
	fputc('\n', stdout);
}

void sw_output_text(const json_t *result, const char *key)
{
	const char *text = json_string_value(json_object_get(result, key));
	size_t length = text ? strlen(text) : 0;

	if (length == 0)
		return;
	fwrite(text, 1, length, stdout);
	if (text[length - 1] != '\n')
		fputc('\n', stdout);
}
