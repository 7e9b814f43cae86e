/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See addresses.h.
 */
#include "kern/addresses.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static bool address_of(const struct sockaddr *at, struct sw_addr *out)
{
	if (at && at->sa_family == AF_INET)
		sw_addr_from_ipv4(((const struct sockaddr_in *)at)->sin_addr.s_addr, out);
	else if (at && at->sa_family == AF_INET6)
		memcpy(out->bytes, &((const struct sockaddr_in6 *)at)->sin6_addr,
		       sizeof(out->bytes));
	else
		return false;
	return true;
}

int sw_addresses_read(struct sw_addresses *out)
{
	struct ifaddrs *first, *at;
	struct sw_addresses read = {0};

	if (getifaddrs(&first))
		return -errno;
	for (at = first; at; at = at->ifa_next)
		read.count++;
	read.list = calloc(read.count + 1, sizeof(*read.list));
	read.count = 0;
	for (at = first; at && read.list; at = at->ifa_next)
		read.count += address_of(at->ifa_addr, &read.list[read.count]);
	freeifaddrs(first);
	if (!read.list)
		return -ENOMEM;
	*out = read;
	return 0;
}

void sw_addresses_free(struct sw_addresses *addresses)
{
	free(addresses->list);
	*addresses = (struct sw_addresses){0};
}

bool sw_addresses_have(const struct sw_addresses *addresses, const struct sw_addr *addr)
{
	if (sw_addr_is_ipv4(addr) && addr->bytes[12] == 127)
		return true;
	for (size_t i = 0; i < addresses->count; i++)
		if (sw_addr_equal(&addresses->list[i], addr))
			return true;
	return false;
}
