/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Putting the gate on an interface and taking it off: XDP by a link that is pinned, TC by clsact.
 * Used by the daemon at start, on reload, and by the CLI's attach and detach.
 */
#ifndef SW_KERN_ATTACH_H
#define SW_KERN_ATTACH_H

#include <stdbool.h>

#include "config/config.h"
#include "core/error.h"
#include "kern/load.h"

/* Pinned links of XDP are named by this and the interface's number. */
#define SW_XDP_LINK_PREFIX "link_xdp_"
/* Likewise marks that the clsact qdisc was made by a daemon of this pin directory. */
#define SW_QDISC_PREFIX "qdisc_"

struct sw_attachment {
	char name[SW_CONFIG_IFNAME_MAX + 1];
	int ifindex;
	enum sw_attach_mode wanted;
	enum sw_attach_mode mode; /* what it became: native, generic or tc */
	bool is_on;		  /* this daemon has put its gate there */
	bool is_heir;		  /* in the place of one that was there before */
	bool is_last_to_move;	  /* where it replaces one, none counts in other maps any more */
	bool lost;    /* the gate is not where it was put; set by who tells the operator */
	int link_fd;  /* of XDP; -1 in mode tc */
	int claim_fd; /* kern/claim.h; -1: not claimed */
};

/*
 * The first half: the interface is there and nobody else's; nothing is put on it yet.
 * 0 with *out filled; -ENODEV: no such interface; -EBUSY: another daemon guards it.
 */
int sw_attach_claim(const char *name, struct sw_attachment *out, struct sw_error *err);

/* Has the gate loaded that this mode needs there; before anything is changed, for that takes its time and may fail. */
int sw_attach_prepare(struct sw_kern *kern, const struct sw_attachment *attachment,
		      enum sw_attach_mode wanted, struct sw_error *err);

/* Whether what is there, of a daemon before this one, would be replaced. */
bool sw_attach_would_replace(struct sw_kern *kern, const struct sw_attachment *attachment);

/*
 * The second half, and every change of mode after that. What is there, of this daemon or one before it,
 * is replaced without a moment in which no gate is there.
 * 0; -EBUSY: it has an XDP program already; others as the kernel says. On failure what was there stays,
 * and *attachment is as it was.
 */
int sw_attach(struct sw_kern *kern, struct sw_attachment *attachment, enum sw_attach_mode wanted,
	      struct sw_error *err);

/* Forgets the attachment; what is in the kernel stays for the next daemon. */
void sw_attachment_close(struct sw_attachment *attachment);

/*
 * Leaves the interface as it was found, and gives up the claim. An interface that has gone away is no
 * error; on one that is only claimed nothing is touched.
 */
void sw_detach(struct sw_kern *kern, struct sw_attachment *attachment);

/* True while the programs are where they were put. */
bool sw_attachment_holds(const struct sw_attachment *attachment);

#endif
