/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Judged by the whole name, by its kind, and links by the program behind them.
 */
#include "kern/pins_check.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "kern/attach.h"
#include "kern/generation.h"
#include "kern/interface.h"
#include "kern/pins.h"
#include "spillway/names.h"

#define PINNED_MAP(name) "map_" #name,
static const char *const parts[] = {SW_MAP_NAMES(PINNED_MAP) "link_life", "link_life_again",
				    "link_refused", "state"};

bool sw_pins_is_part(const char *name)
{
	if (!strncmp(name, SW_NEXT_PREFIX, strlen(SW_NEXT_PREFIX)))
		name += strlen(SW_NEXT_PREFIX);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strcmp(name, parts[i]))
			return true;
	return false;
}

/* The kernel tells of maps, programs and links by one call, which does not say what it was asked about. */
static bool is_link(int fd)
{
	char path[32], target[64] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return readlink(path, target, sizeof(target) - 1) > 0 &&
	       (strstr(target, "bpf_link") || strstr(target, "bpf-link"));
}

static bool is_gate(const char *dir, const char *name)
{
	SW_CLOSE int fd = sw_pins_open(dir, name);
	struct bpf_link_info info = {0};
	__u32 size = sizeof(info);

	return fd >= 0 && is_link(fd) && !bpf_obj_get_info_by_fd(fd, &info, &size) &&
	       info.type == BPF_LINK_TYPE_XDP && sw_interface_may_be_gate(info.prog_id);
}

static bool is_ours(const char *dir, const char *name)
{
	char path[SW_PIN_PATH_MAX];
	unsigned long number;
	struct stat is;

	if (sw_pins_path(dir, name, path) || lstat(path, &is))
		return false;
	if (sw_generation_is_pointer(name))
		return S_ISLNK(is.st_mode);
	if (sw_pins_number(name, SW_GENERATION_PREFIX, &number) ||
	    sw_pins_number(name, SW_QDISC_PREFIX, &number))
		return S_ISDIR(is.st_mode);
	if (!S_ISREG(is.st_mode))
		return false;
	return sw_pins_number(name, SW_XDP_LINK_PREFIX, &number) ? is_gate(dir, name)
								 : sw_pins_is_part(name);
}

static int find_in_generation(void *foreign, const char *dir, const char *name)
{
	if (sw_pins_is_part(name))
		return 0;
	return sw_pins_path(strrchr(dir, '/') + 1, name, foreign) ? -ENAMETOOLONG : -EEXIST;
}

static int find_foreign(void *foreign, const char *dir, const char *name)
{
	char path[SW_PIN_PATH_MAX];
	unsigned long number;

	if (!is_ours(dir, name)) {
		snprintf(foreign, SW_PIN_PATH_MAX, "%s", name);
		return -EEXIST;
	}
	if (!sw_pins_number(name, SW_GENERATION_PREFIX, &number) || sw_pins_path(dir, name, path))
		return 0;
	return sw_pins_each(path, find_in_generation, foreign);
}

int sw_pins_check(const char *dir, struct sw_error *err)
{
	char foreign[SW_PIN_PATH_MAX];

	if (!sw_pins_each(dir, find_foreign, foreign))
		return 0;
	return sw_error_set(err, -EEXIST,
			    "pin directory %s holds '%s', which Spillway did not pin: move it "
			    "away, or use another --pin-dir",
			    dir, foreign);
}
