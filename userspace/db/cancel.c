/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plain socket: no library's buffers, which nobody would wipe. Whoever gets a CancelRequest says nothing, and
 * closes when the signal is sent.
 */
#include "db/cancel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "spillway/cancel.h"

union address {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

struct sw_cancel_call {
	int fd;
	size_t bytes; /* 0: sent */
	uint8_t request[SW_CANCEL_BYTES_MAX];
};

static socklen_t address_of(const struct sw_endpoint *to, uint32_t scope, union address *out)
{
	memset(out, 0, sizeof(*out));
	if (sw_addr_is_ipv4(&to->addr)) {
		out->ipv4.sin_family = AF_INET;
		out->ipv4.sin_port = htons(to->port);
		memcpy(&out->ipv4.sin_addr, to->addr.bytes + 12, sizeof(out->ipv4.sin_addr));
		return sizeof(out->ipv4);
	}
	out->ipv6.sin6_family = AF_INET6;
	out->ipv6.sin6_port = htons(to->port);
	memcpy(&out->ipv6.sin6_addr, to->addr.bytes, sizeof(out->ipv6.sin6_addr));
	if (IN6_IS_ADDR_LINKLOCAL(&out->ipv6.sin6_addr))
		out->ipv6.sin6_scope_id = scope;
	return sizeof(out->ipv6);
}

int sw_cancel_start(const struct sw_endpoint *to, uint32_t scope, const void *request, size_t bytes,
		    struct sw_cancel_call **out)
{
	union address address;
	socklen_t length = address_of(to, scope, &address);
	SW_CLOSE int fd =
		socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sw_cancel_call *call;

	if (fd < 0)
		return -errno;
	if (!sw_cancel_fits(bytes))
		return -EMSGSIZE;
	if (connect(fd, &address.any, length) && errno != EINPROGRESS)
		return -errno;
	call = calloc(1, sizeof(*call));
	if (!call)
		return -ENOMEM;
	call->fd = sw_steal_fd(&fd);
	call->bytes = bytes;
	memcpy(call->request, request, bytes);
	*out = call;
	return 0;
}

static void wipe(struct sw_cancel_call *call)
{
	explicit_bzero(call->request, sizeof(call->request));
	call->bytes = 0;
}

/* A socket just connected has room for more than this. */
static enum sw_cancel_state send_request(struct sw_cancel_call *call)
{
	ssize_t sent = send(call->fd, call->request, call->bytes, MSG_NOSIGNAL);
	bool is_whole = sent == (ssize_t)call->bytes;

	if (sent < 0 && errno == EAGAIN)
		return SW_CANCEL_WRITES;
	wipe(call);
	return is_whole ? SW_CANCEL_READS : SW_CANCEL_FAILED;
}

enum sw_cancel_state sw_cancel_step(struct sw_cancel_call *call)
{
	int failed = 0;
	socklen_t size = sizeof(failed);
	uint8_t ignored[64];
	ssize_t got;

	if (!call->bytes) {
		/* A close is the answer, and a reset is as good. */
		got = recv(call->fd, ignored, sizeof(ignored), 0);
		return got > 0 || (got < 0 && errno == EAGAIN) ? SW_CANCEL_READS : SW_CANCEL_DONE;
	}
	if (getsockopt(call->fd, SOL_SOCKET, SO_ERROR, &failed, &size))
		return SW_CANCEL_FAILED;
	if (failed)
		return failed == ECONNREFUSED ? SW_CANCEL_NOBODY : SW_CANCEL_FAILED;
	return send_request(call);
}

int sw_cancel_fd(const struct sw_cancel_call *call)
{
	return call->fd;
}

int sw_cancel_from(const struct sw_cancel_call *call, struct sw_endpoint *out)
{
	union address address = {0};
	socklen_t length = sizeof(address);

	if (getsockname(call->fd, &address.any, &length))
		return -errno;
	memset(out, 0, sizeof(*out));
	if (address.any.sa_family == AF_INET) {
		sw_addr_from_ipv4(address.ipv4.sin_addr.s_addr, &out->addr);
		out->port = ntohs(address.ipv4.sin_port);
		return 0;
	}
	memcpy(out->addr.bytes, &address.ipv6.sin6_addr, sizeof(out->addr.bytes));
	out->port = ntohs(address.ipv6.sin6_port);
	return 0;
}

void sw_cancel_free(struct sw_cancel_call *call)
{
	if (!call)
		return;
	wipe(call);
	close(call->fd);
	free(call);
}
