/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values by their rows: text into the tree, the tree into text. Internal to config/.
 * base is the struct that the row's object stands for.
 */
#ifndef SW_CONFIG_VALUE_H
#define SW_CONFIG_VALUE_H

#include "config/keys.h"

/* Room for "found …" with the text cut, and for what is expected. */
#define SW_FOUND_TEXT	 80
#define SW_EXPECTED_TEXT 256

/* Every formatted value fits: the longest is a conninfo. */
#define SW_VALUE_TEXT (SW_CONFIG_CONNINFO_MAX + 1)

/* Single values. The error is "found 'eighty', expected a whole number from 0 to 1000000". */
int sw_value_parse(const struct sw_key *key, void *base, const char *text, struct sw_error *err);
void sw_value_format(const struct sw_key *key, const void *base, char *buf, size_t size);

/* One more element of a list of lanes, endpoints or prefixes. */
int sw_value_append(const struct sw_key *key, void *base, const char *text, struct sw_mark at,
		    struct sw_error *err);

/* Fills in all defaults of an object; arrays stay as they are. */
void sw_value_defaults(enum sw_object object, void *base);

/* "'eighty'", cut and with what is not printable replaced. */
void sw_value_quote(const char *text, char *buf, size_t size);

/* "expected a whole number from 0 to 1000000" */
void sw_value_expected(const struct sw_key *key, char *buf, size_t size);

bool sw_value_is_set(const struct sw_key *key, const void *base);
/* Set, or made different from the default by code. */
bool sw_value_is_given(const struct sw_key *key, const void *base);
void sw_value_mark_set(const struct sw_key *key, void *base, struct sw_mark at);

/* Where the value stands, else the object; line 0 if neither came from a file. */
struct sw_mark sw_value_mark(const struct sw_key *key, const void *base);

static inline void *sw_value_at(const struct sw_key *key, void *base)
{
	return (char *)base + key->offset;
}

static inline const void *sw_value_at_const(const struct sw_key *key, const void *base)
{
	return (const char *)base + key->offset;
}

#endif
