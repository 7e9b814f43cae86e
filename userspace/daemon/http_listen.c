/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See http_listen.h.
 */
#include "daemon/http_listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "core/cleanup.h"
#include "core/log.h"

#define BACKLOG 256

/* A mapped address would do on an IPv6 socket, but not on a host that was booted without IPv6. */
static socklen_t fill_sockaddr(const struct sw_endpoint *listen, struct sockaddr_storage *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (!listen->any && sw_addr_is_ipv4(&listen->addr)) {
		in->sin_family = AF_INET;
		in->sin_port = htons(listen->port);
		memcpy(&in->sin_addr, listen->addr.bytes + SW_IPV4_BITS_BEFORE / 8, 4);
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(listen->port);
	memcpy(&in6->sin6_addr, listen->addr.bytes, sizeof(listen->addr.bytes));
	return sizeof(*in6);
}

static int listen_on(const struct sockaddr_storage *addr, socklen_t length)
{
	SW_CLOSE int fd = -1;
	int on = 1, off = 0;

	fd = socket(addr->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (addr->ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (const struct sockaddr *)addr, length) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	return sw_steal_fd(&fd);
}

static bool is_loopback(const struct sw_endpoint *listen)
{
	const struct in6_addr *addr = (const struct in6_addr *)listen->addr.bytes;

	if (listen->any)
		return false;
	return sw_addr_is_ipv4(&listen->addr) ? listen->addr.bytes[SW_IPV4_BITS_BEFORE / 8] == 127
					      : IN6_IS_ADDR_LOOPBACK(addr);
}

/* There is no password: whoever gets there reads who connects. */
static void warn_of_strangers(const struct sw_endpoint *listen)
{
	char text[SW_ENDPOINT_TEXT] = "";

	if (is_loopback(listen))
		return;
	sw_endpoint_format(listen, text, sizeof(text));
	sw_log_warn(
		"http.listen: whoever reaches %s may read the status page and the metrics; keep it on "
		"loopback behind a proxy with TLS and authentication",
		text);
}

int sw_http_listen(const struct sw_endpoint *listen, struct sw_error *err)
{
	struct sw_endpoint ipv4_any = {.port = listen->port};
	char text[SW_ENDPOINT_TEXT] = "";
	struct sockaddr_storage addr;
	socklen_t length = fill_sockaddr(listen, &addr);
	int fd = listen_on(&addr, length);

	if (fd == -EAFNOSUPPORT && listen->any) {
		sw_addr_from_ipv4(INADDR_ANY, &ipv4_any.addr);
		length = fill_sockaddr(&ipv4_any, &addr);
		fd = listen_on(&addr, length);
	}
	if (fd >= 0) {
		warn_of_strangers(listen);
		return fd;
	}
	sw_endpoint_format(listen, text, sizeof(text));
	return sw_error_set(err, fd, "http.listen: cannot listen on %s: %s", text, strerror(-fd));
}
