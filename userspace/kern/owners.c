/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A walk over /proc/PID/fd. A process that ends meanwhile is no error.
 */
#include "kern/owners.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cleanup.h"

struct list {
	uint32_t *inodes;
	size_t count, room;
};

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int add(struct list *list, uint32_t inode)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 256;
		uint32_t *inodes = reallocarray(list->inodes, room, sizeof(*inodes));

		if (!inodes)
			return -ENOMEM;
		list->inodes = inodes;
		list->room = room;
	}
	list->inodes[list->count++] = inode;
	return 0;
}

/* "socket:[123]" → 123, 0 for what is no socket. */
static uint32_t inode_of(int dir_fd, const char *name)
{
	char target[64];
	ssize_t length = readlinkat(dir_fd, name, target, sizeof(target) - 1);

	if (length <= 0)
		return 0;
	target[length] = '\0';
	return strncmp(target, "socket:[", 8) ? 0 : (uint32_t)strtoul(target + 8, NULL, 10);
}

static bool is_one_of(const uint32_t *inodes, size_t count, uint32_t inode)
{
	for (size_t i = 0; i < count; i++)
		if (inodes[i] == inode)
			return true;
	return false;
}

/* Adds a process's sockets, and takes them back if none of them is a listener that is looked for. */
static int add_process(const char *pid, const uint32_t *listeners, size_t count, struct list *list)
{
	size_t before = list->count;
	bool holds = false;
	char path[64];
	SW_CLEANUP(close_dir) DIR *files = NULL;
	struct dirent *file;
	int failed = 0;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	files = opendir(path);
	if (!files)
		return errno == EACCES || errno == EPERM ? -EACCES : 0;
	while (!failed && (file = readdir(files))) {
		uint32_t inode = inode_of(dirfd(files), file->d_name);

		if (!inode)
			continue;
		holds |= is_one_of(listeners, count, inode);
		failed = add(list, inode);
	}
	if (!holds)
		list->count = before;
	return failed;
}

static int compare(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

int sw_owners_read(const uint32_t *listeners, size_t count, struct sw_owners *out)
{
	SW_CLEANUP(close_dir) DIR *processes = opendir("/proc");
	struct list list = {0};
	struct dirent *process;
	int hidden = 0;

	while (processes && (process = readdir(processes))) {
		int failed;

		if (!isdigit((unsigned char)process->d_name[0]))
			continue;
		failed = add_process(process->d_name, listeners, count, &list);
		if (failed == -ENOMEM) {
			free(list.inodes);
			return failed;
		}
		hidden = failed ? failed : hidden;
	}
	if (list.count)
		qsort(list.inodes, list.count, sizeof(*list.inodes), compare);
	*out = (struct sw_owners){list.inodes, list.count};
	return hidden;
}

static bool has(const char *pid, uint32_t inode)
{
	struct list list = {0};
	bool found;

	add_process(pid, &inode, 1, &list);
	found = list.count > 0;
	free(list.inodes);
	return found;
}

int sw_owners_pid(uint32_t inode)
{
	SW_CLEANUP(close_dir) DIR *processes = opendir("/proc");
	struct dirent *process;

	while (processes && (process = readdir(processes)))
		if (isdigit((unsigned char)process->d_name[0]) && has(process->d_name, inode))
			return (int)strtol(process->d_name, NULL, 10);
	return 0;
}

bool sw_owners_have(const struct sw_owners *owners, uint32_t inode)
{
	return inode && owners->count &&
	       bsearch(&inode, owners->inodes, owners->count, sizeof(inode), compare);
}

void sw_owners_free(struct sw_owners *owners)
{
	free(owners->inodes);
	*owners = (struct sw_owners){0};
}
