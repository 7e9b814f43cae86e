/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole documents on stdout: JSON, and text that is passed on as it is. Used by main.c and the verbs.
 */
#ifndef SW_CLI_OUTPUT_H
#define SW_CLI_OUTPUT_H

#include <jansson.h>

#include "core/cleanup.h"

static inline void sw_json_cleanup(json_t **value)
{
	json_decref(*value);
}
#define SW_JSON_FREE SW_CLEANUP(sw_json_cleanup)

/* Indented, keys in the order in which the daemon sent them, a newline at the end. */
void sw_output_json(const json_t *document);

/* The string at key, byte for byte, with a newline at the end. */
void sw_output_text(const json_t *result, const char *key);

#endif
