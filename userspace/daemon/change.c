/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changing what runs: check, plan, put into the maps, swap.
 */
#include "daemon/change.h"

#include <errno.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/synack.h"
#include "core/sysctl.h"
#include "daemon/admins.h"
#include "daemon/monitor.h"
#include "daemon/notes.h"
#include "daemon/notify.h"
#include "daemon/reconcile.h"
#include "daemon/room.h"
#include "daemon/takeover.h"
#include "kern/apply.h"
#include "kern/busy.h"
#include "kern/steps.h"

void sw_change_control(struct sw_daemon *daemon)
{
	struct sw_control *control = daemon->maps->control;
	uint32_t syncookies = 1, synack_retries = 5; /* the kernel's defaults */

	sw_sysctl_read("net/ipv4/tcp_syncookies", &syncookies);
	sw_sysctl_read("net/ipv4/tcp_synack_retries", &synack_retries);
	control->syncookies = syncookies;
	control->late_ack_s = sw_synack_lasts_s(synack_retries);
	control->mode = daemon->config->mode;
	control->on_loss = daemon->config->on_daemon_loss;
	control->heartbeat_timeout_ns = daemon->config->heartbeat_timeout_ns;
	control->handshake_timeout_ns = daemon->config->handshake_timeout_ns;
	sw_kern_beat(daemon->kern);
}

int sw_change_begin(const struct sw_daemon *daemon, struct sw_config **next, struct sw_error *err)
{
	*next = sw_config_clone(daemon->config);
	if (!*next)
		return sw_error_set(err, -ENOMEM, "out of memory");
	sw_config_forget_places(*next);
	return 0;
}

/*
 * Where connections were let in unseen: those inside count before the first newcomer is decided. Maps in which
 * there is no plan yet no gate leads to. Those at an address that is another service's now go on under that.
 */
static int apply(struct sw_daemon *daemon, const struct sw_plan *plan, struct sw_flow_list *adopted,
		 struct sw_error *err)
{
	bool is_guarded = daemon->plan && daemon->attachment_count;
	bool is_wider = is_guarded && sw_plan_listens_beyond(plan, daemon->plan);
	bool is_moved = is_guarded && sw_plan_listens_moved(plan, daemon->plan);
	int failed = sw_apply_values(daemon->maps, daemon->plan, plan, err);

	if (!failed && is_wider)
		failed = sw_reconcile_new(daemon, plan, false, adopted, err);
	if (!failed)
		failed = sw_apply_keys(daemon->maps, daemon->plan, plan, err);
	if (!failed && (is_wider || is_moved))
		sw_reconcile_late(daemon, plan, false, adopted);
	return failed;
}

static bool has_new_ids(const struct sw_plan *plan, const struct sw_plan *last)
{
	for (size_t i = 0; last && i < plan->service_count; i++)
		if (!sw_plan_service(last, plan->services[i].id))
			return true;
	for (size_t i = 0; last && i < plan->class_count; i++)
		if (!sw_plan_class(last, plan->classes[i].id))
			return true;
	return false;
}

static void restore(struct sw_daemon *daemon, const struct sw_plan *from)
{
	struct sw_error ignored;

	if (!daemon->plan)
		return;
	/* Its ids went on counting all the while, under the plan that was to come as well. */
	sw_apply_values(daemon->maps, daemon->plan, daemon->plan, &ignored);
	sw_apply_keys(daemon->maps, from, daemon->plan, &ignored);
}

/* What a database had room for when it was asked last goes on, across reloads and restarts. */
static void keep_slots(const struct sw_daemon *daemon, struct sw_config *next)
{
	for (size_t i = 0; daemon->plan && i < next->service_count; i++) {
		struct sw_config_service *service = &next->services[i];
		const struct sw_plan_service *planned =
			sw_plan_service_named(daemon->plan, service->name);
		uint32_t bound = service->budget.direct;

		if (!planned)
			continue;
		service->budget.now = planned->conf.budget;
		if (bound && service->budget.now > bound)
			service->budget.now = bound;
	}
}

static int change(struct sw_daemon *daemon, struct sw_config *next, struct sw_rules *rules,
		  struct sw_flow_list *adopted, struct sw_error *err)
{
	struct sw_busy ids;
	const struct sw_plan_busy busy = sw_busy_ask(&ids, daemon->maps);
	struct sw_plan *plan = NULL;
	int failed = sw_config_validate(next, err);

	keep_slots(daemon, next);
	if (!failed)
		failed = sw_plan_make(next, rules ? rules : &daemon->rules, daemon->plan, &busy,
				      &plan, err);
	if (failed)
		return failed;
	if (has_new_ids(plan, daemon->plan))
		sw_notes_save_ids(daemon, next, plan);
	failed = apply(daemon, plan, adopted, err);
	if (failed) {
		restore(daemon, plan);
		sw_plan_free(plan);
		return failed;
	}
	if (!sw_takeover_keeps(daemon, daemon->plan))
		sw_plan_free(daemon->plan);
	daemon->plan = plan;
	if (daemon->config != next)
		sw_config_free(daemon->config);
	daemon->config = next;
	if (rules && rules != &daemon->rules) {
		sw_rules_clear(&daemon->rules);
		daemon->rules = *rules;
	}
	sw_change_control(daemon);
	sw_rooms_configure(daemon);
	sw_monitors_configure(daemon);
	sw_notes_save(daemon);
	return 0;
}

int sw_change(struct sw_daemon *daemon, struct sw_config *next, struct sw_rules *rules,
	      struct sw_error *err)
{
	SW_CLEANUP(sw_flow_list_free) struct sw_flow_list adopted = {0};
	int failed = change(daemon, next, rules, &adopted, err);

	if (failed)
		sw_reconcile_give_back(daemon, &adopted);
	return failed;
}

int sw_change_first(struct sw_daemon *daemon, struct sw_config *next, struct sw_flow_list *adopted,
		    struct sw_error *err)
{
	return change(daemon, next, NULL, adopted, err);
}

static int reload(struct sw_daemon *daemon, struct sw_error *err)
{
	struct sw_config *next = NULL;
	int failed;

	if (!daemon->options->file)
		return sw_error_set(err, -EINVAL,
				    "there is no file to reload: spillwayd was started with its "
				    "services on the command line");
	failed = sw_options_config(daemon->options, &next, err);
	if (failed)
		return failed;
	if (!sw_endpoint_equal(&next->http.listen, &daemon->config->http.listen) ||
	    strcmp(next->user, daemon->config->user) ||
	    strcmp(next->control.socket, daemon->config->control.socket) ||
	    strcmp(next->control.group, daemon->config->control.group))
		sw_log_warn("%s: user, control.socket, control.group and http take effect at the "
			    "next start",
			    daemon->options->file);
	failed = sw_change_with_interfaces(daemon, next, err);
	if (failed) {
		sw_config_free(next);
		return failed;
	}
	sw_admins_read(daemon, daemon->config);
	sw_notes_take_base(daemon);
	sw_notes_save(daemon);
	sw_log_init(daemon->config->log.level, daemon->config->log.format);
	sw_log_info("reloaded %s", daemon->options->file);
	return 0;
}

int sw_change_reload(struct sw_daemon *daemon, struct sw_error *err)
{
	int failed;

	sw_notify_reloading();
	failed = reload(daemon, err);
	sw_notify_reloaded(daemon, failed ? err->text : NULL);
	return failed;
}

void sw_change_expire_rules(struct sw_daemon *daemon)
{
	uint64_t now_ns = sw_clock_monotonic_ns();
	uint64_t next_ns = 0;
	struct sw_error err;

	if (sw_rules_expire(&daemon->rules, now_ns, &next_ns) &&
	    sw_change(daemon, daemon->config, &daemon->rules, &err))
		sw_log_error("a rule expired, but: %s", err.text);
	if (next_ns) {
		uint64_t wait_us = next_ns > now_ns ? (next_ns - now_ns) / 1000 + 1 : 1;
		struct timeval wait = {wait_us / 1000000, wait_us % 1000000};

		event_add(daemon->expiry, &wait);
	}
}
