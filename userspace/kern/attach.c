/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The gate on an interface: native or generic XDP with steering in TC behind it, or all of it in TC.
 */
#include "kern/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/log.h"
#include "kern/claim.h"
#include "kern/clsact.h"
#include "kern/interface.h"
#include "kern/pins.h"

/* bpffs allows no dots in names, and interfaces of VLANs have them: the number names the pin. */
static void link_name(int ifindex, char name[32])
{
	snprintf(name, 32, SW_XDP_LINK_PREFIX "%d", ifindex);
}

static void drop_link(struct sw_kern *kern, int ifindex, int *link_fd)
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

/* All of TC, and the qdisc if it is ours. */
static void clear_tc(struct sw_kern *kern, int ifindex)
{
	const char *pin_dir = sw_kern_pin_dir(kern);
	char mark[32];
	bool ours;

	snprintf(mark, sizeof(mark), SW_QDISC_PREFIX "%d", ifindex);
	ours = pin_dir && !sw_pins_mark(pin_dir, mark);
	sw_clsact_remove(ifindex, ours);
	if (pin_dir)
		sw_pins_unmark(pin_dir, mark);
}

/* The gate first: behind it, steering finishes what the gate has already let in. */
static void take_off(struct sw_kern *kern, struct sw_attachment *attachment)
{
	drop_link(kern, attachment->ifindex, &attachment->link_fd);
	clear_tc(kern, attachment->ifindex);
}

/* What is on the interface before: places of filters, and the link of XDP. */
struct there {
	int priority;		  /* of a filter of ours, 0: none */
	int spare;		  /* where there is room for another one */
	int link_fd;		  /* -1: none */
	enum sw_attach_mode mode; /* of the link */
};

static bool link_is_on(int link_fd, int ifindex)
{
	struct bpf_link_info info = {0};
	__u32 size = sizeof(info);

	return !bpf_obj_get_info_by_fd(link_fd, &info, &size) && (int)info.xdp.ifindex == ifindex;
}

/* The pinned link, if it still holds the interface: one made anew may have got its number. */
static int open_link(struct sw_kern *kern, int ifindex)
{
	char name[32];
	int fd;

	if (!sw_kern_pin_dir(kern))
		return -1;
	link_name(ifindex, name);
	fd = sw_pins_open(sw_kern_pin_dir(kern), name);
	if (fd < 0 || link_is_on(fd, ifindex))
		return fd < 0 ? -1 : fd;
	close(fd);
	sw_pins_remove(sw_kern_pin_dir(kern), name);
	return -1;
}

static struct there look(struct sw_kern *kern, int ifindex)
{
	struct there there = {.link_fd = open_link(kern, ifindex)};

	sw_clsact_find(ifindex, &there.priority);
	there.spare = there.priority == SW_CLSACT_FIRST ? SW_CLSACT_SECOND : SW_CLSACT_FIRST;
	if (there.link_fd >= 0)
		there.mode =
			sw_interface_xdp_is_generic(ifindex) ? SW_ATTACH_GENERIC : SW_ATTACH_NATIVE;
	return there;
}

/* Marked before it is made: who is killed between the two leaves no qdisc that nobody knows. */
static int put_filter(struct sw_kern *kern, struct sw_attachment *attachment,
		      enum sw_program program, int priority, struct sw_error *err)
{
	const char *pin_dir = sw_kern_pin_dir(kern);
	bool made = false, marked;
	char mark[32];
	int failed;

	snprintf(mark, sizeof(mark), SW_QDISC_PREFIX "%d", attachment->ifindex);
	marked = pin_dir && sw_pins_mark(pin_dir, mark);
	failed = sw_clsact_put(attachment->ifindex, sw_kern_program_fd(kern, program), priority,
			       &made);
	if (marked && (failed || !made))
		sw_pins_unmark(pin_dir, mark);
	if (failed)
		return sw_error_set(err, failed, "interface %s: cannot attach to TC ingress: %s",
				    attachment->name, strerror(-failed));
	return 0;
}

/* In the place of what was there, in one step; a gate in XDP before it may go then. */
static int attach_tc(struct sw_kern *kern, struct sw_attachment *attachment, struct there *there,
		     struct sw_error *err)
{
	int priority = there->priority ? there->priority : there->spare;
	int failed = put_filter(kern, attachment, SW_PROGRAM_GATE_TC, priority, err);

	if (failed)
		return failed;
	drop_link(kern, attachment->ifindex, &there->link_fd);
	sw_clsact_drop(attachment->ifindex,
		       priority == SW_CLSACT_FIRST ? SW_CLSACT_SECOND : SW_CLSACT_FIRST);
	attachment->mode = SW_ATTACH_TC;
	return 0;
}

static int xdp_failed(const struct sw_attachment *attachment, int failed, struct sw_error *err)
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
	return there ? xdp_failed(attachment, -EBUSY, err) : 0;
}

static int create_link(struct sw_kern *kern, struct sw_attachment *attachment, struct sw_error *err)
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
		return xdp_failed(attachment, attachment->link_fd, err);
	link_name(attachment->ifindex, name);
	if (sw_kern_pin_dir(kern)) {
		sw_pins_remove(sw_kern_pin_dir(kern), name);
		failed = sw_pins_add(sw_kern_pin_dir(kern), name, attachment->link_fd, err);
	}
	if (failed)
		drop_link(kern, attachment->ifindex, &attachment->link_fd);
	return failed;
}

/* The link that is there goes on with our program, or another takes its place. */
static int put_link(struct sw_kern *kern, struct sw_attachment *attachment, struct there *there,
		    struct sw_error *err)
{
	int failed;

	if (there->link_fd < 0)
		return create_link(kern, attachment, err);
	failed = bpf_link_update(there->link_fd, sw_kern_program_fd(kern, SW_PROGRAM_GATE_XDP),
				 NULL);
	if (failed)
		return xdp_failed(attachment, failed, err);
	attachment->link_fd = there->link_fd;
	there->link_fd = -1;
	return 0;
}

/*
 * The kernel takes native and generic XDP on one interface only one after the other: the gate in TC
 * stands in for them meanwhile.
 */
static int stand_in(struct sw_kern *kern, struct sw_attachment *attachment, struct there *there,
		    struct sw_error *err)
{
	int failed = put_filter(kern, attachment, SW_PROGRAM_GATE_TC, there->spare, err);

	if (failed)
		return failed;
	drop_link(kern, attachment->ifindex, &there->link_fd);
	if (there->priority)
		sw_clsact_drop(attachment->ifindex, there->priority);
	*there = look(kern, attachment->ifindex);
	return 0;
}

/* Steering first: no flow is to be marked for it before it is there. What it replaces goes last. */
static int attach_xdp(struct sw_kern *kern, struct sw_attachment *attachment,
		      enum sw_attach_mode mode, struct there *there, struct sw_error *err)
{
	int failed = 0;

	attachment->mode = mode;
	if (there->link_fd >= 0 && there->mode != mode)
		failed = stand_in(kern, attachment, there, err);
	if (!failed)
		failed = put_filter(kern, attachment, SW_PROGRAM_STEER_TC, there->spare, err);
	if (failed)
		return failed;
	failed = put_link(kern, attachment, there, err);
	if (!failed && there->priority)
		sw_clsact_drop(attachment->ifindex, there->priority);
	else if (failed && there->priority)
		sw_clsact_drop(attachment->ifindex, there->spare);
	else if (failed)
		clear_tc(kern, attachment->ifindex);
	return failed;
}

/*
 * Where packets come out of another skb anyway, as on veth, XDP copies each of them and cannot answer
 * unless the other end runs XDP too; TC costs nothing there. Generic XDP copies everywhere and is
 * only for who asks for it.
 */
static int attach_auto(struct sw_kern *kern, struct sw_attachment *attachment, struct there *there,
		       struct sw_error *err)
{
	char driver[32];
	struct sw_error why;

	sw_interface_driver(attachment->name, driver, sizeof(driver));
	if (strcmp(driver, "veth") && !attach_xdp(kern, attachment, SW_ATTACH_NATIVE, there, &why))
		return 0;
	if (strcmp(driver, "veth"))
		sw_log_info("%s; using mode tc", why.text);
	return attach_tc(kern, attachment, there, err);
}

static int attach_in_mode(struct sw_kern *kern, struct sw_attachment *attachment,
			  struct sw_error *err)
{
	struct there there = look(kern, attachment->ifindex);
	int failed;

	switch (attachment->wanted) {
	case SW_ATTACH_TC:
		failed = attach_tc(kern, attachment, &there, err);
		break;
	case SW_ATTACH_AUTO:
		failed = attach_auto(kern, attachment, &there, err);
		break;
	default:
		failed = attach_xdp(kern, attachment, attachment->wanted, &there, err);
	}
	if (there.link_fd >= 0)
		close(there.link_fd);
	return failed;
}

static int claim(struct sw_attachment *attachment, struct sw_error *err)
{
	attachment->claim_fd = sw_claim_interface(attachment->ifindex);
	if (attachment->claim_fd >= 0)
		return 0;
	if (attachment->claim_fd == -EADDRINUSE)
		return sw_error_set(
			err, -EBUSY,
			"interface %s is guarded by another spillwayd: stop that one, or "
			"let it go of the interface with 'spillway detach %s'",
			attachment->name, attachment->name);
	return sw_error_set(err, attachment->claim_fd, "interface %s: cannot claim it: %s",
			    attachment->name, strerror(-attachment->claim_fd));
}

int sw_attach(struct sw_kern *kern, const char *name, enum sw_attach_mode wanted,
	      const struct sw_attachment *before, struct sw_attachment *out, struct sw_error *err)
{
	struct sw_attachment attachment = {.wanted = wanted, .link_fd = -1, .claim_fd = -1};
	int failed = 0;

	snprintf(attachment.name, sizeof(attachment.name), "%s", name);
	attachment.ifindex = (int)if_nametoindex(name);
	if (!attachment.ifindex)
		return sw_error_set(err, -ENODEV,
				    "interface %s: there is none by this name in this network "
				    "namespace ('ip link' lists them)",
				    name);
	if (before)
		attachment.claim_fd = before->claim_fd;
	else
		failed = claim(&attachment, err);
	if (failed)
		return failed;
	failed = attach_in_mode(kern, &attachment, err);
	if (failed) {
		if (!before)
			close(attachment.claim_fd);
		return failed;
	}
	if (before && before->link_fd >= 0)
		close(before->link_fd);
	*out = attachment;
	return 0;
}

void sw_attachment_close(struct sw_attachment *attachment)
{
	if (attachment->link_fd >= 0)
		close(attachment->link_fd);
	if (attachment->claim_fd >= 0)
		close(attachment->claim_fd);
	attachment->link_fd = attachment->claim_fd = -1;
}

void sw_detach(struct sw_kern *kern, struct sw_attachment *attachment)
{
	/* Without the claim what is on the interface is somebody else's. */
	if (attachment->claim_fd < 0)
		return;
	take_off(kern, attachment);
	close(attachment->claim_fd);
	attachment->claim_fd = -1;
}

bool sw_attachment_holds(const struct sw_kern *kern, const struct sw_attachment *attachment)
{
	int priority;

	(void)kern;
	if (attachment->link_fd >= 0 && !link_is_on(attachment->link_fd, attachment->ifindex))
		return false;
	return attachment->claim_fd >= 0 && sw_clsact_find(attachment->ifindex, &priority);
}
