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
	snprintf(name, 32, "link_xdp_%d", ifindex);
}

/* The gate first: behind it, steering finishes what the gate has already let in. */
static void take_off(struct sw_kern *kern, struct sw_attachment *attachment)
{
	char name[32];

	if (attachment->link_fd >= 0) {
		link_name(attachment->ifindex, name);
		if (sw_kern_pin_dir(kern))
			sw_pins_remove(sw_kern_pin_dir(kern), name);
		bpf_link_detach(attachment->link_fd);
		close(attachment->link_fd);
	}
	attachment->link_fd = -1;
	sw_clsact_remove(attachment->ifindex, attachment->made_clsact);
}

static int attach_tc(struct sw_kern *kern, struct sw_attachment *attachment, struct sw_error *err)
{
	int failed =
		sw_clsact_add(attachment->ifindex, sw_kern_program_fd(kern, SW_PROGRAM_GATE_TC),
			      &attachment->made_clsact);

	if (failed)
		return sw_error_set(err, failed, "interface %s: cannot attach to TC ingress: %s",
				    attachment->name, strerror(-failed));
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

/* Steering first: no flow is to be marked for it before it is there. */
static int attach_xdp(struct sw_kern *kern, struct sw_attachment *attachment,
		      enum sw_attach_mode mode, struct sw_error *err)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts,
		    .flags = mode == SW_ATTACH_NATIVE ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE);
	char name[32];
	int failed;

	attachment->mode = mode;
	failed = find_xdp_free(attachment, err);
	if (failed)
		return failed;
	failed = sw_clsact_add(attachment->ifindex, sw_kern_program_fd(kern, SW_PROGRAM_STEER_TC),
			       &attachment->made_clsact);
	if (failed)
		return sw_error_set(err, failed, "interface %s: cannot attach to TC ingress: %s",
				    attachment->name, strerror(-failed));
	attachment->link_fd = bpf_link_create(sw_kern_program_fd(kern, SW_PROGRAM_GATE_XDP),
					      attachment->ifindex, BPF_XDP, &opts);
	failed = attachment->link_fd < 0 ? xdp_failed(attachment, attachment->link_fd, err) : 0;
	link_name(attachment->ifindex, name);
	if (!failed && sw_kern_pin_dir(kern))
		failed = sw_pins_add(sw_kern_pin_dir(kern), name, attachment->link_fd, err);
	if (failed)
		take_off(kern, attachment);
	return failed;
}

/*
 * Where packets come out of another skb anyway, as on veth, XDP copies each of them and cannot answer
 * unless the other end runs XDP too; TC costs nothing there. Generic XDP copies everywhere and is
 * only for who asks for it.
 */
static int attach_auto(struct sw_kern *kern, struct sw_attachment *attachment, struct sw_error *err)
{
	char driver[32];
	struct sw_error why;

	sw_interface_driver(attachment->name, driver, sizeof(driver));
	if (strcmp(driver, "veth") && !attach_xdp(kern, attachment, SW_ATTACH_NATIVE, &why))
		return 0;
	if (strcmp(driver, "veth"))
		sw_log_info("%s; using mode tc", why.text);
	return attach_tc(kern, attachment, err);
}

static int attach_in_mode(struct sw_kern *kern, struct sw_attachment *attachment,
			  struct sw_error *err)
{
	switch (attachment->wanted) {
	case SW_ATTACH_TC:
		return attach_tc(kern, attachment, err);
	case SW_ATTACH_AUTO:
		return attach_auto(kern, attachment, err);
	default:
		return attach_xdp(kern, attachment, attachment->wanted, err);
	}
}

int sw_attach(struct sw_kern *kern, const char *name, enum sw_attach_mode wanted,
	      struct sw_attachment *out, struct sw_error *err)
{
	struct sw_attachment attachment = {.wanted = wanted, .link_fd = -1};
	int failed;

	snprintf(attachment.name, sizeof(attachment.name), "%s", name);
	attachment.ifindex = (int)if_nametoindex(name);
	if (!attachment.ifindex)
		return sw_error_set(err, -ENODEV,
				    "interface %s: there is none by this name in this network "
				    "namespace ('ip link' lists them)",
				    name);
	attachment.claim_fd = sw_claim_interface(attachment.ifindex);
	if (attachment.claim_fd == -EADDRINUSE)
		return sw_error_set(
			err, -EBUSY,
			"interface %s is guarded by another spillwayd: stop that one, or "
			"let it go of the interface with 'spillway detach %s'",
			name, name);
	if (attachment.claim_fd < 0)
		return sw_error_set(err, attachment.claim_fd, "interface %s: cannot claim it: %s",
				    name, strerror(-attachment.claim_fd));
	failed = attach_in_mode(kern, &attachment, err);
	if (failed)
		close(attachment.claim_fd);
	else
		*out = attachment;
	return failed;
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
	struct bpf_link_info info = {0};
	__u32 size = sizeof(info);

	(void)kern;
	if (attachment->link_fd >= 0 &&
	    (bpf_obj_get_info_by_fd(attachment->link_fd, &info, &size) ||
	     (int)info.xdp.ifindex != attachment->ifindex))
		return false;
	return attachment->claim_fd >= 0 && sw_clsact_program(attachment->ifindex);
}
