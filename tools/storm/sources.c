/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Source addresses as big-endian 128-bit numbers: parsing, counting, binding. See sources.h.
 */
#include "sources.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "core/cleanup.h"

/* addr + n; true when it wrapped past the last address of its family. */
static bool addr_add(const struct sw_addr *addr, uint64_t n, struct sw_addr *out)
{
	int lowest = sw_addr_is_ipv4(addr) ? SW_IPV4_BITS_BEFORE / 8 : 0;
	struct sw_addr sum = *addr;

	for (int i = sizeof(sum.bytes) - 1; i >= lowest && n; i--) {
		n += sum.bytes[i];
		sum.bytes[i] = (uint8_t)n;
		n >>= 8;
	}
	*out = sum;
	return n != 0;
}

/* last - first + 1, at most UINT32_MAX; 0 when last is before first. */
static uint32_t addr_span(const struct sw_addr *first, const struct sw_addr *last)
{
	uint64_t span = 0;
	int borrow = 0;
	uint8_t difference[sizeof(first->bytes)];

	for (int i = sizeof(first->bytes) - 1; i >= 0; i--) {
		int digit = last->bytes[i] - first->bytes[i] - borrow;

		borrow = digit < 0;
		difference[i] = (uint8_t)digit;
	}
	if (borrow)
		return 0;
	for (size_t i = 0; i < sizeof(difference); i++) {
		if (span > UINT32_MAX)
			break;
		span = span << 8 | difference[i];
	}
	return span >= UINT32_MAX ? UINT32_MAX : (uint32_t)span + 1;
}

static int parse_range(const char *text, const char *dash, struct sw_sources *out,
		       struct sw_error *err)
{
	struct sw_addr first, last;
	char head[SW_ADDR_TEXT];
	size_t length = (size_t)(dash - text);

	if (length >= sizeof(head))
		return sw_error_set(err, -EINVAL, "'%s': not a range of addresses", text);
	memcpy(head, text, length);
	head[length] = '\0';
	if (sw_addr_parse(head, &first) || sw_addr_parse(dash + 1, &last))
		return sw_error_set(err, -EINVAL, "'%s': not FIRST-LAST with two addresses", text);
	if (sw_addr_is_ipv4(&first) != sw_addr_is_ipv4(&last))
		return sw_error_set(err, -EINVAL, "'%s': IPv4 and IPv6 do not make a range", text);
	if (addr_span(&first, &last) == 0)
		return sw_error_set(err, -EINVAL, "'%s': the last address is before the first",
				    text);
	*out = (struct sw_sources){.first = first, .count = addr_span(&first, &last)};
	return 0;
}

static int parse_prefix(const char *text, struct sw_sources *out, struct sw_error *err)
{
	struct sw_prefix prefix;
	uint32_t host_bits, count;
	int rc = sw_prefix_parse(text, &prefix, err);

	if (rc)
		return rc;
	host_bits = 128u - prefix.len;
	count = host_bits >= 32 ? UINT32_MAX : UINT32_C(1) << host_bits;
	if (host_bits < 2) {
		*out = (struct sw_sources){.first = prefix.addr, .count = count};
		return 0;
	}
	addr_add(&prefix.addr, 1, &out->first);
	out->count = count - (sw_addr_is_ipv4(&prefix.addr) ? 2 : 1);
	return 0;
}

int sw_sources_parse(const char *text, struct sw_sources *out, struct sw_error *err)
{
	const char *dash = strchr(text, '-');

	return dash ? parse_range(text, dash, out, err) : parse_prefix(text, out, err);
}

int sw_sources_from_base(const struct sw_addr *base, uint32_t count, struct sw_sources *out,
			 struct sw_error *err)
{
	struct sw_addr last;

	if (count == 0)
		return sw_error_set(err, -ERANGE, "no source addresses: the count is 0");
	if (addr_add(base, count - 1, &last))
		return sw_error_set(err, -ERANGE, "%u source addresses run past the last address",
				    count);
	*out = (struct sw_sources){.first = *base, .count = count};
	return 0;
}

struct sw_addr sw_sources_at(const struct sw_sources *sources, uint32_t n)
{
	struct sw_addr addr;

	addr_add(&sources->first, n % sources->count, &addr);
	return addr;
}

socklen_t sw_sources_sockaddr(const struct sw_addr *addr, uint16_t port,
			      struct sockaddr_storage *out)
{
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (sw_addr_is_ipv4(addr)) {
		ipv4->sin_family = AF_INET;
		ipv4->sin_port = htons(port);
		memcpy(&ipv4->sin_addr, addr->bytes + 12, 4);
		return sizeof(*ipv4);
	}
	ipv6->sin6_family = AF_INET6;
	ipv6->sin6_port = htons(port);
	memcpy(&ipv6->sin6_addr, addr->bytes, sizeof(addr->bytes));
	return sizeof(*ipv6);
}

uint32_t sw_sources_bound(const uint32_t *source_of, uint32_t clients)
{
	uint32_t bound = 1;

	for (uint32_t i = 0; i < clients; i++) {
		if (source_of[i] >= bound)
			bound = source_of[i] + 1;
	}
	return bound;
}

static int check_one(const struct sw_sources *sources, uint32_t n, struct sw_error *err)
{
	struct sw_addr addr = sw_sources_at(sources, n);
	struct sockaddr_storage name;
	socklen_t length = sw_sources_sockaddr(&addr, 0, &name);
	SW_CLOSE int fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[SW_ADDR_TEXT];
	int error;

	if (fd < 0)
		return sw_error_set(err, -errno, "socket: %s", strerror(errno));
	if (bind(fd, (struct sockaddr *)&name, length) == 0)
		return 0;
	error = errno;
	sw_addr_format(&addr, text, sizeof(text));
	return sw_error_set(err, -error,
			    "source %s: %s; give it to an interface, or make its whole prefix "
			    "local with `ip route add local PREFIX dev lo`",
			    text, strerror(error));
}

int sw_sources_check(const struct sw_sources *sources, const uint32_t *source_of, uint32_t clients,
		     uint32_t *used, struct sw_error *err)
{
	uint32_t bound = sw_sources_bound(source_of, clients), count = 0;
	SW_FREE bool *seen = calloc(bound, sizeof(*seen));

	if (!seen)
		return sw_error_set(err, -ENOMEM, "no memory for %u source addresses", bound);
	for (uint32_t i = 0; i < clients; i++) {
		uint32_t n = source_of[i];
		int rc = seen[n] ? 0 : check_one(sources, n, err);

		if (rc)
			return rc;
		count += !seen[n];
		seen[n] = true;
	}
	*used = count;
	return 0;
}
