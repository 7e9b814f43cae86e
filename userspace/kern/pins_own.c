/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See pins_own.h.
 */
#include "kern/pins_own.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kern/pins.h"

struct owner {
	uid_t uid;
	gid_t gid;
};

/* Of a directory what is in it first: whoever is cut off in between finds the directory as it was, and begins again. */
static int give(void *arg, const char *dir, const char *name)
{
	const struct owner *owner = arg;
	char path[SW_PIN_PATH_MAX];
	struct stat found;
	int failed = sw_pins_path(dir, name, path);

	if (failed)
		return failed;
	if (lstat(path, &found))
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(found.st_mode))
		failed = sw_pins_each(path, give, arg);
	if (!failed && lchown(path, owner->uid, owner->gid))
		failed = -errno;
	return failed;
}

int sw_pins_give(const char *dir, uid_t uid, gid_t gid, struct sw_error *err)
{
	struct owner owner = {uid, gid};
	int failed = sw_pins_each(dir, give, &owner);

	if (!failed && lchown(dir, uid, gid))
		failed = -errno;
	if (failed)
		return sw_error_set(err, failed, "cannot give %s to uid %u: %s", dir,
				    (unsigned int)uid, strerror(-failed));
	return 0;
}

void sw_pins_make_own(const char *dir)
{
	struct sw_error ignored;
	struct stat found;

	if (!stat(dir, &found) && found.st_uid != geteuid())
		sw_pins_give(dir, geteuid(), getegid(), &ignored);
}
