/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bringing the interfaces in line with a configuration.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "config/words.h"
#include "core/cleanup.h"
#include "core/log.h"
#include "daemon/change.h"
#include "daemon/monitor.h"
#include "daemon/reconcile.h"
#include "daemon/takeover.h"
#include "spillway/fresh.h"

static struct sw_attachment *find(struct sw_daemon *daemon, const char *name)
{
	for (size_t i = 0; i < daemon->attachment_count; i++)
		if (!strcmp(daemon->attachments[i].name, name))
			return &daemon->attachments[i];
	return NULL;
}

static void detach(struct sw_daemon *daemon, struct sw_attachment *attachment)
{
	size_t i = attachment - daemon->attachments;

	if (attachment->is_on)
		sw_log_info("detaching from %s", attachment->name);
	sw_detach(daemon->kern, attachment);
	memmove(attachment, attachment + 1,
		(daemon->attachment_count - i - 1) * sizeof(*attachment));
	daemon->attachment_count--;
}

/* All that are new, before anything is changed anywhere: most of what can fail does so here. */
int sw_change_claim_interfaces(struct sw_daemon *daemon, const struct sw_config *next,
			       struct sw_error *err)
{
	int failed = 0;

	for (size_t i = 0; !failed && i < next->interface_count; i++) {
		const struct sw_config_interface *interface = &next->interfaces[i];
		struct sw_attachment *to = &daemon->attachments[daemon->attachment_count];

		if (find(daemon, interface->name))
			continue;
		if (daemon->attachment_count == SW_CONFIG_INTERFACES_MAX)
			return sw_error_set(err, -ENOSPC, "%d interfaces are the limit",
					    SW_CONFIG_INTERFACES_MAX);
		failed = sw_attach_claim(interface->name, to, err);
		if (failed)
			return failed;
		to->wanted = interface->mode;
		daemon->attachment_count++;
		failed = sw_attach_prepare(daemon->kern, to, to->wanted, err);
	}
	return failed;
}

static int attach(struct sw_daemon *daemon, struct sw_attachment *to, struct sw_error *err)
{
	int failed = sw_attach(daemon->kern, to, to->wanted, err);

	if (!failed)
		sw_log_info("attached to %s, mode %s", to->name,
			    sw_words_name(SW_WORDS_ATTACH_MODE, to->mode));
	return failed;
}

/* Interfaces with a gate of a daemon before this one. */
static size_t count_others(const struct sw_daemon *daemon)
{
	size_t count = 0;

	for (size_t i = 0; i < daemon->attachment_count; i++)
		if (!daemon->attachments[i].is_on &&
		    sw_attach_would_replace(daemon->kern, &daemon->attachments[i]))
			count++;
	return count;
}

/*
 * Where there is no gate yet first: until one is replaced, a start that fails leaves those that were there in the
 * maps in which all of them count.
 */
static int attach_all(struct sw_daemon *daemon, size_t first, struct sw_error *err)
{
	int failed = 0;

	for (int replacing = 0; replacing <= 1; replacing++)
		for (size_t i = first; !failed && i < daemon->attachment_count; i++) {
			struct sw_attachment *to = &daemon->attachments[i];

			if (to->is_on || (!replacing && sw_attach_would_replace(daemon->kern, to)))
				continue;
			to->is_last_to_move = replacing && count_others(daemon) == 1;
			failed = attach(daemon, to, err);
		}
	return failed;
}

static void set_moving(const struct sw_daemon *daemon, enum sw_moving to)
{
	__atomic_store_n(&daemon->maps->control->moving, to, __ATOMIC_SEQ_CST);
}

/*
 * With other maps than the gates had so far these go on giving away slots until they are replaced, some of which
 * are taken here by then: so nobody new gets in here until those are counted. With several interfaces that holds
 * whether this daemon lives or not, until all have changed over (kern/attach.c knows when): the last gate of before
 * gives away what is left. Where that was cut off it is not known who has changed over.
 */
static void begin_moving(struct sw_daemon *daemon)
{
	bool is_cut_off = daemon->maps->control->moving != SW_MOVING_DONE;

	if ((!sw_kern_inherited(daemon->kern) || is_cut_off) && count_others(daemon))
		set_moving(daemon, daemon->attachment_count > 1 ? SW_MOVING_HALF : SW_MOVING_LATE);
}

static bool has_replaced(const struct sw_daemon *daemon)
{
	for (size_t i = 0; i < daemon->attachment_count; i++)
		if (daemon->attachments[i].is_on && daemon->attachments[i].is_heir)
			return true;
	return false;
}

/* was: before it began. */
static void end_moving(struct sw_daemon *daemon, enum sw_moving was, bool are_counted)
{
	bool are_others;

	if (daemon->maps->control->moving == SW_MOVING_DONE)
		return;
	are_others = count_others(daemon);
	if (are_others && !has_replaced(daemon))
		set_moving(daemon, was);
	else if (are_others)
		sw_log_error(
			"not all interfaces could be taken over: those that were let nobody in who is "
			"new until a start succeeds");
	else if (are_counted)
		set_moving(daemon, SW_MOVING_DONE);
	else
		sw_log_error("who came in by the gate before this one is not counted: until then "
			     "nobody new gets in");
}

/*
 * Those inside count before the first newcomer is decided, those just arriving right after.
 */
int sw_change_take_claimed(struct sw_daemon *daemon, size_t first, struct sw_flow_list *adopted,
			   struct sw_error *err)
{
	enum sw_moving was = daemon->maps->control->moving;
	bool are_any = daemon->attachment_count > first, are_counted = true;
	/* The kernel is asked about each interface only where what we remember does not tell. */
	bool has_stood =
		sw_takeover_has_stood(daemon) && count_others(daemon) == daemon->attachment_count;
	int failed = are_any ? sw_reconcile_new(daemon, daemon->plan, has_stood, adopted, err) : 0;

	if (failed)
		return failed;
	begin_moving(daemon);
	failed = sw_kern_commit(daemon->kern, err);
	if (!failed)
		failed = attach_all(daemon, first, err);
	if (!failed && daemon->maps->control->moving == SW_MOVING_HALF)
		set_moving(daemon, SW_MOVING_LATE);
	if (!failed && are_any)
		are_counted = !sw_reconcile_late(daemon, daemon->plan, has_stood, adopted);
	end_moving(daemon, was, are_counted);
	/* Until now they were taken for strangers. */
	if (!failed && are_any)
		sw_monitors_hurry(daemon);
	return failed;
}

/* Another mode is another place in the kernel: the gate there stands before the one here goes. */
static int move(struct sw_daemon *daemon, struct sw_attachment *there, enum sw_attach_mode mode,
		struct sw_error *err)
{
	int failed = sw_attach(daemon->kern, there, mode, err);

	if (!failed)
		sw_log_info("%s: now in mode %s", there->name,
			    sw_words_name(SW_WORDS_ATTACH_MODE, there->mode));
	return failed;
}

static void report_back(struct sw_daemon *daemon, const struct sw_attachment *at)
{
	sw_log_warn("interface %s: the gate is back, mode %s", at->name,
		    sw_words_name(SW_WORDS_ATTACH_MODE, at->mode));
	sw_reconcile_late(daemon, daemon->plan, false, NULL);
}

/* The claim is kept, but for an interface that was made anew. */
static int put_back(struct sw_daemon *daemon, struct sw_attachment *at, struct sw_error *err)
{
	struct sw_attachment anew;
	int failed;

	if (at->claim_fd < 0 || (int)if_nametoindex(at->name) != at->ifindex) {
		sw_detach(daemon->kern, at);
		failed = sw_attach_claim(at->name, &anew, err);
		if (failed)
			return failed;
		anew.wanted = at->wanted;
		anew.lost = at->lost;
		*at = anew;
	}
	return sw_attach(daemon->kern, at, at->wanted, err);
}

void sw_change_repair_interfaces(struct sw_daemon *daemon)
{
	for (size_t i = 0; i < daemon->attachment_count; i++) {
		struct sw_attachment *at = &daemon->attachments[i];
		bool told = at->lost;
		struct sw_error err;

		/* One that is claimed only has its turn yet: connections inside count first. */
		if ((!at->is_on && !at->lost) || sw_attachment_holds(at))
			continue;
		if (!told)
			sw_log_error("interface %s: the gate was taken off; putting it back",
				     at->name);
		at->lost = true;
		if (!put_back(daemon, at, &err))
			report_back(daemon, at);
		else if (!told)
			sw_log_error("%s; trying on every second", err.text);
	}
}

/* What is new gets its gate, and what is wanted in another mode that one; nothing loses its own. */
static int come(struct sw_daemon *daemon, const struct sw_config *next,
		struct sw_flow_list *adopted, struct sw_error *err)
{
	size_t before = daemon->attachment_count;
	int failed;

	sw_change_repair_interfaces(daemon);
	failed = sw_change_claim_interfaces(daemon, next, err);
	if (!failed)
		failed = sw_change_take_claimed(daemon, before, adopted, err);
	for (size_t i = 0; !failed && i < next->interface_count; i++) {
		struct sw_attachment *there = find(daemon, next->interfaces[i].name);

		if (there->wanted != next->interfaces[i].mode)
			failed = move(daemon, there, next->interfaces[i].mode, err);
	}
	while (failed && daemon->attachment_count > before)
		detach(daemon, &daemon->attachments[daemon->attachment_count - 1]);
	return failed;
}

static void leave(struct sw_daemon *daemon, const struct sw_config *next)
{
	for (size_t i = daemon->attachment_count; i-- > 0;)
		if (!sw_config_find_interface(next, daemon->attachments[i].name))
			detach(daemon, &daemon->attachments[i]);
}

static void undo(struct sw_daemon *daemon, struct sw_flow_list *adopted)
{
	struct sw_error err;

	leave(daemon, daemon->config);
	if (come(daemon, daemon->config, NULL, &err))
		sw_log_error("%s: not every interface is in the mode that it was in", err.text);
	sw_reconcile_give_back(daemon, adopted);
}

int sw_change_with_interfaces(struct sw_daemon *daemon, struct sw_config *next,
			      struct sw_error *err)
{
	SW_CLEANUP(sw_flow_list_free) struct sw_flow_list adopted = {0};
	int failed = come(daemon, next, &adopted, err);

	if (!failed)
		failed = sw_change(daemon, next, NULL, err);
	if (failed)
		undo(daemon, &adopted);
	else
		leave(daemon, next);
	return failed;
}
