/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking the kernel by netlink and reading every message of its answer, or none. Used by kern/diag
 * and kern/route.
 */
#ifndef SW_KERN_NETLINK_H
#define SW_KERN_NETLINK_H

#include <stddef.h>
#include <stdint.h>
#include <libmnl/libmnl.h>

/* bus: NETLINK_SOCK_DIAG, NETLINK_ROUTE. NULL with errno. */
struct mnl_socket *sw_netlink_open(int bus);
void sw_netlink_close(struct mnl_socket **socket); /* the address of NULL is fine */
#define SW_NETLINK_CLOSE __attribute__((cleanup(sw_netlink_close)))

/*
 * Sends the request and shows its answer: of a dump all parts, else the one message. `each` may end
 * it with MNL_CB_ERROR and errno. 0; -EINTR: the dump was interrupted and has to be asked for anew,
 * by another socket; -EBADMSG: an answer that is cut short; -EPROTO: one to another question; -errno, also
 * where the kernel says it only at the end of a dump.
 */
int sw_netlink_ask(struct mnl_socket *socket, struct nlmsghdr *request, mnl_cb_t each, void *arg);

/* One buffer of an answer. 1: more is to come, 0: that was all, -errno as above. */
int sw_netlink_read(const void *buffer, size_t length, uint32_t sequence, uint32_t port,
		    mnl_cb_t each, void *arg);

#endif
