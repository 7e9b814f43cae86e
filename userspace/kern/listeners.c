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

#include "kern/diag.h"

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
	const struct inet_diag_msg *diag = sw_diag_message(header);
	struct sw_listener listener = {0};
	int rc = -EBADMSG;

	if (diag) {
		listener.port = ntohs(diag->id.idiag_sport);
		listener.waiting = diag->idiag_rqueue;
		listener.backlog = diag->idiag_wqueue;
		listener.inode = diag->idiag_inode;
		sw_diag_addr(diag->idiag_family, diag->id.idiag_src, &listener.addr);
		if (diag->idiag_family == AF_INET6)
			mnl_attr_parse(header, sizeof(*diag), read_v6only, &listener.dual);
		rc = add(listeners, &listener);
	}
	if (rc == 0)
		return MNL_CB_OK;
	errno = -rc;
	return MNL_CB_ERROR;
}

int sw_listeners_read(struct sw_listeners *out)
{
	for (int i = 0; i < SW_DIAG_TRIES; i++) {
		struct sw_listeners listeners = {0};
		int rc = sw_diag_dump(1u << TCP_LISTEN, collect, &listeners);

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

void sw_listeners_inodes(const struct sw_listeners *listeners, const struct sw_endpoint *at,
			 struct sw_inodes *out)
{
	out->count = 0;
	for (size_t i = 0; at->port && i < listeners->count && out->count < SW_INODES_MAX; i++)
		if (listeners->list[i].port == at->port && takes(&listeners->list[i], &at->addr))
			out->list[out->count++] = listeners->list[i].inode;
}

static bool is_of_family(const struct sw_listener *listener, bool ipv4)
{
	return listener->dual || sw_addr_is_ipv4(&listener->addr) == ipv4;
}

bool sw_listeners_meet(const struct sw_listeners *listeners, const struct sw_addr *addr,
		       uint16_t port, bool ipv4)
{
	if (!sw_addr_is_unspecified(addr) && sw_addr_is_ipv4(addr) != ipv4)
		return false;
	for (size_t i = 0; i < listeners->count; i++) {
		const struct sw_listener *listener = &listeners->list[i];

		if (listener->port == port && takes(listener, addr) && is_of_family(listener, ipv4))
			return true;
	}
	return false;
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
