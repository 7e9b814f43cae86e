/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * By which interface a client is reached, and so, where routes are symmetric, by which it comes.
 */
#ifndef SW_KERN_ROUTE_H
#define SW_KERN_ROUTE_H

#include "spillway/types.h"

/*
 * The interface's number, loopback's for an address of this host; 0: no route; -errno: not known. vrf: by whose
 * routes, the number of its interface; 0: this host's own.
 */
int sw_route_interface(const struct sw_in6 *client, int vrf);

#endif
