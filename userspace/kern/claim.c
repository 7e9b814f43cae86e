/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A claim is an abstract unix socket: the kernel keeps those by network namespace, as interfaces are,
 * and forgets them when their owner dies.
 */
#include "kern/claim.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/cleanup.h"

int sw_claim_interface(int ifindex)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int length = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "spillway/interface/%d",
			      ifindex);
	SW_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&name, offsetof(struct sockaddr_un, sun_path) + 1 + length))
		return -errno;
	return sw_steal_fd(&fd);
}
