/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prefixes (declared in core/addr.h): "10.0.0.0/8" to an address and a length in the v4-mapped
 * form, and back.
 */
#include "core/addr.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"

#define WHOLE_LENGTH 128

/* The part in front of the slash; *length_text is what follows it, NULL without one. */
static int split(const char *text, char *addr_text, size_t size, const char **length_text)
{
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);

	if (length >= size)
		return -EINVAL;
	memcpy(addr_text, text, length);
	addr_text[length] = '\0';
	*length_text = slash ? slash + 1 : NULL;
	return 0;
}

/* The length as written counts in the form in which the address was written. */
static int parse_length(const char *text, bool dotted, uint8_t *out, struct sw_error *err)
{
	uint32_t most = dotted ? WHOLE_LENGTH - SW_IPV4_BITS_BEFORE : WHOLE_LENGTH;
	uint32_t value;

	if (sw_parse_u32(text, &value) || value > most)
		return sw_error_set(err, -EINVAL,
				    "the prefix length must be a whole number from 0 to %u", most);
	*out = (uint8_t)(dotted ? value + SW_IPV4_BITS_BEFORE : value);
	return 0;
}

int sw_prefix_parse(const char *text, struct sw_prefix *out, struct sw_error *err)
{
	char addr_text[SW_ADDR_TEXT], meant[SW_PREFIX_TEXT];
	struct sw_prefix prefix = {.len = WHOLE_LENGTH};
	struct sw_addr addr;
	const char *length_text;
	int rc;

	if (split(text, addr_text, sizeof(addr_text), &length_text) ||
	    sw_addr_parse(addr_text, &addr))
		return sw_error_set(err, -EINVAL,
				    "expected an address or a prefix like 10.0.0.0/8 or fd00::/8");
	if (length_text) {
		rc = parse_length(length_text, !strchr(addr_text, ':'), &prefix.len, err);
		if (rc)
			return rc;
	}
	prefix.addr = sw_addr_mask(&addr, prefix.len);
	if (!sw_addr_equal(&prefix.addr, &addr)) {
		sw_prefix_format(&prefix, meant, sizeof(meant));
		return sw_error_set(err, -EINVAL, "bits are set behind the prefix length; write %s",
				    meant);
	}
	*out = prefix;
	return 0;
}

int sw_prefix_format(const struct sw_prefix *prefix, char *buf, size_t size)
{
	char text[SW_ADDR_TEXT];
	unsigned int len = prefix->len;
	int length;

	/* A masked address is only v4-mapped if its length covers the 96 bits that say so. */
	if (sw_addr_is_ipv4(&prefix->addr) && len >= SW_IPV4_BITS_BEFORE)
		len -= SW_IPV4_BITS_BEFORE;
	sw_addr_format(&prefix->addr, text, sizeof(text));
	length = snprintf(NULL, 0, "%s/%u", text, len);
	if ((size_t)length >= size)
		return -ENOSPC;
	snprintf(buf, size, "%s/%u", text, len);
	return 0;
}

bool sw_prefix_contains_addr(const struct sw_prefix *prefix, const struct sw_addr *addr)
{
	struct sw_addr masked = sw_addr_mask(addr, prefix->len);

	return sw_addr_equal(&masked, &prefix->addr);
}

bool sw_prefix_contains(const struct sw_prefix *outer, const struct sw_prefix *inner)
{
	return outer->len <= inner->len && sw_prefix_contains_addr(outer, &inner->addr);
}

bool sw_prefix_equal(const struct sw_prefix *a, const struct sw_prefix *b)
{
	return a->len == b->len && sw_addr_equal(&a->addr, &b->addr);
}
