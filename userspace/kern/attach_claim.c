/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first half of attach.h: an interface that is there is claimed, before anything is put on it.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kern/attach.h"
#include "kern/claim.h"

static int is_taken(const struct sw_attachment *attachment, struct sw_error *err)
{
	struct sw_claim_holder holder = {0};
	char who[64] = "";

	if (!sw_claim_find_holder(attachment->ifindex, &holder))
		snprintf(who, sizeof(who), " (pid %d, uid %u)", holder.pid, holder.uid);
	if (holder.uid && holder.uid != geteuid())
		return sw_error_set(
			err, -EBUSY,
			"interface %s is claimed by a process of another user's%s: if it "
			"is no spillwayd, it only keeps others from guarding; end it",
			attachment->name, who);
	return sw_error_set(err, -EBUSY,
			    "interface %s is guarded by another spillwayd%s: stop that one, or "
			    "let it go of the interface with 'spillway detach %s'",
			    attachment->name, who, attachment->name);
}

static int claim(struct sw_attachment *attachment, struct sw_error *err)
{
	attachment->claim_fd = sw_claim_interface(attachment->ifindex);
	if (attachment->claim_fd >= 0)
		return 0;
	if (attachment->claim_fd == -EADDRINUSE)
		return is_taken(attachment, err);
	return sw_error_set(err, attachment->claim_fd, "interface %s: cannot claim it: %s",
			    attachment->name, strerror(-attachment->claim_fd));
}

int sw_attach_claim(const char *name, struct sw_attachment *out, struct sw_error *err)
{
	struct sw_attachment attachment = {.link_fd = -1, .claim_fd = -1};
	int failed;

	snprintf(attachment.name, sizeof(attachment.name), "%s", name);
	attachment.ifindex = (int)if_nametoindex(name);
	if (!attachment.ifindex)
		return sw_error_set(err, -ENODEV,
				    "interface %s: there is none by this name in this network "
				    "namespace ('ip link' lists them)",
				    name);
	failed = claim(&attachment, err);
	if (!failed)
		*out = attachment;
	return failed;
}
