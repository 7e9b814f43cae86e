/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What makes pinned maps usable is that their notes say so and that each has the shape that the
 * programs were compiled for.
 */
#include "kern/inherit.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/cleanup.h"
#include "kern/notes.h"
#include "kern/pins.h"
#include "spillway.skel.h"
#include "spillway/names.h"

static void destroy(struct spillway_bpf **skel)
{
	spillway_bpf__destroy(*skel);
}

static bool is_alike(const struct bpf_map *map, const struct bpf_map_info *info)
{
	return info->type == bpf_map__type(map) && info->key_size == bpf_map__key_size(map) &&
	       info->value_size == bpf_map__value_size(map) &&
	       info->max_entries == bpf_map__max_entries(map) &&
	       (info->map_flags & BPF_F_MMAPABLE) == (bpf_map__map_flags(map) & BPF_F_MMAPABLE);
}

static int check_map(const struct bpf_map *map, const char *generation, struct sw_error *err)
{
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info);
	SW_CLOSE int fd = -1;
	char name[64];

	snprintf(name, sizeof(name), "map_%s", bpf_map__name(map));
	fd = sw_pins_open(generation, name);
	if (fd < 0)
		return sw_error_set(err, -EBADMSG, "%s/%s: %s", generation, name, strerror(-fd));
	if (bpf_obj_get_info_by_fd(fd, &info, &size) || !is_alike(map, &info))
		return sw_error_set(err, -EBADMSG, "%s/%s is not the map that belongs there",
				    generation, name);
	return 0;
}

int sw_inherit_check(const char *generation, uint64_t netns_cookie, struct sw_error *err)
{
	SW_CLEANUP(destroy) struct spillway_bpf *skel = NULL;
	struct sw_notes_header header;
	SW_FREE char *text = NULL;
	const struct bpf_map *map;
	int failed = sw_notes_read(generation, &header, &text, err);

	if (failed)
		return failed;
	if (header.layout_version != SW_LAYOUT_VERSION)
		return sw_error_set(err, -EPROTO, "%s is of layout %u, this spillwayd has %u",
				    generation, header.layout_version, SW_LAYOUT_VERSION);
	if (header.netns_cookie != netns_cookie)
		return sw_error_set(err, -EPROTO, "%s is of another network namespace", generation);
	skel = spillway_bpf__open();
	if (!skel)
		return sw_error_set(err, -errno, "cannot read the programs: %s", strerror(errno));
	bpf_object__for_each_map(map, skel->obj)
	{
		if (!bpf_map__is_internal(map) && !failed)
			failed = check_map(map, generation, err);
	}
	return failed;
}

int sw_inherit_maps(struct bpf_object *object, const char *generation)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		SW_CLOSE int fd = -1;
		char name[64];

		if (bpf_map__is_internal(map))
			continue;
		snprintf(name, sizeof(name), "map_%s", bpf_map__name(map));
		fd = sw_pins_open(generation, name);
		if (fd < 0)
			return fd;
		if (bpf_map__reuse_fd(map, fd))
			return -errno;
	}
	return 0;
}

int sw_netns_cookie(uint64_t *out, struct sw_error *err)
{
	SW_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(*out);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, out, &size))
		return sw_error_set(err, -errno, "the network namespace's cookie: %s",
				    strerror(errno));
	return 0;
}
