/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding the filters of a daemon that died by the maps they work on, whatever interface they are on.
 */
#include "kern/leftover.h"

#include <bpf/bpf.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>

#include "core/cleanup.h"
#include "core/log.h"
#include "kern/clsact.h"
#include "kern/pins.h"

/* More than a program of ours uses. */
#define MAPS_MAX 32

/* 0 if there is none. */
static __u32 pinned_map_id(const char *pin_dir, const char *name)
{
	char path[SW_PIN_PATH_MAX];
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info);
	SW_CLOSE int fd = -1;

	snprintf(path, sizeof(path), "%s/%s", pin_dir, name);
	fd = bpf_obj_get(path);
	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

static bool uses_map(__u32 program_id, __u32 map_id)
{
	__u32 map_ids[MAPS_MAX];
	struct bpf_prog_info info = {.nr_map_ids = MAPS_MAX,
				     .map_ids = (__u64)(unsigned long)map_ids};
	__u32 size = sizeof(info);
	SW_CLOSE int fd = bpf_prog_get_fd_by_id(program_id);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return false;
	for (__u32 i = 0; i < info.nr_map_ids && i < MAPS_MAX; i++)
		if (map_ids[i] == map_id)
			return true;
	return false;
}

void sw_leftover_remove(const char *pin_dir)
{
	__u32 map_id = pinned_map_id(pin_dir, "map_flows");
	struct if_nameindex *all = map_id ? if_nameindex() : NULL;

	for (struct if_nameindex *at = all; at && at->if_index; at++) {
		__u32 program_id = sw_clsact_program((int)at->if_index);

		if (!program_id || !uses_map(program_id, map_id))
			continue;
		sw_log_info("%s: taking off what a daemon that died has left", at->if_name);
		sw_clsact_remove((int)at->if_index, true);
	}
	if (all)
		if_freenameindex(all);
}
