/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pin directory: lock, look, add, replace, remove.
 */
#include "kern/pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "kern/pins_own.h"

int sw_pins_path(const char *dir, const char *name, char path[SW_PIN_PATH_MAX])
{
	int length = snprintf(path, SW_PIN_PATH_MAX, "%s/%s", dir, name);

	return length < SW_PIN_PATH_MAX ? 0 : -ENAMETOOLONG;
}

bool sw_pins_number(const char *name, const char *prefix, unsigned long *number)
{
	const char *digits = name + strlen(prefix);

	if (strncmp(name, prefix, strlen(prefix)) || digits[0] == '0' || !digits[0] ||
	    digits[strspn(digits, "0123456789")] || strlen(digits) > 9)
		return false;
	*number = strtoul(digits, NULL, 10);
	return true;
}

/* The directory may have been removed, or made anew, between opening and locking it. */
static bool is_still_there(const char *dir, int fd)
{
	struct stat locked, named;

	return !fstat(fd, &locked) && !stat(dir, &named) && locked.st_ino == named.st_ino &&
	       locked.st_dev == named.st_dev;
}

int sw_pins_lock(const char *dir, int *lock_fd, struct sw_error *err)
{
	SW_CLOSE int fd = -1;

	if (strchr(strrchr(dir, '/') ? strrchr(dir, '/') : dir, '.'))
		return sw_error_set(err, -EINVAL,
				    "pin directory %s: a BPF file system allows no dot in a name",
				    dir);
	if (mkdir(dir, 0700) && errno != EEXIST)
		return sw_error_set(err, -errno, "pin directory %s: %s", dir, strerror(errno));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return sw_error_set(err, -errno, "pin directory %s: %s", dir, strerror(errno));
	if (!flock(fd, LOCK_EX | LOCK_NB) && is_still_there(dir, fd)) {
		sw_pins_make_own(dir);
		*lock_fd = sw_steal_fd(&fd);
		return 0;
	}
	return sw_error_set(err, -EBUSY,
			    "another spillwayd is running on %s: stop it first, or "
			    "give this one its own --pin-dir",
			    dir);
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int sw_pins_each(const char *dir, int (*each)(void *arg, const char *dir, const char *name),
		 void *arg)
{
	SW_CLEANUP(close_dir) DIR *entries = opendir(dir);
	struct dirent *entry;
	int err = 0;

	while (entries && !err && (entry = readdir(entries)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			err = each(arg, dir, entry->d_name);
	return err;
}

int sw_pins_add(const char *dir, const char *name, int fd, struct sw_error *err)
{
	char path[SW_PIN_PATH_MAX];
	int failed = sw_pins_path(dir, name, path);

	if (!failed)
		failed = bpf_obj_pin(fd, path);
	if (failed)
		return sw_error_set(err, failed, "cannot pin %s/%s: %s", dir, name,
				    strerror(-failed));
	return 0;
}

int sw_pins_replace(const char *dir, const char *name, int fd, struct sw_error *err)
{
	char next[SW_PIN_PATH_MAX], path[SW_PIN_PATH_MAX], next_name[64];
	int failed;

	snprintf(next_name, sizeof(next_name), SW_NEXT_PREFIX "%s", name);
	sw_pins_remove(dir, next_name);
	failed = sw_pins_add(dir, next_name, fd, err);
	if (failed)
		return failed;
	if (!sw_pins_path(dir, next_name, next) && !sw_pins_path(dir, name, path) &&
	    !rename(next, path))
		return 0;
	failed = sw_error_set(err, -errno, "cannot pin %s/%s: %s", dir, name, strerror(errno));
	sw_pins_remove(dir, next_name);
	return failed;
}

int sw_pins_open(const char *dir, const char *name)
{
	char path[SW_PIN_PATH_MAX];
	int failed = sw_pins_path(dir, name, path);

	return failed ? failed : bpf_obj_get(path);
}

/* Not access(), which leaves capabilities out of account: the way there may be open by those alone. */
bool sw_pins_exists(const char *path)
{
	struct stat found;

	return !stat(path, &found);
}

bool sw_pins_mark(const char *dir, const char *name)
{
	char path[SW_PIN_PATH_MAX];

	return !sw_pins_path(dir, name, path) && !mkdir(path, 0700);
}

bool sw_pins_is_marked(const char *dir, const char *name)
{
	char path[SW_PIN_PATH_MAX];

	return !sw_pins_path(dir, name, path) && sw_pins_exists(path);
}

void sw_pins_unmark(const char *dir, const char *name)
{
	char path[SW_PIN_PATH_MAX];

	if (!sw_pins_path(dir, name, path))
		rmdir(path);
}

void sw_pins_remove(const char *dir, const char *name)
{
	char path[SW_PIN_PATH_MAX];

	if (!sw_pins_path(dir, name, path))
		unlink(path);
}
