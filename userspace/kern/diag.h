/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's TCP sockets of this network namespace by sock_diag(7): dumps of both families, and one
 * socket by its addresses. Used by kern/listeners and kern/sockets.
 */
#ifndef SW_KERN_DIAG_H
#define SW_KERN_DIAG_H

#include <stdbool.h>
#include <linux/inet_diag.h>

#include "core/addr.h"
#include "kern/netlink.h"

/* For sw_diag_find(). NULL with errno. */
struct mnl_socket *sw_diag_open(void);
void sw_diag_close(struct mnl_socket **socket);

/*
 * Both families are shown, IPv4 first; states: bits 1 << TCP_LISTEN and so on. As sw_netlink_ask(), and
 * -EPROTONOSUPPORT: the kernel has nobody to answer (tcp_diag).
 */
int sw_diag_dump(uint32_t states, mnl_cb_t each, void *arg);

/* A dump that sockets came and went under is asked for again, this often. */
#define SW_DIAG_TRIES 8

/* What went wrong by any of these, for a message. */
const char *sw_diag_error(int failed);

/*
 * One request that is no dump: out is the kernel's answer. 0; -ENOENT: no such socket, or nobody to answer, which
 * sw_diag_check() tells apart; -errno.
 */
int sw_diag_find(struct mnl_socket *socket, uint8_t family, const struct inet_diag_sockid *id,
		 struct inet_diag_msg *out);

/* 0: there is somebody to answer for TCP; -EPROTONOSUPPORT: nobody; -errno. */
int sw_diag_check(struct mnl_socket *socket);

/* The socket of a message; NULL if it is too short for one. */
const struct inet_diag_msg *sw_diag_message(const struct nlmsghdr *header);

/* An address of a socket; IPv4 is mapped. */
void sw_diag_addr(uint8_t family, const __be32 words[4], struct sw_addr *out);

#endif
