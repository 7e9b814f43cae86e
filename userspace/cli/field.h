/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading replies: values of a JSON object by key, with a stand-in for what is missing.
 * Used by the verbs' renderers, which never have to fail over a key that an older daemon lacks.
 */
#ifndef SW_CLI_FIELD_H
#define SW_CLI_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>

#include "cli/table.h"

#define SW_FIELD_TEXT 64

/* A string, or "-". */
const char *sw_field_text(const json_t *object, const char *key);
/* A number, or 0: also for one that is beyond long long. */
long long sw_field_int(const json_t *object, const char *key);
bool sw_field_true(const json_t *object, const char *key);

/* Any value in a few characters: "-" for what is missing or null, yes/no for truth. buf is used if needed. */
const char *sw_field_show(const json_t *value, char *buf, size_t size);

/* One plain cell for each key of the NULL-ended list. */
void sw_field_cells(struct sw_table *table, const json_t *object, const char *const *keys);

/* The two largest units: "3d 4h", "12m 5s", "10m". */
const char *sw_field_age(long long seconds, char *buf, size_t size);

#endif
