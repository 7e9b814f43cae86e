/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The gate on an interface: native or generic XDP with steering in TC behind it, or all of it in TC.
 */
#include "kern/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "kern/clsact.h"
#include "kern/filter.h"
#include "kern/interface.h"
#include "kern/xdp_link.h"
#include "spillway/fresh.h"

/* The gate first: behind it, steering finishes what the gate has already let in. */
static void take_off(struct sw_kern *kern, struct sw_attachment *attachment)
{
	sw_xdp_link_drop(kern, attachment->ifindex, &attachment->link_fd);
	sw_filter_remove(kern, attachment->ifindex);
}

/* What is on the interface before: places of filters, and the link of XDP. */
struct there {
	int priority;		  /* of a filter of ours, 0: none */
	int spare;		  /* where there is room for another one */
	int link_fd;		  /* -1: none */
	enum sw_attach_mode mode; /* of the link */
};

static struct there look(struct sw_kern *kern, int ifindex)
{
	struct there there = {.link_fd = sw_xdp_link_open(kern, ifindex)};

	sw_clsact_find(ifindex, &there.priority);
	there.spare = there.priority == SW_CLSACT_FIRST ? SW_CLSACT_SECOND : SW_CLSACT_FIRST;
	if (there.link_fd >= 0)
		there.mode =
			sw_interface_xdp_is_generic(ifindex) ? SW_ATTACH_GENERIC : SW_ATTACH_NATIVE;
	return there;
}

/*
 * At once, before anything else is tidied up: whoever is killed from here on leaves gates that all count in the
 * same maps, and let in who is new.
 */
static void has_moved(struct sw_kern *kern, const struct sw_attachment *attachment)
{
	uint32_t *moving = &sw_kern_maps(kern)->control->moving;

	if (attachment->is_last_to_move && *moving == SW_MOVING_HALF)
		__atomic_store_n(moving, SW_MOVING_LATE, __ATOMIC_SEQ_CST);
}

/* In the place of what was there, in one step; a gate in XDP before it may go then. */
static int attach_tc(struct sw_kern *kern, struct sw_attachment *attachment, struct there *there,
		     struct sw_error *err)
{
	int priority = there->priority ? there->priority : there->spare;
	int failed = sw_filter_put(kern, attachment, SW_PROGRAM_GATE_TC, priority, err);

	if (failed)
		return failed;
	has_moved(kern, attachment);
	sw_xdp_link_drop(kern, attachment->ifindex, &there->link_fd);
	sw_clsact_drop(attachment->ifindex,
		       priority == SW_CLSACT_FIRST ? SW_CLSACT_SECOND : SW_CLSACT_FIRST);
	attachment->mode = SW_ATTACH_TC;
	return 0;
}

/* The link that is there goes on with our program, or another takes its place. */
static int put_link(struct sw_kern *kern, struct sw_attachment *attachment, struct there *there,
		    struct sw_error *err)
{
	int failed;

	if (there->link_fd < 0)
		return sw_xdp_link_create(kern, attachment, err);
	failed = bpf_link_update(there->link_fd, sw_kern_program_fd(kern, SW_PROGRAM_GATE_XDP),
				 NULL);
	if (failed)
		return sw_xdp_link_failed(attachment, failed, err);
	has_moved(kern, attachment);
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
	int failed = sw_filter_put(kern, attachment, SW_PROGRAM_GATE_TC, there->spare, err);

	if (failed)
		return failed;
	sw_xdp_link_drop(kern, attachment->ifindex, &there->link_fd);
	has_moved(kern, attachment);
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
		failed = sw_filter_put(kern, attachment, SW_PROGRAM_STEER_TC, there->spare, err);
	if (failed)
		return failed;
	failed = put_link(kern, attachment, there, err);
	if (!failed && there->priority)
		sw_clsact_drop(attachment->ifindex, there->priority);
	else if (failed && there->priority)
		sw_clsact_drop(attachment->ifindex, there->spare);
	else if (failed)
		sw_filter_remove(kern, attachment->ifindex);
	return failed;
}

/*
 * Where packets come out of another skb anyway, as on veth, XDP copies each of them and cannot answer
 * unless the other end runs XDP too; TC costs nothing there.
 */
static bool is_better_in_tc(const struct sw_attachment *attachment)
{
	char driver[32];

	sw_interface_driver(attachment->name, driver, sizeof(driver));
	return !strcmp(driver, "veth");
}

/* Generic XDP copies everywhere and is only for who asks for it. */
static int attach_auto(struct sw_kern *kern, struct sw_attachment *attachment, struct there *there,
		       struct sw_error *err)
{
	struct sw_error why;

	if (is_better_in_tc(attachment))
		return attach_tc(kern, attachment, there, err);
	if (sw_interface_loses_tags(attachment->name))
		sw_error_set(&why, -ENOTSUP, "interface %s: its card takes VLAN tags off (rxvlan)",
			     attachment->name);
	else if (!attach_xdp(kern, attachment, SW_ATTACH_NATIVE, there, &why))
		return 0;
	sw_log_info("%s; using mode tc", why.text);
	return attach_tc(kern, attachment, there, err);
}

/* Generic XDP runs on an skb, which keeps the tag beside the frame. */
static void warn_of_tags(const struct sw_attachment *attachment)
{
	if (attachment->wanted == SW_ATTACH_NATIVE && sw_interface_loses_tags(attachment->name))
		sw_log_warn(
			"interface %s: its card takes VLAN tags off before native XDP sees them: who "
			"comes by a VLAN hears no refusal and cannot wait; use mode tc, or "
			"'ethtool -K %s rxvlan off'",
			attachment->name, attachment->name);
}

static int attach_in_mode(struct sw_kern *kern, struct sw_attachment *attachment,
			  struct sw_error *err)
{
	struct there there = look(kern, attachment->ifindex);
	int failed;

	attachment->is_heir = there.priority || there.link_fd >= 0;
	switch (attachment->wanted) {
	case SW_ATTACH_TC:
		failed = attach_tc(kern, attachment, &there, err);
		break;
	case SW_ATTACH_AUTO:
		failed = attach_auto(kern, attachment, &there, err);
		break;
	default:
		warn_of_tags(attachment);
		failed = attach_xdp(kern, attachment, attachment->wanted, &there, err);
	}
	if (there.link_fd >= 0)
		close(there.link_fd);
	return failed;
}

bool sw_attach_would_replace(struct sw_kern *kern, const struct sw_attachment *attachment)
{
	struct there there = look(kern, attachment->ifindex);

	if (there.link_fd >= 0)
		close(there.link_fd);
	return there.priority || there.link_fd >= 0;
}

int sw_attach_prepare(struct sw_kern *kern, const struct sw_attachment *attachment,
		      enum sw_attach_mode wanted, struct sw_error *err)
{
	bool is_tc = wanted == SW_ATTACH_TC ||
		     (wanted == SW_ATTACH_AUTO &&
		      (is_better_in_tc(attachment) || sw_interface_loses_tags(attachment->name)));

	return sw_kern_need(kern, is_tc ? SW_PROGRAM_GATE_TC : SW_PROGRAM_GATE_XDP, err);
}

int sw_attach(struct sw_kern *kern, struct sw_attachment *attachment, enum sw_attach_mode wanted,
	      struct sw_error *err)
{
	struct sw_attachment next = *attachment;
	int failed = sw_attach_prepare(kern, attachment, wanted, err);

	if (failed)
		return failed;
	next.wanted = wanted;
	next.link_fd = -1;
	next.is_on = true;
	next.lost = false;
	failed = attach_in_mode(kern, &next, err);
	if (failed)
		return failed;
	if (attachment->link_fd >= 0)
		close(attachment->link_fd);
	*attachment = next;
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
	if (attachment->is_on)
		take_off(kern, attachment);
	attachment->is_on = false;
	sw_attachment_close(attachment);
}

bool sw_attachment_holds(const struct sw_attachment *attachment)
{
	if (attachment->link_fd >= 0 &&
	    !sw_xdp_link_is_on(attachment->link_fd, attachment->ifindex))
		return false;
	return attachment->claim_fd >= 0 && !sw_clsact_is_gone(attachment->ifindex);
}
