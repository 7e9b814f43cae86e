/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the text of an option to its value. See options_value.h.
 */
#include "options_value.h"

#include <errno.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/number.h"
#include "sources.h"
#include "spread.h"

int sw_value_text(const char *text, void *field, struct sw_error *err)
{
	(void)err;
	*(const char **)field = text;
	return 0;
}

int sw_value_u32(const char *text, void *field, struct sw_error *err)
{
	int rc = sw_parse_u32(text, field);

	return rc ? sw_error_set(err, rc, "'%s': not a number from 0 to %u", text, UINT32_MAX) : 0;
}

int sw_value_duration(const char *text, void *field, struct sw_error *err)
{
	int rc = sw_parse_duration(text, field);

	return rc ? sw_error_set(err, rc, "'%s': not a duration such as 500ms, 10s, 5m", text) : 0;
}

int sw_value_rate(const char *text, void *field, struct sw_error *err)
{
	struct sw_rate rate;

	if (sw_parse_rate(text, &rate) || rate.count == 0)
		return sw_error_set(err, -EINVAL, "'%s': not a rate such as 100/s, 30/m", text);
	*(struct sw_rate *)field = rate;
	return 0;
}

int sw_value_target(const char *text, void *field, struct sw_error *err)
{
	struct sw_endpoint endpoint;
	int rc = sw_endpoint_parse(text, &endpoint);

	if (rc || endpoint.any)
		return sw_error_set(
			err, -EINVAL,
			"'%s': not ADDRESS:PORT or [IPV6]:PORT (names are not resolved)", text);
	*(struct sw_endpoint *)field = endpoint;
	return 0;
}

int sw_value_address(const char *text, void *field, struct sw_error *err)
{
	int rc = sw_addr_parse(text, field);

	return rc ? sw_error_set(err, rc, "'%s': not an IPv4 or IPv6 address", text) : 0;
}

int sw_value_spread(const char *text, void *field, struct sw_error *err)
{
	return sw_spread_parse(text, field, err);
}

int sw_value_sources(const char *text, void *field, struct sw_error *err)
{
	return sw_sources_parse(text, field, err);
}
