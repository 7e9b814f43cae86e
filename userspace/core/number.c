/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parses and formats numbers, durations and rates. See number.h for what is accepted.
 * No strtoul(): it takes blanks and signs, and says nothing about what follows the digits.
 */
#include "core/number.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"

#define UNLIMITED "unlimited"

struct unit {
	const char *name;
	uint64_t ns;
};

/* Largest first: formatting takes the first that divides. */
static const struct unit duration_units[] = {
	{"h", 3600 * SW_NS_PER_S}, {"m", 60 * SW_NS_PER_S}, {"s", SW_NS_PER_S},
	{"ms", SW_NS_PER_MS},	   {"us", SW_NS_PER_US},    {"ns", 1},
};

static const struct unit rate_units[] = {
	{"s", SW_NS_PER_S},
	{"m", 60 * SW_NS_PER_S},
	{"h", 3600 * SW_NS_PER_S},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Reads the leading digits and returns what follows in *rest. */
static int parse_digits(const char *text, uint64_t *out, const char **rest)
{
	uint64_t value = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
			return -ERANGE;
	}
	if (at == text)
		return -EINVAL;
	*out = value;
	*rest = at;
	return 0;
}

int sw_parse_u64(const char *text, uint64_t *out)
{
	const char *rest;
	uint64_t value;
	int rc = parse_digits(text, &value, &rest);

	/* Junk is junk, also behind a number that is too large. */
	if (text[strspn(text, "0123456789")] != '\0')
		return -EINVAL;
	if (rc)
		return rc;
	*out = value;
	return 0;
}

int sw_parse_u32(const char *text, uint32_t *out)
{
	uint64_t value;
	int rc = sw_parse_u64(text, &value);

	if (rc)
		return rc;
	if (value > UINT32_MAX)
		return -ERANGE;
	*out = (uint32_t)value;
	return 0;
}

static const struct unit *find_unit(const struct unit *units, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(units[i].name, name) == 0)
			return &units[i];
	}
	return NULL;
}

int sw_parse_duration(const char *text, uint64_t *out_ns)
{
	const struct unit *unit;
	uint64_t value, ns;
	const char *rest = text + strspn(text, "0123456789");
	int rc;

	unit = find_unit(duration_units, COUNT_OF(duration_units), rest);
	if (!unit)
		return -EINVAL;
	rc = parse_digits(text, &value, &rest);
	if (rc)
		return rc;
	if (__builtin_mul_overflow(value, unit->ns, &ns))
		return -ERANGE;
	*out_ns = ns;
	return 0;
}

int sw_parse_rate(const char *text, struct sw_rate *out)
{
	const struct unit *unit;
	uint64_t count;
	const char *rest = text + strspn(text, "0123456789");
	int rc;

	if (strcmp(text, UNLIMITED) == 0) {
		*out = (struct sw_rate){.count = 0, .per_ns = SW_NS_PER_S};
		return 0;
	}
	unit = *rest == '/' ? find_unit(rate_units, COUNT_OF(rate_units), rest + 1) : NULL;
	if (!unit)
		return -EINVAL;
	rc = parse_digits(text, &count, &rest);
	if (rc)
		return rc;
	if (count == 0 || count > unit->ns)
		return -ERANGE;
	*out = (struct sw_rate){.count = count, .per_ns = unit->ns};
	return 0;
}

static int fitted(int length, size_t size)
{
	return length >= 0 && (size_t)length < size ? 0 : -ENOSPC;
}

int sw_format_duration(uint64_t ns, char *buf, size_t size)
{
	const struct unit *unit = duration_units;

	if (ns == 0)
		return fitted(snprintf(buf, size, "0s"), size);
	while (ns % unit->ns)
		unit++;
	return fitted(snprintf(buf, size, "%" PRIu64 "%s", ns / unit->ns, unit->name), size);
}

int sw_format_rate(const struct sw_rate *rate, char *buf, size_t size)
{
	if (rate->count == 0)
		return fitted(snprintf(buf, size, UNLIMITED), size);
	for (size_t i = 0; i < COUNT_OF(rate_units); i++) {
		if (rate_units[i].ns == rate->per_ns)
			return fitted(snprintf(buf, size, "%" PRIu64 "/%s", rate->count,
					       rate_units[i].name),
				      size);
	}
	return -EINVAL;
}
