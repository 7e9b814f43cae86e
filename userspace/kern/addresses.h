/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The addresses of this host, in this network namespace. Used by daemon/backends.c to tell connections of the
 * host's own from those of others.
 */
#ifndef SW_KERN_ADDRESSES_H
#define SW_KERN_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/addr.h"

struct sw_addresses {
	struct sw_addr *list;
	size_t count;
};

/* 0, or -errno with *out untouched. */
int sw_addresses_read(struct sw_addresses *out);
void sw_addresses_free(struct sw_addresses *addresses);
#define SW_ADDRESSES_FREE __attribute__((cleanup(sw_addresses_free)))

/* All of 127.0.0.0/8 are. */
bool sw_addresses_have(const struct sw_addresses *addresses, const struct sw_addr *addr);

#endif
