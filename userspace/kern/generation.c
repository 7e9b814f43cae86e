/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directories of generations, and which of them counts.
 */
#include "kern/generation.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kern/attach.h"
#include "kern/pins_check.h"

#define CURRENT "current"

static bool is_generation(const char *name)
{
	unsigned long number;

	return sw_pins_number(name, SW_GENERATION_PREFIX, &number);
}

bool sw_generation_is_pointer(const char *name)
{
	return !strcmp(name, CURRENT) || !strcmp(name, SW_NEXT_PREFIX CURRENT);
}

static int read_current(const char *pin_dir, char name[64])
{
	char link[SW_PIN_PATH_MAX];
	ssize_t length;

	if (sw_pins_path(pin_dir, CURRENT, link))
		return -ENAMETOOLONG;
	length = readlink(link, name, 63);
	if (length < 0)
		return -ENOENT;
	name[length] = '\0';
	/* It may lead nowhere. */
	return is_generation(name) && sw_pins_exists(link) ? 0 : -ENOENT;
}

int sw_generation_current(const char *pin_dir, char path[SW_PIN_PATH_MAX])
{
	char name[64];
	int failed = read_current(pin_dir, name);

	return failed ? failed : sw_pins_path(pin_dir, name, path);
}

static int find_left(void *arg, const char *dir, const char *name)
{
	unsigned long number;

	(void)arg, (void)dir;
	return is_generation(name) || !strcmp(name, CURRENT) ||
	       sw_pins_number(name, SW_XDP_LINK_PREFIX, &number);
}

bool sw_generation_is_lost(const char *pin_dir)
{
	char name[64];

	return read_current(pin_dir, name) && sw_pins_each(pin_dir, find_left, NULL);
}

static int note_highest(void *highest, const char *dir, const char *name)
{
	unsigned long number;

	(void)dir;
	if (sw_pins_number(name, SW_GENERATION_PREFIX, &number) &&
	    number > *(unsigned long *)highest)
		*(unsigned long *)highest = number;
	return 0;
}

int sw_generation_make(const char *pin_dir, char path[SW_PIN_PATH_MAX], struct sw_error *err)
{
	unsigned long highest = 0;
	char name[64];

	sw_pins_each(pin_dir, note_highest, &highest);
	snprintf(name, sizeof(name), SW_GENERATION_PREFIX "%lu", highest + 1);
	if (sw_pins_path(pin_dir, name, path))
		return sw_error_set(err, -ENAMETOOLONG, "pin directory %s: too long", pin_dir);
	if (mkdir(path, 0700))
		return sw_error_set(err, -errno, "%s: %s", path, strerror(errno));
	return 0;
}

int sw_generation_commit(const char *pin_dir, const char *path, struct sw_error *err)
{
	char next[SW_PIN_PATH_MAX], current[SW_PIN_PATH_MAX];

	if (sw_pins_path(pin_dir, SW_NEXT_PREFIX CURRENT, next) ||
	    sw_pins_path(pin_dir, CURRENT, current))
		return sw_error_set(err, -ENAMETOOLONG, "pin directory %s: too long", pin_dir);
	unlink(next);
	if (symlink(strrchr(path, '/') + 1, next) || rename(next, current))
		return sw_error_set(err, -errno, "%s: %s", current, strerror(errno));
	return 0;
}

static int remove_pin(void *arg, const char *dir, const char *name)
{
	(void)arg;
	if (sw_pins_is_part(name))
		sw_pins_remove(dir, name);
	return 0;
}

void sw_generation_remove(const char *path)
{
	sw_pins_each(path, remove_pin, NULL);
	rmdir(path);
}

/* Also what daemons before 0.2 pinned beside the links of interfaces, which are still in use. */
static int prune_one(void *current, const char *dir, const char *name)
{
	char path[SW_PIN_PATH_MAX];

	if (sw_pins_is_part(name) || !strcmp(name, SW_NEXT_PREFIX CURRENT))
		sw_pins_remove(dir, name);
	else if (is_generation(name) && strcmp(name, current) && !sw_pins_path(dir, name, path))
		sw_generation_remove(path);
	return 0;
}

void sw_generation_prune(const char *pin_dir)
{
	char current[64];

	if (read_current(pin_dir, current))
		current[0] = '\0';
	sw_pins_each(pin_dir, prune_one, current);
}

struct each {
	int (*each)(void *arg, const char *path);
	void *arg;
};

static int visit(void *arg, const char *dir, const char *name)
{
	const struct each *each = arg;
	char path[SW_PIN_PATH_MAX];

	if (!is_generation(name) || sw_pins_path(dir, name, path))
		return 0;
	return each->each(each->arg, path);
}

int sw_generation_each(const char *pin_dir, int (*each)(void *arg, const char *path), void *arg)
{
	struct each visitor = {each, arg};
	int err = each(arg, pin_dir);

	return err ? err : sw_pins_each(pin_dir, visit, &visitor);
}
