/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding the filters of a daemon that died by the maps they work on, whatever interface they are on.
 */
#include "kern/leftover.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/log.h"
#include "kern/attach.h"
#include "kern/clsact.h"
#include "kern/generation.h"
#include "kern/pins.h"

/* More than a program of ours uses. */
#define MAPS_MAX 32
/* The current one, one of a start that was cut off, one of another layout: and some more. */
#define GENERATIONS_MAX 16

struct search {
	bool (*is_kept)(void *arg, int ifindex);
	void *arg;
	__u32 map_ids[GENERATIONS_MAX];
	size_t map_count;
};

static int note_map(void *arg, const char *generation)
{
	struct search *search = arg;
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info);
	SW_CLOSE int fd = sw_pins_open(generation, "map_flows");

	if (fd >= 0 && search->map_count < GENERATIONS_MAX &&
	    !bpf_obj_get_info_by_fd(fd, &info, &size))
		search->map_ids[search->map_count++] = info.id;
	return 0;
}

static bool is_searched(const struct search *search, __u32 map_id)
{
	for (size_t i = 0; i < search->map_count; i++)
		if (search->map_ids[i] == map_id)
			return true;
	return false;
}

/* 1: it is, 0: not, -errno: not known. */
static int is_ours(const struct search *search, __u32 program_id)
{
	__u32 map_ids[MAPS_MAX];
	struct bpf_prog_info info = {.nr_map_ids = MAPS_MAX,
				     .map_ids = (__u64)(unsigned long)map_ids};
	__u32 size = sizeof(info);
	SW_CLOSE int fd = bpf_prog_get_fd_by_id(program_id);
	int failed = fd < 0 ? fd : bpf_obj_get_info_by_fd(fd, &info, &size);

	for (__u32 i = 0; !failed && i < info.nr_map_ids && i < MAPS_MAX; i++)
		if (is_searched(search, map_ids[i]))
			return 1;
	return failed;
}

/* True if there was one of ours. */
static bool remove_filters_of(const struct search *search, int ifindex, const char *name)
{
	bool found = false;

	for (int priority = SW_CLSACT_FIRST; priority <= SW_CLSACT_SECOND; priority++) {
		__u32 program_id = sw_clsact_program(ifindex, priority);
		int ours = program_id ? is_ours(search, program_id) : 0;

		if (ours == -EPERM)
			sw_log_warn("%s: not permitted to see whose filter is there "
				    "(CAP_SYS_ADMIN); if a daemon before this one left it: 'tc "
				    "filter delete dev %s ingress pref %d'",
				    name, name, priority);
		if (ours <= 0)
			continue;
		sw_clsact_drop(ifindex, priority);
		found = true;
	}
	return found;
}

static void remove_filters(const struct search *search)
{
	struct if_nameindex *all = search->map_count ? if_nameindex() : NULL;

	for (struct if_nameindex *at = all; at && at->if_index; at++)
		if (!search->is_kept(search->arg, (int)at->if_index) &&
		    remove_filters_of(search, (int)at->if_index, at->if_name))
			sw_log_info("%s: took off what the daemon before this one has left",
				    at->if_name);
	if (all)
		if_freenameindex(all);
}

/* Without its pin a link goes in the kernel's own time; detached it is gone at once. */
static int remove_link(void *arg, const char *dir, const char *name)
{
	const struct search *search = arg;
	SW_CLOSE int fd = -1;
	unsigned long ifindex;

	if (!sw_pins_number(name, SW_XDP_LINK_PREFIX, &ifindex) ||
	    search->is_kept(search->arg, (int)ifindex))
		return 0;
	fd = sw_pins_open(dir, name);
	if (fd >= 0)
		bpf_link_detach(fd);
	sw_pins_remove(dir, name);
	return 0;
}

/* After the filters: one that is left in it is another daemon's. */
static int remove_qdisc(void *arg, const char *dir, const char *name)
{
	const struct search *search = arg;
	unsigned long ifindex;

	if (!sw_pins_number(name, SW_QDISC_PREFIX, &ifindex) ||
	    search->is_kept(search->arg, (int)ifindex))
		return 0;
	sw_clsact_destroy((int)ifindex);
	sw_pins_unmark(dir, name);
	return 0;
}

void sw_leftover_remove(const char *pin_dir, bool (*is_kept)(void *arg, int ifindex), void *arg)
{
	struct search search = {.is_kept = is_kept, .arg = arg};

	sw_generation_each(pin_dir, note_map, &search);
	sw_pins_each(pin_dir, remove_link, &search);
	remove_filters(&search);
	sw_pins_each(pin_dir, remove_qdisc, &search);
}
