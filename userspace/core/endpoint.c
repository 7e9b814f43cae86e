/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Endpoints (declared in core/addr.h): "10.0.0.1:5432", "[fd00::1]:5432", ":5432" and "5432".
 */
#include "core/addr.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"

static int parse_port(const char *text, uint16_t *out)
{
	uint32_t port;
	int rc = sw_parse_u32(text, &port);

	if (rc)
		return rc;
	if (port == 0 || port > UINT16_MAX)
		return -ERANGE;
	*out = (uint16_t)port;
	return 0;
}

/* [start, end) as an address; brackets, already stripped, belong to IPv6 and to nothing else. */
static int parse_host(const char *start, const char *end, bool bracketed, struct sw_addr *out)
{
	char text[SW_ADDR_TEXT];
	size_t length = (size_t)(end - start);

	if (length >= sizeof(text))
		return -EINVAL;
	memcpy(text, start, length);
	text[length] = '\0';
	if (bracketed != (strchr(text, ':') != NULL))
		return -EINVAL;
	return sw_addr_parse(text, out);
}

int sw_endpoint_parse(const char *text, struct sw_endpoint *out)
{
	struct sw_endpoint endpoint = {0};
	const char *colon = strrchr(text, ':');
	bool bracketed = text[0] == '[';
	int rc;

	rc = parse_port(colon ? colon + 1 : text, &endpoint.port);
	if (rc)
		return rc;
	if (!colon || colon == text) {
		endpoint.any = true;
	} else if (bracketed) {
		if (colon[-1] != ']')
			return -EINVAL;
		rc = parse_host(text + 1, colon - 1, true, &endpoint.addr);
	} else {
		rc = parse_host(text, colon, false, &endpoint.addr);
	}
	if (rc)
		return rc;
	*out = endpoint;
	return 0;
}

int sw_endpoint_format(const struct sw_endpoint *endpoint, char *buf, size_t size)
{
	char addr[SW_ADDR_TEXT] = "", text[SW_ENDPOINT_TEXT];
	bool brackets = !endpoint->any && !sw_addr_is_ipv4(&endpoint->addr);
	int length;

	if (!endpoint->any)
		sw_addr_format(&endpoint->addr, addr, sizeof(addr));
	length = snprintf(text, sizeof(text), "%s%s%s:%u", brackets ? "[" : "", addr,
			  brackets ? "]" : "", endpoint->port);
	if ((size_t)length >= size)
		return -ENOSPC;
	memcpy(buf, text, (size_t)length + 1);
	return 0;
}

bool sw_endpoint_equal(const struct sw_endpoint *a, const struct sw_endpoint *b)
{
	return a->port == b->port && a->any == b->any &&
	       (a->any || sw_addr_equal(&a->addr, &b->addr));
}
