/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The source addresses of a storm: one run of consecutive addresses. Which client has which, spread.c
 * says. Parsed by options.c, checked by main.c, bound to by attempt.c.
 */
#ifndef STORM_SOURCES_H
#define STORM_SOURCES_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/addr.h"
#include "core/error.h"

/* count 0: the kernel chooses the source address. */
struct sw_sources {
	struct sw_addr first;
	uint32_t count;
};

/*
 * "10.0.0.0/22", "10.0.0.1-10.0.1.244" or one address. Of a prefix the network's own address and
 * the IPv4 broadcast address are left out, as no host has them; a range is taken as written.
 */
int sw_sources_parse(const char *text, struct sw_sources *out, struct sw_error *err);

/* count addresses from base on; an error if they run past the end of the address space. */
int sw_sources_from_base(const struct sw_addr *base, uint32_t count, struct sw_sources *out,
			 struct sw_error *err);

/* Address n, modulo their number. Only for count > 0. */
struct sw_addr sw_sources_at(const struct sw_sources *sources, uint32_t n);

/* One more than the highest address number that a client has; 1 at least. */
uint32_t sw_sources_bound(const uint32_t *source_of, uint32_t clients);

/*
 * Binds each address that one of the clients has (spread.h) once, so that a missing one is said before
 * the storm. *used: how many they are.
 */
int sw_sources_check(const struct sw_sources *sources, const uint32_t *source_of, uint32_t clients,
		     uint32_t *used, struct sw_error *err);

/* addr:port as the kernel wants it; port in host byte order, 0 for any. Returns the length. */
socklen_t sw_sources_sockaddr(const struct sw_addr *addr, uint16_t port,
			      struct sockaddr_storage *out);

#endif
