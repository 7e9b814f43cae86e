/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses: text to the v4-mapped form and back. inet_pton() does the parsing; it is strict
 * (no leading zeros, no short forms, no zone ids, nothing behind the address).
 */
#include "core/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

bool sw_addr_is_ipv4(const struct sw_addr *addr)
{
	return memcmp(addr->bytes, mapped, sizeof(mapped)) == 0;
}

bool sw_addr_is_unspecified(const struct sw_addr *addr)
{
	static const uint8_t zeros[16];

	if (sw_addr_is_ipv4(addr))
		return memcmp(addr->bytes + sizeof(mapped), zeros, 4) == 0;
	return memcmp(addr->bytes, zeros, sizeof(zeros)) == 0;
}

bool sw_addr_equal(const struct sw_addr *a, const struct sw_addr *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

void sw_addr_from_ipv4(uint32_t ipv4_be, struct sw_addr *out)
{
	memcpy(out->bytes, mapped, sizeof(mapped));
	memcpy(out->bytes + sizeof(mapped), &ipv4_be, sizeof(ipv4_be));
}

int sw_addr_parse(const char *text, struct sw_addr *out)
{
	struct in6_addr ipv6;
	struct in_addr ipv4;

	if (inet_pton(AF_INET, text, &ipv4) == 1) {
		sw_addr_from_ipv4(ipv4.s_addr, out);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &ipv6) != 1)
		return -EINVAL;
	memcpy(out->bytes, ipv6.s6_addr, sizeof(out->bytes));
	return 0;
}

int sw_addr_format(const struct sw_addr *addr, char *buf, size_t size)
{
	char text[SW_ADDR_TEXT];
	size_t length;

	if (sw_addr_is_ipv4(addr))
		inet_ntop(AF_INET, addr->bytes + sizeof(mapped), text, sizeof(text));
	else
		inet_ntop(AF_INET6, addr->bytes, text, sizeof(text));
	length = strlen(text);
	if (length >= size)
		return -ENOSPC;
	memcpy(buf, text, length + 1);
	return 0;
}

struct sw_addr sw_addr_mask(const struct sw_addr *addr, uint8_t len)
{
	struct sw_addr masked = *addr;
	size_t whole = len / 8;

	if (whole >= sizeof(masked.bytes))
		return masked;
	masked.bytes[whole] &= (uint8_t) ~(0xff >> (len % 8));
	memset(masked.bytes + whole + 1, 0, sizeof(masked.bytes) - whole - 1);
	return masked;
}
