/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Preloaded into clients that cannot choose their source address (psql, curl): connect() binds the
 * socket to $BIND_SOURCE first. Used by tools/world for the tests and the demo, never installed.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

/* Fills in the address of the socket's own family; 0 when $BIND_SOURCE is of another one. */
static socklen_t source_address(sa_family_t family, const char *text, struct sockaddr_storage *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	*out = (struct sockaddr_storage){.ss_family = family};
	if (family == AF_INET && inet_pton(AF_INET, text, &in->sin_addr) == 1)
		return sizeof(*in);
	if (family == AF_INET6 && inet_pton(AF_INET6, text, &in6->sin6_addr) == 1)
		return sizeof(*in6);
	return 0;
}

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	static int (*real_connect)(int, const struct sockaddr *, socklen_t);
	const char *text = getenv("BIND_SOURCE");
	struct sockaddr_storage source;
	socklen_t size;

	if (!real_connect)
		real_connect = (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT,
										       "connect");
	if (!real_connect) {
		errno = ENOSYS;
		return -1;
	}
	size = text ? source_address(address->sa_family, text, &source) : 0;
	if (size && bind(fd, (struct sockaddr *)&source, size))
		return -1;
	return real_connect(fd, address, length);
}
