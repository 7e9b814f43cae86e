/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers of the control socket as tests write them down by hand: JSON with ' for ". Include cmocka before this.
 */
#ifndef TESTS_ANSWER_JSON_H
#define TESTS_ANSWER_JSON_H

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *parse(const char *text)
{
	char *quoted = strdup(text);
	json_t *value;

	for (char *at = quoted; *at; at++)
		*at = *at == '\'' ? '"' : *at;
	value = json_loads(quoted, 0, NULL);
	free(quoted);
	assert_non_null(value);
	return value;
}

#endif
