/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who listens on which TCP port of this network namespace, asked of the kernel's socket tables
 * (sock_diag). Used by the daemon's read verbs and its metrics, and by probe.
 */
#ifndef SW_KERN_LISTENERS_H
#define SW_KERN_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "spillway/maps.h"

struct sw_listener {
	struct sw_addr addr; /* unspecified: every address; of IPv4 too if it is :: and dual */
	uint16_t port;	     /* host byte order */
	bool dual;	     /* an IPv6 socket that takes IPv4 connections as well */
	uint32_t waiting;    /* connections that wait for accept() */
	uint32_t backlog;    /* how many may */
	uint32_t inode;	     /* by which /proc/PID/fd names it */
};

struct sw_listeners {
	struct sw_listener *list;
	size_t count;
};

/* 0, or -errno with *out untouched; -EPROTONOSUPPORT: the kernel has no tcp_diag. */
int sw_listeners_read(struct sw_listeners *out);
void sw_listeners_free(struct sw_listeners *listeners);
#define SW_LISTENERS_FREE __attribute__((cleanup(sw_listeners_free)))

/* Who takes a connection to the address and port; an unspecified address asks for any. NULL: nobody. */
const struct sw_listener *sw_listeners_find(const struct sw_listeners *listeners,
					    const struct sw_addr *addr, uint16_t port);

/* Of all who listen there: several processes may share a port (SO_REUSEPORT). */
#define SW_INODES_MAX 64

struct sw_inodes {
	uint32_t list[SW_INODES_MAX];
	size_t count;
};

/* Port 0: none. */
void sw_listeners_inodes(const struct sw_listeners *listeners, const struct sw_endpoint *at,
			 struct sw_inodes *out);

/* Whether a client of the family finds somebody there; an unspecified address asks for any. */
bool sw_listeners_meet(const struct sw_listeners *listeners, const struct sw_addr *addr,
		       uint16_t port, bool ipv4);

/* Whether a flow that is steered to the target finds a listener, by the family of its client. */
bool sw_listeners_serve(const struct sw_listeners *listeners, const struct sw_target *target,
			bool ipv4);

#endif
