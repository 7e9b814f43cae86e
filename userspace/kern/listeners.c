/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listening sockets by sock_diag(7), one dump for each address family.
 */
#include "kern/listeners.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <libmnl/libmnl.h>

#include "core/cleanup.h"

/* A dump that sockets came and went under is asked for again, this often. */
#define DUMP_TRIES 8

static void close_socket(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}

static int add(struct sw_listeners *listeners, const struct sw_listener *listener)
{
	struct sw_listener *list;

	/* Room is doubled whenever the count is a power of two. */
	if ((listeners->count & (listeners->count - 1)) == 0) {
		size_t room = listeners->count ? 2 * listeners->count : 1;

		list = reallocarray(listeners->list, room, sizeof(*list));
		if (!list)
			return -ENOMEM;
		listeners->list = list;
	}
	listeners->list[listeners->count++] = *listener;
	return 0;
}

/* IPV6_V6ONLY of the socket; an IPv4 one is told apart by its address. */
static int read_v6only(const struct nlattr *attribute, void *dual)
{
	if (mnl_attr_get_type(attribute) == INET_DIAG_SKV6ONLY &&
	    mnl_attr_validate(attribute, MNL_TYPE_U8) == 0)
		*(bool *)dual = !mnl_attr_get_u8(attribute);
	return MNL_CB_OK;
}

static int collect(const struct nlmsghdr *header, void *listeners)
{
	const struct inet_diag_msg *diag = mnl_nlmsg_get_payload(header);
	struct sw_listener listener = {0};
	int rc;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*diag))
		return MNL_CB_OK;
	listener.port = ntohs(diag->id.idiag_sport);
	listener.waiting = diag->idiag_rqueue;
	listener.backlog = diag->idiag_wqueue;
	if (diag->idiag_family == AF_INET) {
		sw_addr_from_ipv4(diag->id.idiag_src[0], &listener.addr);
	} else {
		memcpy(listener.addr.bytes, diag->id.idiag_src, sizeof(listener.addr.bytes));
		mnl_attr_parse(header, sizeof(*diag), read_v6only, &listener.dual);
	}
	rc = add(listeners, &listener);
	if (rc == 0)
		return MNL_CB_OK;
	errno = -rc;
	return MNL_CB_ERROR;
}

static int request_dump(struct mnl_socket *socket, uint8_t family, uint32_t sequence)
{
	char buffer[MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct inet_diag_req_v2))];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *request = mnl_nlmsg_put_extra_header(header, sizeof(*request));

	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header->nlmsg_seq = sequence;
	request->sdiag_family = family;
	request->sdiag_protocol = IPPROTO_TCP;
	request->idiag_states = 1u << TCP_LISTEN;
	return mnl_socket_sendto(socket, header, header->nlmsg_len) < 0 ? -errno : 0;
}

static int dump(struct mnl_socket *socket, uint8_t family, uint32_t sequence,
		struct sw_listeners *listeners)
{
	size_t size = MNL_SOCKET_BUFFER_SIZE;
	SW_FREE char *buffer = malloc(size);
	int rc = buffer ? request_dump(socket, family, sequence) : -ENOMEM;

	if (rc < 0)
		return rc;
	do {
		ssize_t length = mnl_socket_recvfrom(socket, buffer, size);

		if (length < 0)
			return -errno;
		rc = mnl_cb_run(buffer, length, sequence, mnl_socket_get_portid(socket), collect,
				listeners);
	} while (rc > MNL_CB_STOP);
	return rc < 0 ? -errno : 0;
}

/* A socket of its own for each try: what is left of an interrupted dump goes with it. */
static int dump_all(struct sw_listeners *listeners)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	SW_CLEANUP(close_socket)
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	int rc = 0;

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(families) && rc == 0; i++)
		rc = dump(socket, families[i], (uint32_t)i + 1, listeners);
	return rc;
}

int sw_listeners_read(struct sw_listeners *out)
{
	for (int i = 0; i < DUMP_TRIES; i++) {
		struct sw_listeners listeners = {0};
		int rc = dump_all(&listeners);

		if (rc == 0) {
			*out = listeners;
			return 0;
		}
		sw_listeners_free(&listeners);
		if (rc != -EINTR)
			return rc;
	}
	return -EINTR;
}

void sw_listeners_free(struct sw_listeners *listeners)
{
	free(listeners->list);
	*listeners = (struct sw_listeners){0};
}

/* As the kernel finds a listener: by the exact address, or by one that stands for all of a family. */
static bool takes(const struct sw_listener *listener, const struct sw_addr *addr)
{
	if (sw_addr_is_unspecified(addr) || sw_addr_equal(&listener->addr, addr))
		return true;
	if (!sw_addr_is_unspecified(&listener->addr))
		return false;
	return listener->dual || sw_addr_is_ipv4(&listener->addr) == sw_addr_is_ipv4(addr);
}

const struct sw_listener *sw_listeners_find(const struct sw_listeners *listeners,
					    const struct sw_addr *addr, uint16_t port)
{
	for (size_t i = 0; i < listeners->count; i++) {
		if (listeners->list[i].port == port && takes(&listeners->list[i], addr))
			return &listeners->list[i];
	}
	return NULL;
}

bool sw_listeners_serve(const struct sw_listeners *listeners, const struct sw_target *target,
			bool ipv4)
{
	struct sw_addr addr;

	if (!target->port_be || !(ipv4 ? target->has_ipv4 : target->has_ipv6))
		return false;
	if (ipv4)
		sw_addr_from_ipv4(target->ipv4_be, &addr);
	else
		memcpy(addr.bytes, target->ipv6.bytes, sizeof(addr.bytes));
	return sw_listeners_find(listeners, &addr, ntohs(target->port_be)) != NULL;
}
