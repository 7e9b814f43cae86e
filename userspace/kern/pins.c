/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pin directory: lock, clear, add, remove.
 */
#include "kern/pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "core/cleanup.h"

/* What the names of our pins begin with: maps, links. */
static const char *const prefixes[] = {"map_", "link_"};

static int is_ours(const char *name)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return 1;
	return 0;
}

static int path_of(const char *dir, const char *name, char path[SW_PIN_PATH_MAX])
{
	int length = snprintf(path, SW_PIN_PATH_MAX, "%s/%s", dir, name);

	return length < SW_PIN_PATH_MAX ? 0 : -ENAMETOOLONG;
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
	if (flock(fd, LOCK_EX | LOCK_NB))
		return sw_error_set(
			err, errno == EWOULDBLOCK ? -EBUSY : -errno,
			errno == EWOULDBLOCK
				? "another spillwayd is running on %s: stop it first, or "
				  "give this one its own --pin-dir"
				: "cannot lock pin directory %s",
			dir);
	*lock_fd = sw_steal_fd(&fd);
	return 0;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Calls for each entry but . and ..; a non-zero return ends the walk. */
static int for_each_pin(const char *dir, int (*each)(const char *dir, const char *name))
{
	SW_CLEANUP(close_dir) DIR *entries = opendir(dir);
	struct dirent *entry;
	int err = 0;

	while (entries && !err && (entry = readdir(entries)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			err = each(dir, entry->d_name);
	return err;
}

static int refuse_foreign(const char *dir, const char *name)
{
	(void)dir;
	return is_ours(name) ? 0 : -EEXIST;
}

static int remove_one(const char *dir, const char *name)
{
	sw_pins_remove(dir, name);
	return 0;
}

static size_t count_pins(const char *dir)
{
	SW_CLEANUP(close_dir) DIR *entries = opendir(dir);
	size_t count = 0;

	while (entries && readdir(entries))
		count++;
	return count > 2 ? count - 2 : 0;
}

int sw_pins_clear(const char *dir, size_t *found, struct sw_error *err)
{
	if (for_each_pin(dir, refuse_foreign))
		return sw_error_set(
			err, -EEXIST,
			"pin directory %s holds what Spillway did not pin: move it away, "
			"or use another --pin-dir",
			dir);
	*found = count_pins(dir);
	for_each_pin(dir, remove_one);
	return 0;
}

int sw_pins_add(const char *dir, const char *name, int fd, struct sw_error *err)
{
	char path[SW_PIN_PATH_MAX];
	int failed = path_of(dir, name, path);

	if (!failed)
		failed = bpf_obj_pin(fd, path);
	if (failed)
		return sw_error_set(err, failed, "cannot pin %s/%s: %s", dir, name,
				    strerror(-failed));
	return 0;
}

void sw_pins_remove(const char *dir, const char *name)
{
	char path[SW_PIN_PATH_MAX];

	if (!path_of(dir, name, path))
		unlink(path);
}
