/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Addresses as maps hold them: telling the families apart, and cutting a client's address to its
 * source. Used by the gate for each SYN and by the daemon to find the same source again.
 */
#ifndef SPILLWAY_ADDRESS_H
#define SPILLWAY_ADDRESS_H

#include "spillway/types.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SW_ADDRESS_BE32(host) __builtin_bswap32(host)
#define SW_ADDRESS_BE64(host) __builtin_bswap64(host)
#else
#define SW_ADDRESS_BE32(host) (host)
#define SW_ADDRESS_BE64(host) (host)
#endif

SW_INLINE int sw_address_is_ipv4(const struct sw_in6 *address)
{
	return !address->longs[0] && address->words_be[2] == SW_ADDRESS_BE32(0xffff);
}

SW_INLINE void sw_address_map_ipv4(struct sw_in6 *to, __be32 from_be)
{
	to->longs[0] = 0;
	to->words_be[2] = SW_ADDRESS_BE32(0xffff);
	to->words_be[3] = from_be;
}

/*
 * Cuts an address to its leading bits: 0..32 of an IPv4 one, which keeps its mapping prefix, 0..128
 * of an IPv6 one.
 */
SW_SUBPROGRAM int sw_address_cut(struct sw_in6 *address, __u32 bits)
{
	if (!address)
		return 0;
	if (sw_address_is_ipv4(address)) {
		address->words_be[3] &= SW_ADDRESS_BE32(bits ? ~0u << (32 - bits) : 0);
		return 0;
	}
	if (bits < 128)
		address->longs[1] &= SW_ADDRESS_BE64(bits > 64 ? ~0ull << (128 - bits) : 0);
	if (bits < 64)
		address->longs[0] &= SW_ADDRESS_BE64(bits ? ~0ull << (64 - bits) : 0);
	return 0;
}

#endif
