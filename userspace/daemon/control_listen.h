/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket in the file system: its directory, a stale predecessor, its mode and group.
 * Called by control.c.
 */
#ifndef SW_DAEMON_CONTROL_LISTEN_H
#define SW_DAEMON_CONTROL_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

#include "core/error.h"

/* Where the socket is, and which inode it was when made. */
struct sw_control_place {
	struct sockaddr_un addr;
	dev_t dev;
	ino_t ino;
	bool made_parent;
};

/* A non-blocking listening socket in *fd, or -errno. */
int sw_control_listen(const char *path, const char *group, int *fd, struct sw_control_place *place,
		      struct sw_error *err);

/* The directory, if it was made for the socket: whoever cannot write there could not remove the socket. */
void sw_control_give(const struct sw_control_place *place, uid_t uid);

/* Removes the socket, once it is closed, if it is still the one that was made. */
void sw_control_unlink(const struct sw_control_place *place);

#endif
