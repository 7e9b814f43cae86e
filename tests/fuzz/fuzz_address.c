/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses, prefixes and endpoints: any text is refused with the output untouched, or what is
 * written from it is read as the same; and any 16 bytes can be written and read back.
 */
#include "fuzz.h"

#include "core/addr.h"
#include "core/cleanup.h"

#define UNTOUCHED 0xa5

static int is_untouched(const void *object, size_t size)
{
	const uint8_t *bytes = object;

	for (size_t i = 0; i < size; i++)
		if (bytes[i] != UNTOUCHED)
			return 0;
	return 1;
}

static void check_addr(const char *text)
{
	char written[SW_ADDR_TEXT];
	struct sw_addr addr, again;

	memset(&addr, UNTOUCHED, sizeof(addr));
	if (sw_addr_parse(text, &addr)) {
		MUST(is_untouched(&addr, sizeof(addr)));
		return;
	}
	MUST(!sw_addr_format(&addr, written, sizeof(written)));
	MUST(!sw_addr_parse(written, &again) && sw_addr_equal(&addr, &again));
}

static void check_same_prefix(const struct sw_prefix *prefix)
{
	struct sw_error err = {};
	char written[SW_PREFIX_TEXT];
	struct sw_prefix again;

	MUST(!sw_prefix_format(prefix, written, sizeof(written)));
	if (sw_prefix_parse(written, &again, &err))
		fprintf(stderr, "%s: %s\n", written, err.text);
	MUST(!err.code && sw_prefix_equal(prefix, &again));
	MUST(sw_prefix_contains(prefix, &again) && sw_prefix_contains_addr(prefix, &again.addr));
}

static void check_prefix(const char *text)
{
	struct sw_error err = {};
	struct sw_prefix prefix;

	memset(&prefix, UNTOUCHED, sizeof(prefix));
	if (sw_prefix_parse(text, &prefix, &err)) {
		MUST(is_untouched(&prefix, sizeof(prefix)) && err.text[0]);
		return;
	}
	MUST(prefix.len <= 128);
	check_same_prefix(&prefix);
}

static void check_endpoint(const char *text)
{
	char written[SW_ENDPOINT_TEXT];
	struct sw_endpoint endpoint, again;

	memset(&endpoint, UNTOUCHED, sizeof(endpoint));
	if (sw_endpoint_parse(text, &endpoint)) {
		MUST(is_untouched(&endpoint, sizeof(endpoint)));
		return;
	}
	MUST(endpoint.port);
	MUST(!sw_endpoint_format(&endpoint, written, sizeof(written)));
	MUST(!sw_endpoint_parse(written, &again) && sw_endpoint_equal(&endpoint, &again));
}

/* 16 bytes of an address and one of a length. */
static void check_bytes(const uint8_t *data)
{
	char written[SW_ADDR_TEXT];
	struct sw_prefix prefix = {.len = data[16] % 129};
	struct sw_addr addr, again;

	memcpy(addr.bytes, data, sizeof(addr.bytes));
	MUST(!sw_addr_format(&addr, written, sizeof(written)));
	MUST(!sw_addr_parse(written, &again) && sw_addr_equal(&addr, &again));
	prefix.addr = sw_addr_mask(&addr, prefix.len);
	MUST(sw_prefix_contains_addr(&prefix, &addr));
	check_same_prefix(&prefix);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SW_FREE char *text = fuzz_text(data, size);

	check_addr(text);
	check_prefix(text);
	check_endpoint(text);
	if (size >= 17)
		check_bytes(data);
	return 0;
}
