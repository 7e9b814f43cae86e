/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bringing the interfaces in line with a configuration.
 */
#include <errno.h>
#include <string.h>

#include "core/log.h"
#include "config/words.h"
#include "daemon/change.h"
#include "daemon/reconcile.h"

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

	sw_log_info("detaching from %s", attachment->name);
	sw_detach(daemon->kern, attachment);
	memmove(attachment, attachment + 1,
		(daemon->attachment_count - i - 1) * sizeof(*attachment));
	daemon->attachment_count--;
}

static int attach(struct sw_daemon *daemon, const struct sw_config_interface *interface,
		  struct sw_error *err)
{
	struct sw_attachment *to = &daemon->attachments[daemon->attachment_count];
	int failed;

	if (daemon->attachment_count == SW_CONFIG_INTERFACES_MAX)
		return sw_error_set(err, -ENOSPC, "%d interfaces are the limit",
				    SW_CONFIG_INTERFACES_MAX);
	/* Those inside count before the first newcomer is decided, those just arriving right after. */
	sw_reconcile_interface(daemon, interface->name);
	failed = sw_attach(daemon->kern, interface->name, interface->mode, NULL, to, err);
	if (failed)
		return failed;
	daemon->attachment_count++;
	sw_reconcile_interface(daemon, interface->name);
	sw_log_info("attached to %s, mode %s", to->name,
		    sw_words_name(SW_WORDS_ATTACH_MODE, to->mode));
	return 0;
}

/* Another mode is another place in the kernel: the gate there stands before the one here goes. */
static int move(struct sw_daemon *daemon, struct sw_attachment *there, enum sw_attach_mode mode,
		struct sw_error *err)
{
	const struct sw_attachment before = *there;
	int failed = sw_attach(daemon->kern, before.name, mode, &before, there, err);

	if (!failed)
		sw_log_info("%s: now in mode %s", there->name,
			    sw_words_name(SW_WORDS_ATTACH_MODE, there->mode));
	return failed;
}

static void report_back(struct sw_daemon *daemon, const struct sw_attachment *at)
{
	sw_log_warn("interface %s: the gate is back, mode %s", at->name,
		    sw_words_name(SW_WORDS_ATTACH_MODE, at->mode));
	sw_reconcile_interface(daemon, at->name);
}

void sw_change_repair_interfaces(struct sw_daemon *daemon)
{
	for (size_t i = 0; i < daemon->attachment_count; i++) {
		struct sw_attachment *at = &daemon->attachments[i];
		bool told = at->lost;
		struct sw_error err;

		if (sw_attachment_holds(daemon->kern, at))
			continue;
		if (!told)
			sw_log_error("interface %s: the gate was taken off; putting it back",
				     at->name);
		at->lost = true;
		sw_detach(daemon->kern, at);
		if (!sw_attach(daemon->kern, at->name, at->wanted, NULL, at, &err))
			report_back(daemon, at);
		else if (!told)
			sw_log_error("%s; trying on every second", err.text);
	}
}

int sw_change_interfaces(struct sw_daemon *daemon, const struct sw_config *next,
			 struct sw_error *err)
{
	size_t before = daemon->attachment_count;
	int failed = 0;

	sw_change_repair_interfaces(daemon);
	for (size_t i = 0; !failed && i < next->interface_count; i++)
		if (!find(daemon, next->interfaces[i].name))
			failed = attach(daemon, &next->interfaces[i], err);
	for (size_t i = 0; !failed && i < next->interface_count; i++) {
		struct sw_attachment *there = find(daemon, next->interfaces[i].name);

		if (there->wanted != next->interfaces[i].mode)
			failed = move(daemon, there, next->interfaces[i].mode, err);
	}
	if (failed) {
		while (daemon->attachment_count > before)
			detach(daemon, &daemon->attachments[daemon->attachment_count - 1]);
		return failed;
	}
	for (size_t i = daemon->attachment_count; i-- > 0;)
		if (!sw_config_find_interface(next, daemon->attachments[i].name))
			detach(daemon, &daemon->attachments[i]);
	return 0;
}
