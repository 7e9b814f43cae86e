/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The gate's XDP links, pinned by the number of their interface.
 */
#include "kern/xdp_link.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kern/interface.h"
#include "kern/pins.h"

/* bpffs allows no dots in names, and interfaces of VLANs have them: the number names the pin. */
static void link_name(int ifindex, char name[32])
{
	snprintf(name, 32, SW_XDP_LINK_PREFIX "%d", ifindex);
}

void sw_xdp_link_drop(struct sw_kern *kern, int ifindex, int *link_fd)
{
	char name[32];

	if (*link_fd < 0)
		return;
	link_name(ifindex, name);
	if (sw_kern_pin_dir(kern))
		sw_pins_remove(sw_kern_pin_dir(kern), name);
	bpf_link_detach(*link_fd);
	close(*link_fd);
	*link_fd = -1;
}

bool sw_xdp_link_is_on(int link_fd, int ifindex)
{
	struct bpf_link_info info = {0};
	__u32 size = sizeof(info);

	return !bpf_obj_get_info_by_fd(link_fd, &info, &size) && (int)info.xdp.ifindex == ifindex;
}

/* In another network namespace there may be an interface of the same number: its program tells. */
static bool is_here(int link_fd, int ifindex)
{
	struct bpf_link_info info = {0};
	__u32 size = sizeof(info);

	return sw_xdp_link_is_on(link_fd, ifindex) &&
	       !bpf_obj_get_info_by_fd(link_fd, &info, &size) &&
	       sw_interface_may_run(ifindex, info.prog_id);
}

/* The pinned link, if it still holds the interface: one made anew may have got its number. */
int sw_xdp_link_open(struct sw_kern *kern, int ifindex)
{
	char name[32];
	int fd;

	if (!sw_kern_pin_dir(kern))
		return -1;
	link_name(ifindex, name);
	fd = sw_pins_open(sw_kern_pin_dir(kern), name);
	if (fd < 0 || is_here(fd, ifindex))
		return fd < 0 ? -1 : fd;
	close(fd);
	sw_pins_remove(sw_kern_pin_dir(kern), name);
	return -1;
}

int sw_xdp_link_failed(const struct sw_attachment *attachment, int failed, struct sw_error *err)
{
	uint32_t there = sw_interface_xdp_program(attachment->ifindex);

	if (there)
		return sw_error_set(err, -EBUSY,
				    "interface %s has an XDP program already (id %u): take it off "
				    "('ip link set dev %s xdp off'), or attach with mode tc",
				    attachment->name, there, attachment->name);
	return sw_error_set(err, failed, "interface %s: cannot attach %s XDP: %s; try mode tc",
			    attachment->name,
			    attachment->mode == SW_ATTACH_NATIVE ? "native" : "generic",
			    strerror(-failed));
}

/*
 * An XDP program of somebody else. One of ours can only be a dead daemon's, whose link the kernel
 * takes off in its own time after the pin is gone: wait for that.
 */
static int find_xdp_free(const struct sw_attachment *attachment, struct sw_error *err)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	uint32_t there = sw_interface_xdp_program(attachment->ifindex);

	for (int i = 0; there && sw_interface_is_gate(there) && i < 100; i++) {
		nanosleep(&pause, NULL);
		there = sw_interface_xdp_program(attachment->ifindex);
	}
	return there ? sw_xdp_link_failed(attachment, -EBUSY, err) : 0;
}

int sw_xdp_link_create(struct sw_kern *kern, struct sw_attachment *attachment, struct sw_error *err)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts,
		    .flags = attachment->mode == SW_ATTACH_NATIVE ? XDP_FLAGS_DRV_MODE
								  : XDP_FLAGS_SKB_MODE);
	int failed = find_xdp_free(attachment, err);
	char name[32];

	if (failed)
		return failed;
	attachment->link_fd = bpf_link_create(sw_kern_program_fd(kern, SW_PROGRAM_GATE_XDP),
					      attachment->ifindex, BPF_XDP, &opts);
	if (attachment->link_fd < 0)
		return sw_xdp_link_failed(attachment, attachment->link_fd, err);
	link_name(attachment->ifindex, name);
	if (sw_kern_pin_dir(kern)) {
		sw_pins_remove(sw_kern_pin_dir(kern), name);
		failed = sw_pins_add(sw_kern_pin_dir(kern), name, attachment->link_fd, err);
	}
	if (failed)
		sw_xdp_link_drop(kern, attachment->ifindex, &attachment->link_fd);
	return failed;
}
