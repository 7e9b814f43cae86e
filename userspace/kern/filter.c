/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our filters in TC, with a mark in the pin directory for each qdisc that was made for them.
 */
#include "kern/filter.h"

#include <stdio.h>
#include <string.h>

#include "kern/clsact.h"
#include "kern/pins.h"

/* All of TC, and the qdisc if it is ours. */
void sw_filter_remove(struct sw_kern *kern, int ifindex)
{
	const char *pin_dir = sw_kern_pin_dir(kern);
	char mark[32];
	bool ours;

	snprintf(mark, sizeof(mark), SW_QDISC_PREFIX "%d", ifindex);
	ours = pin_dir && sw_pins_is_marked(pin_dir, mark);
	sw_clsact_drop(ifindex, SW_CLSACT_FIRST);
	sw_clsact_drop(ifindex, SW_CLSACT_SECOND);
	if (ours)
		sw_clsact_destroy(ifindex);
	if (pin_dir)
		sw_pins_unmark(pin_dir, mark);
}

static int put_failed(const struct sw_attachment *attachment, int failed, struct sw_error *err)
{
	return sw_error_set(err, failed, "interface %s: cannot attach to TC ingress: %s",
			    attachment->name, strerror(-failed));
}

/*
 * Marked before it is made, and only if it is not there: who is killed between the two leaves no qdisc that
 * nobody knows, and no mark on somebody else's.
 */
int sw_filter_put(struct sw_kern *kern, const struct sw_attachment *attachment,
		  enum sw_program program, int priority, struct sw_error *err)
{
	const char *pin_dir = sw_kern_pin_dir(kern);
	int there = sw_clsact_is_there(attachment->ifindex);
	bool made = false, marked;
	char mark[32];
	int failed;

	if (there < 0)
		return put_failed(attachment, there, err);
	failed = sw_kern_need(kern, program, err);
	if (failed)
		return failed;
	snprintf(mark, sizeof(mark), SW_QDISC_PREFIX "%d", attachment->ifindex);
	marked = !there && pin_dir && sw_pins_mark(pin_dir, mark);
	failed = sw_clsact_put(attachment->ifindex, sw_kern_program_fd(kern, program), priority,
			       &made);
	if (marked && (failed || !made))
		sw_pins_unmark(pin_dir, mark);
	return failed ? put_failed(attachment, failed, err) : 0;
}
