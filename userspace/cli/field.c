/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lenient accessors for reply documents.
 */
#include "cli/field.h"

#include <stdio.h>

const char *sw_field_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "-";
}

long long sw_field_int(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	double real = json_real_value(value);

	if (!json_is_real(value))
		return json_integer_value(value);
	/* The bounds of what converts, which is not all that JSON can say. */
	return real >= -0x1p63 && real < 0x1p63 ? (long long)real : 0;
}

bool sw_field_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

const char *sw_field_show(const json_t *value, char *buf, size_t size)
{
	if (json_is_string(value))
		return json_string_value(value);
	if (json_is_boolean(value))
		return json_is_true(value) ? "yes" : "no";
	if (json_is_integer(value))
		snprintf(buf, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		snprintf(buf, size, "%.1f", json_real_value(value));
	else
		snprintf(buf, size, "-");
	return buf;
}

void sw_field_cells(struct sw_table *table, const json_t *object, const char *const *keys)
{
	char buf[SW_FIELD_TEXT];

	for (; *keys; keys++)
		sw_table_add(table, SW_STYLE_PLAIN, "%s",
			     sw_field_show(json_object_get(object, *keys), buf, sizeof(buf)));
}

const char *sw_field_age(long long seconds, char *buf, size_t size)
{
	static const struct {
		long long seconds;
		char sign;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	size_t i = 0;
	long long rest;

	while (units[i].sign != 's' && seconds < units[i].seconds)
		i++;
	rest = units[i].sign == 's' ? 0 : seconds % units[i].seconds / units[i + 1].seconds;
	if (rest > 0)
		snprintf(buf, size, "%lld%c %lld%c", seconds / units[i].seconds, units[i].sign,
			 rest, units[i + 1].sign);
	else
		snprintf(buf, size, "%lld%c", seconds / units[i].seconds, units[i].sign);
	return buf;
}
