/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes the control socket's file: never steals one that somebody listens on, replaces a dead one,
 * and is at no moment open to more users than it will be in the end.
 */
#include "daemon/control_listen.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "core/cleanup.h"
#include "core/log.h"

#define SOCKET_MODE    0660
#define DIRECTORY_MODE 0755
#define BACKLOG	       64

static int make_parent(const char *path, bool *made, struct sw_error *err)
{
	char copy[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	const char *parent;

	snprintf(copy, sizeof(copy), "%s", path);
	parent = dirname(copy);
	*made = mkdir(parent, DIRECTORY_MODE) == 0;
	if (*made || errno == EEXIST)
		return 0;
	return sw_error_set(err, -errno, "cannot make the directory %s for the control socket: %s",
			    parent, strerror(errno));
}

/* Whether somebody listens there: 0 or -errno of a connect. EAGAIN is a full backlog: alive, only slow. */
static int try_connect(const struct sockaddr_un *addr)
{
	SW_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 || errno == EAGAIN)
		return 0;
	return -errno;
}

/* 0 when nothing is in the way (any more). */
static int clear_stale(const struct sockaddr_un *addr, struct sw_error *err)
{
	struct stat found;
	int rc;

	if (lstat(addr->sun_path, &found) < 0)
		return 0; /* bind() says what else may be wrong */
	if (!S_ISSOCK(found.st_mode))
		return sw_error_set(
			err, -EEXIST,
			"%s exists and is not a socket; remove it or choose another path",
			addr->sun_path);
	rc = try_connect(addr);
	if (rc == 0)
		return sw_error_set(
			err, -EADDRINUSE,
			"a daemon is already listening on %s; stop it or choose another path",
			addr->sun_path);
	if (rc != -ECONNREFUSED)
		return sw_error_set(err, rc, "cannot tell whether %s is in use: %s", addr->sun_path,
				    strerror(-rc));
	if (unlink(addr->sun_path) < 0 && errno != ENOENT)
		return sw_error_set(err, -errno, "cannot remove the stale socket %s: %s",
				    addr->sun_path, strerror(errno));
	return 0;
}

/* The group is a convenience: without it the socket is root's alone, which is safe. */
static void give_to_group(const char *path, const char *group)
{
	const struct group *entry;

	if (!group || !group[0])
		return;
	entry = getgrnam(group);
	if (!entry)
		sw_log_warn(
			"control: there is no group %s, so only root can use %s (groupadd --system %s)",
			group, path, group);
	else if (lchown(path, (uid_t)-1, entry->gr_gid) < 0)
		sw_log_warn("control: cannot give %s to group %s: %s", path, group,
			    strerror(errno));
}

static int bind_and_listen(int fd, const char *group, struct sw_control_place *place,
			   struct sw_error *err)
{
	const char *path = place->addr.sun_path;
	struct stat made;

	/* Linux gives the file the socket inode's mode less the umask: set before bind(), never wider than meant. */
	if (fchmod(fd, SOCKET_MODE) < 0 ||
	    bind(fd, (const struct sockaddr *)&place->addr, sizeof(place->addr)) < 0)
		return sw_error_set(err, -errno, "cannot make the control socket %s: %s", path,
				    strerror(errno));
	give_to_group(path, group);
	/* A tight umask may have made it narrower. */
	if (chmod(path, SOCKET_MODE) < 0 || lstat(path, &made) < 0 || listen(fd, BACKLOG) < 0) {
		int rc = -errno;

		unlink(path);
		return sw_error_set(err, rc, "cannot listen on the control socket %s: %s", path,
				    strerror(-rc));
	}
	place->dev = made.st_dev;
	place->ino = made.st_ino;
	return 0;
}

int sw_control_listen(const char *path, const char *group, int *fd, struct sw_control_place *place,
		      struct sw_error *err)
{
	struct sw_control_place made = {.addr = {.sun_family = AF_UNIX}};
	SW_CLOSE int listener = -1;
	int rc;

	if (!path[0] || strlen(path) >= sizeof(made.addr.sun_path))
		return sw_error_set(err, path[0] ? -ENAMETOOLONG : -EINVAL,
				    "the control socket's path \"%s\" must have 1 to %zu bytes",
				    path, sizeof(made.addr.sun_path) - 1);
	memcpy(made.addr.sun_path, path, strlen(path));
	rc = make_parent(path, &made.made_parent, err);
	if (rc == 0)
		rc = clear_stale(&made.addr, err);
	if (rc < 0)
		return rc;
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener < 0)
		return sw_error_set(err, -errno, "cannot make a socket: %s", strerror(errno));
	rc = bind_and_listen(listener, group, &made, err);
	if (rc < 0)
		return rc;
	*place = made;
	*fd = sw_steal_fd(&listener);
	return 0;
}

void sw_control_give(const struct sw_control_place *place, uid_t uid)
{
	char copy[sizeof(place->addr.sun_path)];

	snprintf(copy, sizeof(copy), "%s", place->addr.sun_path);
	if (place->made_parent && lchown(dirname(copy), uid, (gid_t)-1))
		sw_log_debug("control: cannot give the directory of %s to uid %u: %s",
			     place->addr.sun_path, (unsigned int)uid, strerror(errno));
}

/* The inode alone does not tell: a successor's socket may have been given the same number. */
void sw_control_unlink(const struct sw_control_place *place)
{
	struct stat found;

	if (lstat(place->addr.sun_path, &found) == 0 && found.st_dev == place->dev &&
	    found.st_ino == place->ino && try_connect(&place->addr) == -ECONNREFUSED)
		unlink(place->addr.sun_path);
}
