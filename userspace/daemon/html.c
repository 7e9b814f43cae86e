/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See html.h.
 */
#include "daemon/html.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DASH "\xe2\x80\x93"

static const char *escape_of(char sign)
{
	switch (sign) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return (unsigned char)sign < ' ' || sign == 127 ? " " : NULL;
	}
}

void sw_html_text(struct evbuffer *out, const char *text)
{
	const char *plain = text;

	for (; *text; text++) {
		const char *escape = escape_of(*text);

		if (!escape)
			continue;
		evbuffer_add(out, plain, (size_t)(text - plain));
		evbuffer_add(out, escape, strlen(escape));
		plain = text + 1;
	}
	evbuffer_add(out, plain, (size_t)(text - plain));
}

void sw_html_field(struct evbuffer *out, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	sw_html_text(out, text ? text : DASH);
}

/* In groups of three. */
static void whole_number(struct evbuffer *out, double value)
{
	char digits[32];
	size_t length;

	snprintf(digits, sizeof(digits), "%.0f", value);
	length = strlen(digits);
	for (size_t i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-')
			evbuffer_add(out, ",", 1);
		evbuffer_add(out, &digits[i], 1);
	}
}

void sw_html_number(struct evbuffer *out, double value)
{
	static const char units[] = " kMGT";
	size_t unit = 0;

	if (fabs(value) < 999999.5) {
		if (value != floor(value) && fabs(value) < 99.95)
			evbuffer_add_printf(out, "%.1f", value);
		else
			whole_number(out, value);
		return;
	}
	while (fabs(value) >= 999.95 && units[unit + 1]) {
		value /= 1000;
		unit++;
	}
	evbuffer_add_printf(out, "%.1f%c", value, units[unit]);
}

double sw_html_value(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

void sw_html_count(struct evbuffer *out, const json_t *object, const char *key)
{
	sw_html_number(out, sw_html_value(object, key));
}

void sw_html_seconds(struct evbuffer *out, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_number(value))
		sw_html(out, DASH);
	else if (json_number_value(value) < 99.95)
		evbuffer_add_printf(out, "%.1f s", json_number_value(value));
	else
		evbuffer_add_printf(out, "%.0f min", ceil(json_number_value(value) / 60));
}

void sw_html_age(struct evbuffer *out, long long seconds)
{
	if (seconds >= 86400)
		evbuffer_add_printf(out, "%lldd %lldh", seconds / 86400, seconds % 86400 / 3600);
	else if (seconds >= 3600)
		evbuffer_add_printf(out, "%lldh %lldm", seconds / 3600, seconds % 3600 / 60);
	else if (seconds >= 60)
		evbuffer_add_printf(out, "%lldm %llds", seconds / 60, seconds % 60);
	else
		evbuffer_add_printf(out, "%llds", seconds);
}
