/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP sockets by sock_diag(7).
 */
#include "kern/diag.h"

#include <errno.h>
#include <string.h>
#include <netinet/in.h>
#include <linux/sock_diag.h>

#define REQUEST_SIZE (MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct inet_diag_req_v2)))

static struct inet_diag_req_v2 *put_request(void *buffer, uint16_t flags, uint8_t family)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *request = mnl_nlmsg_put_extra_header(header, sizeof(*request));

	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	header->nlmsg_flags = NLM_F_REQUEST | flags;
	request->sdiag_family = family;
	request->sdiag_protocol = IPPROTO_TCP;
	return request;
}

struct mnl_socket *sw_diag_open(void)
{
	return sw_netlink_open(NETLINK_SOCK_DIAG);
}

void sw_diag_close(struct mnl_socket **socket)
{
	sw_netlink_close(socket);
}

/* Nobody answers for TCP: there is no handler, and none could be loaded. "No such socket" has the same name. */
static int dump(struct mnl_socket *socket, uint8_t family, uint32_t states, mnl_cb_t each,
		void *arg)
{
	char buffer[REQUEST_SIZE] __attribute__((aligned(8)));
	int failed;

	put_request(buffer, NLM_F_DUMP, family)->idiag_states = states;
	failed = sw_netlink_ask(socket, (struct nlmsghdr *)buffer, each, arg);
	return failed == -ENOENT ? -EPROTONOSUPPORT : failed;
}

/* A socket of its own for each try: what is left of an interrupted dump goes with it. */
int sw_diag_dump(uint32_t states, mnl_cb_t each, void *arg)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	SW_NETLINK_CLOSE struct mnl_socket *socket = sw_diag_open();
	int rc = socket ? 0 : -errno;

	for (size_t i = 0; i < sizeof(families) && rc == 0; i++)
		rc = dump(socket, families[i], states, each, arg);
	return rc;
}

/* A dump of no state lists nothing, and has to be answered by the same handler. */
int sw_diag_check(struct mnl_socket *socket)
{
	return dump(socket, AF_INET, 0, NULL, NULL);
}

const char *sw_diag_error(int failed)
{
	return failed == -EPROTONOSUPPORT
		       ? "the kernel tells nothing of TCP sockets: load its module tcp_diag "
			 "(CONFIG_INET_TCP_DIAG)"
		       : strerror(-failed);
}

static int copy(const struct nlmsghdr *header, void *out)
{
	const struct inet_diag_msg *message = sw_diag_message(header);

	if (message) {
		*(struct inet_diag_msg *)out = *message;
		return MNL_CB_OK;
	}
	errno = EBADMSG;
	return MNL_CB_ERROR;
}

int sw_diag_find(struct mnl_socket *socket, uint8_t family, const struct inet_diag_sockid *id,
		 struct inet_diag_msg *out)
{
	char buffer[REQUEST_SIZE] __attribute__((aligned(8)));
	struct inet_diag_req_v2 *request = put_request(buffer, 0, family);

	request->id = *id;
	request->id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
	request->id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	return sw_netlink_ask(socket, (struct nlmsghdr *)buffer, copy, out);
}

const struct inet_diag_msg *sw_diag_message(const struct nlmsghdr *header)
{
	if (mnl_nlmsg_get_payload_len(header) < sizeof(struct inet_diag_msg))
		return NULL;
	return mnl_nlmsg_get_payload(header);
}

void sw_diag_addr(uint8_t family, const __be32 words[4], struct sw_addr *out)
{
	if (family == AF_INET)
		sw_addr_from_ipv4(words[0], out);
	else
		memcpy(out->bytes, words, sizeof(out->bytes));
}
