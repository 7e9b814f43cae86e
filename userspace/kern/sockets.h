/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TCP connections that this network namespace has, asked of the kernel (sock_diag). Used by
 * reconciliation.
 */
#ifndef SW_KERN_SOCKETS_H
#define SW_KERN_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kern/netlink.h"
#include "spillway/maps.h"

struct sw_socket {
	struct sw_flow_key
		key;	/* client: the remote side, server: this host's; as the gate makes it */
	int interface;	/* that it is bound to, as a link-local client's is, or a VRF; 0: none */
	uint32_t inode; /* 0: nobody has accepted it yet, or it is closed already */
	bool half_open; /* its handshake is not complete */
	bool is_orphan; /* its process closed it, and the kernel ends it by itself */
	/* An orphan; what it sent last was repeated, and its client, who may be gone, does not answer. */
	bool is_closed;
	uint8_t flow;  /* for who compares: SW_FLOW_NONE to begin with */
	bool is_moved; /* likewise: its flow is counted under another service than serves it now */
};

struct sw_sockets {
	struct sw_socket *list; /* sorted by key, the client first */
	size_t count, room;
	const struct sw_ports *ports; /* which local ports count */
	/* Called for each socket that is read, for who may not be silent as long as this takes; or NULL. */
	void (*meanwhile)(void *arg);
	void *arg;
};

/*
 * All connections to guarded ports, from an unfinished handshake to LAST_ACK. What the kernel keeps
 * after a socket is gone (TIME_WAIT) is none. Of *out only `meanwhile` is looked at. 0, or -errno with *out
 * untouched.
 */
int sw_sockets_read(const struct sw_ports *ports, struct sw_sockets *out);
/* Likewise, but only those whose end has begun on this side, so that a busy host costs little. */
int sw_sockets_read_ending(const struct sw_ports *ports, struct sw_sockets *out);
void sw_sockets_free(struct sw_sockets *sockets);
#define SW_SOCKETS_FREE __attribute__((cleanup(sw_sockets_free)))

/* NULL: not among those that were read. */
struct sw_socket *sw_sockets_find(const struct sw_sockets *sockets, const struct sw_flow_key *key);

/* A mnl callback: adds the socket of one message, if it is a connection to a guarded port. */
int sw_sockets_collect(const struct nlmsghdr *header, void *sockets);

/*
 * What state the kernel's connection with these addresses is in now, of netinet/tcp.h; diag is of sw_diag_open().
 * 0: it has none, and is there to say so; -errno as sw_diag_dump(). One that is bound to an interface is found too.
 */
int sw_sockets_state(struct mnl_socket *diag, const struct sw_flow_key *key);

#endif
