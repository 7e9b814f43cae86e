/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP connections by sock_diag(7).
 */
#include "kern/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/cleanup.h"
#include "kern/diag.h"
#include "spillway/address.h"

/* This side has sent its FIN. */
#define ENDING_STATES                                                                              \
	(1u << TCP_FIN_WAIT1 | 1u << TCP_FIN_WAIT2 | 1u << TCP_CLOSING | 1u << TCP_LAST_ACK)
#define STATES (1u << TCP_ESTABLISHED | 1u << TCP_SYN_RECV | 1u << TCP_CLOSE_WAIT | ENDING_STATES)

/* idiag_timer of what is left of a socket in TIME_WAIT, or in the second half of FIN_WAIT2. */
#define TIMER_TIME_WAIT 3

/* The kernel falls back to a listener where no connection is, and keeps what was one for a while. */
static bool is_connection(const struct inet_diag_msg *message)
{
	return message->idiag_state < 32 && STATES & 1u << message->idiag_state &&
	       message->idiag_timer != TIMER_TIME_WAIT;
}

static void take_addr(uint8_t family, const __be32 words[4], struct sw_in6 *out)
{
	struct sw_addr addr;

	sw_diag_addr(family, words, &addr);
	memcpy(out->bytes, addr.bytes, sizeof(out->bytes));
}

static int add(struct sw_sockets *sockets, const struct inet_diag_msg *message)
{
	struct sw_socket *socket;

	if (sockets->count == sockets->room) {
		size_t room = sockets->room ? 2 * sockets->room : 64;

		socket = reallocarray(sockets->list, room, sizeof(*socket));
		if (!socket)
			return -ENOMEM;
		sockets->list = socket;
		sockets->room = room;
	}
	socket = &sockets->list[sockets->count++];
	memset(socket, 0, sizeof(*socket));
	take_addr(message->idiag_family, message->id.idiag_dst, &socket->key.client);
	take_addr(message->idiag_family, message->id.idiag_src, &socket->key.server);
	socket->key.client_port_be = message->id.idiag_dport;
	socket->key.server_port_be = message->id.idiag_sport;
	socket->interface = (int)message->id.idiag_if;
	socket->inode = message->idiag_inode;
	socket->half_open = message->idiag_state == TCP_SYN_RECV;
	/* Nobody sends a FIN before he has accepted; and a client that is there answers the first one. */
	socket->is_orphan = !message->idiag_inode && ENDING_STATES & 1u << message->idiag_state;
	socket->is_closed = socket->is_orphan && message->idiag_retrans;
	return 0;
}

int sw_sockets_collect(const struct nlmsghdr *header, void *arg)
{
	const struct inet_diag_msg *message = sw_diag_message(header);
	struct sw_sockets *sockets = arg;
	int rc = message ? 0 : -EBADMSG;

	if (sockets->meanwhile)
		sockets->meanwhile(sockets->arg);
	if (message && is_connection(message) &&
	    sockets->ports->service[ntohs(message->id.idiag_sport)])
		rc = add(sockets, message);
	if (rc == 0)
		return MNL_CB_OK;
	errno = -rc;
	return MNL_CB_ERROR;
}

static int compare(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct sw_flow_key));
}

static int read_in(uint32_t states, const struct sw_ports *ports, struct sw_sockets *out)
{
	_Static_assert(offsetof(struct sw_socket, key) == 0, "sorted by it");

	for (int i = 0; i < SW_DIAG_TRIES; i++) {
		struct sw_sockets sockets = {
			.ports = ports, .meanwhile = out->meanwhile, .arg = out->arg};
		int rc = sw_diag_dump(states, sw_sockets_collect, &sockets);

		if (rc == 0) {
			if (sockets.count)
				qsort(sockets.list, sockets.count, sizeof(*sockets.list), compare);
			*out = sockets;
			return 0;
		}
		sw_sockets_free(&sockets);
		if (rc != -EINTR)
			return rc;
	}
	return -EINTR;
}

int sw_sockets_read(const struct sw_ports *ports, struct sw_sockets *out)
{
	return read_in(STATES, ports, out);
}

int sw_sockets_read_ending(const struct sw_ports *ports, struct sw_sockets *out)
{
	return read_in(ENDING_STATES, ports, out);
}

struct sw_socket *sw_sockets_find(const struct sw_sockets *sockets, const struct sw_flow_key *key)
{
	if (!sockets->count)
		return NULL;
	return bsearch(key, sockets->list, sockets->count, sizeof(*sockets->list), compare);
}

void sw_sockets_free(struct sw_sockets *sockets)
{
	free(sockets->list);
	sockets->list = NULL;
	sockets->count = sockets->room = 0;
}

static int ask(struct mnl_socket *diag, uint8_t family, const struct inet_diag_sockid *id)
{
	struct inet_diag_msg message = {0};
	int rc = sw_diag_find(diag, family, id, &message);

	if (rc == -ENOENT)
		return 0;
	if (rc)
		return rc;
	return is_connection(&message) ? message.idiag_state : 0;
}

/* By the interface that the socket is bound to, 0: none. */
static int ask_bound(struct mnl_socket *diag, const struct sw_flow_key *key, uint32_t ifindex)
{
	struct inet_diag_sockid id = {.idiag_sport = key->server_port_be,
				      .idiag_dport = key->client_port_be,
				      .idiag_if = ifindex};

	if (sw_address_is_ipv4(&key->client)) {
		int rc;

		id.idiag_src[0] = key->server.words_be[3];
		id.idiag_dst[0] = key->client.words_be[3];
		rc = ask(diag, AF_INET, &id);
		if (rc)
			return rc;
	}
	memcpy(id.idiag_src, key->server.bytes, sizeof(id.idiag_src));
	memcpy(id.idiag_dst, key->client.bytes, sizeof(id.idiag_dst));
	return ask(diag, AF_INET6, &id);
}

static void free_interfaces(struct if_nameindex **interfaces)
{
	if (*interfaces)
		if_freenameindex(*interfaces);
}

/* The kernel does not show a bound socket to who does not name its interface. */
int sw_sockets_state(struct mnl_socket *diag, const struct sw_flow_key *key)
{
	SW_CLEANUP(free_interfaces) struct if_nameindex *interfaces = NULL;
	int rc = ask_bound(diag, key, 0);

	if (rc)
		return rc;
	interfaces = if_nameindex();
	if (!interfaces)
		return -errno;
	for (size_t i = 0; rc == 0 && interfaces[i].if_index; i++)
		rc = ask_bound(diag, key, interfaces[i].if_index);
	/* Or all of them were questions to nobody. */
	return rc ? rc : sw_diag_check(diag);
}
