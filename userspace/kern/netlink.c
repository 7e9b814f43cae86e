/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking the kernel by netlink.
 */
#include "kern/netlink.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"

struct mnl_socket *sw_netlink_open(int bus)
{
	struct mnl_socket *socket = mnl_socket_open2(bus, SOCK_CLOEXEC);

	if (socket && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		sw_netlink_close(&socket);
	return socket;
}

void sw_netlink_close(struct mnl_socket **socket)
{
	int saved = errno;

	if (*socket)
		mnl_socket_close(*socket);
	*socket = NULL;
	errno = saved;
}

/* libmnl ends at a message that is cut short as if it were not there. */
static bool is_whole(const void *buffer, size_t length)
{
	const struct nlmsghdr *header = buffer;
	int left = (int)length;

	while (mnl_nlmsg_ok(header, left))
		header = mnl_nlmsg_next(header, &left);
	return length > 0 && left == 0;
}

/* Who answers decides about the sign of an error. */
static int end_with(int error)
{
	errno = abs(error);
	return error ? MNL_CB_ERROR : MNL_CB_STOP;
}

static int on_error(const struct nlmsghdr *header, void *arg)
{
	const struct nlmsgerr *message = mnl_nlmsg_get_payload(header);

	(void)arg;
	return end_with(mnl_nlmsg_get_payload_len(header) < sizeof(*message) ? EBADMSG
									     : message->error);
}

/* A dump that fails, at once or half-way, says so at its end and nowhere else. */
static int on_done(const struct nlmsghdr *header, void *arg)
{
	int error = 0;

	(void)arg;
	if (mnl_nlmsg_get_payload_len(header) >= sizeof(error))
		memcpy(&error, mnl_nlmsg_get_payload(header), sizeof(error));
	return end_with(error);
}

int sw_netlink_read(const void *buffer, size_t length, uint32_t sequence, uint32_t port,
		    mnl_cb_t each, void *arg)
{
	/* libmnl's own one for the end of a dump takes it for a good one, whatever it says. */
	mnl_cb_t controls[] = {[NLMSG_ERROR] = on_error, [NLMSG_DONE] = on_done};
	int rc;

	if (!is_whole(buffer, length))
		return -EBADMSG;
	errno = 0;
	rc = mnl_cb_run2(buffer, length, sequence, port, each, arg, controls,
			 MNL_ARRAY_SIZE(controls));
	if (rc >= 0)
		return rc > MNL_CB_STOP;
	return errno ? -errno : -EBADMSG;
}

int sw_netlink_ask(struct mnl_socket *socket, struct nlmsghdr *request, mnl_cb_t each, void *arg)
{
	static uint32_t sequence;
	bool dump = (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	size_t size = MNL_SOCKET_BUFFER_SIZE;
	SW_FREE char *buffer = malloc(size);
	int rc;

	if (!buffer)
		return -ENOMEM;
	request->nlmsg_seq = ++sequence;
	if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		return -errno;
	do {
		ssize_t length = mnl_socket_recvfrom(socket, buffer, size);

		if (length < 0)
			return -errno;
		rc = sw_netlink_read(buffer, length, request->nlmsg_seq,
				     mnl_socket_get_portid(socket), each, arg);
	} while (dump && rc > 0);
	return rc < 0 ? rc : 0;
}
