/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses, prefixes and endpoints, one form for both families: IPv4 is kept as v4-mapped IPv6.
 * Parsers return 0 or -errno and leave the output untouched on failure.
 * Zone ids ("fe80::1%eth0") are refused.
 */
#ifndef SW_CORE_ADDR_H
#define SW_CORE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

/* Room for every formatted address, prefix and endpoint, with its NUL. */
#define SW_ADDR_TEXT	 46
#define SW_PREFIX_TEXT	 (SW_ADDR_TEXT + 4)
#define SW_ENDPOINT_TEXT (SW_ADDR_TEXT + 8)

/* Bits of the v4-mapped form in front of the IPv4 address. */
#define SW_IPV4_BITS_BEFORE 96

/* Network byte order; the same bytes as struct sw_in6 in maps. */
struct sw_addr {
	uint8_t bytes[16];
};

bool sw_addr_is_ipv4(const struct sw_addr *addr);
bool sw_addr_is_unspecified(const struct sw_addr *addr); /* 0.0.0.0 or :: */
bool sw_addr_equal(const struct sw_addr *a, const struct sw_addr *b);
int sw_addr_parse(const char *text, struct sw_addr *out);
int sw_addr_format(const struct sw_addr *addr, char *buf, size_t size);
void sw_addr_from_ipv4(uint32_t ipv4_be, struct sw_addr *out);

/* Clears all but the first len bits (0..128, of the mapped form). */
struct sw_addr sw_addr_mask(const struct sw_addr *addr, uint8_t len);

/* len is 0..128 in the mapped form: 10.0.0.0/8 has 104, 0.0.0.0/0 has 96, ::/0 has 0. */
struct sw_prefix {
	struct sw_addr addr; /* bits behind len are zero */
	uint8_t len;
};

/*
 * "10.0.0.0/8", "fd00::/8", or an address for its whole length. Bits set behind the length are an
 * error whose text names the prefix that was probably meant (err may be NULL).
 */
int sw_prefix_parse(const char *text, struct sw_prefix *out, struct sw_error *err);
int sw_prefix_format(const struct sw_prefix *prefix, char *buf, size_t size);
bool sw_prefix_contains(const struct sw_prefix *outer, const struct sw_prefix *inner);
bool sw_prefix_contains_addr(const struct sw_prefix *prefix, const struct sw_addr *addr);
bool sw_prefix_equal(const struct sw_prefix *a, const struct sw_prefix *b);

/* any: every local address (addr is then all zeros). port is in host byte order, never 0. */
struct sw_endpoint {
	struct sw_addr addr;
	uint16_t port;
	bool any;
};

/* ":5432" and "5432" (any address), "10.0.0.1:5432", "[fd00::1]:5432". */
int sw_endpoint_parse(const char *text, struct sw_endpoint *out);
int sw_endpoint_format(const struct sw_endpoint *endpoint, char *buf, size_t size);
bool sw_endpoint_equal(const struct sw_endpoint *a, const struct sw_endpoint *b);

#endif
