/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon from start to stop.
 */
#include "daemon/run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "daemon/admins.h"
#include "daemon/change.h"
#include "daemon/events.h"
#include "daemon/health.h"
#include "daemon/metrics.h"
#include "daemon/monitor.h"
#include "daemon/notes.h"
#include "daemon/notify.h"
#include "daemon/page.h"
#include "daemon/privileges.h"
#include "daemon/reconcile.h"
#include "daemon/room.h"
#include "daemon/secrets.h"
#include "daemon/snapshot.h"
#include "daemon/takeover.h"
#include "daemon/timers.h"
#include "daemon/verb_table.h"
#include "kern/generation.h"
#include "kern/leftover.h"
#include "kern/steps.h"

static const struct sw_http_handlers pages = {
	.metrics = sw_metrics_write,
	.healthy = sw_health_check,
	.page = sw_page_write,
	.news = sw_page_news,
};

static const struct sw_control_rules control_rules = {
	.may_change = sw_admins_include,
	.snapshot = sw_snapshot_take,
};

static void on_stop(evutil_socket_t signal, short what, void *arg)
{
	struct sw_daemon *daemon = arg;

	(void)what;
	sw_log_info("stopping on %s", strsignal((int)signal));
	sw_notify_stopping("detaches everything");
	event_base_loopbreak(daemon->base);
}

static void on_reload(evutil_socket_t signal, short what, void *arg)
{
	struct sw_error err;

	(void)signal, (void)what;
	if (sw_change_reload(arg, &err))
		sw_log_error("reload: %s; everything goes on as it was", err.text);
}

static int watch_signals(struct sw_daemon *daemon)
{
	struct event **at[] = {&daemon->sigterm, &daemon->sigint, &daemon->sighup};
	const int signals[] = {SIGTERM, SIGINT, SIGHUP};

	for (size_t i = 0; i < 3; i++) {
		*at[i] = evsignal_new(daemon->base, signals[i],
				      signals[i] == SIGHUP ? on_reload : on_stop, daemon);
		if (!*at[i] || evsignal_add(*at[i], NULL))
			return -ENOMEM;
	}
	return 0;
}

static bool is_attached(void *arg, int ifindex)
{
	const struct sw_daemon *daemon = arg;

	for (size_t i = 0; i < daemon->attachment_count; i++)
		if (daemon->attachments[i].ifindex == ifindex)
			return true;
	return false;
}

/* By its own, a daemon in another time namespace would take the gate's times for long past or to come. */
static int set_clock(struct sw_daemon *daemon, struct sw_error *err)
{
	int failed = sw_kern_beat(daemon->kern);

	if (failed)
		return sw_error_set(err, failed, "the kernel's clock: %s", strerror(-failed));
	sw_clock_follow_kernel(daemon->maps->control->heartbeat_ns);
	daemon->started_ns = sw_clock_monotonic_ns();
	return 0;
}

/* Whatever becomes of this daemon, handshakes that nobody finishes give their slots back. */
static int sweep_alone(struct sw_daemon *daemon, struct sw_error *err)
{
	int failed = sw_kern_arm_sweep(daemon->kern);

	return failed ? sw_error_set(err, failed, "the kernel's timer: %s", strerror(-failed)) : 0;
}

/*
 * The maps, those of the daemon before this one with all that they count if they can be used, and what is
 * to run: what was tuned since the file was read, unless the file is another one now.
 */
static int take_state(struct sw_daemon *daemon, struct sw_config **config, struct sw_error *err)
{
	int failed = sw_load(daemon->options->pin_dir, &daemon->kern, err);

	if (failed)
		return failed;
	daemon->maps = sw_kern_maps(daemon->kern);
	failed = sw_takeover_begin(daemon, err);
	if (!failed)
		failed = set_clock(daemon, err);
	if (!failed)
		failed = sw_notes_restore(daemon, config, err);
	if (!failed)
		failed = sweep_alone(daemon, err);
	return failed ? failed : sw_takeover_read_plan(daemon, err);
}

static int open_doors(struct sw_daemon *daemon, const struct sw_config *config,
		      struct sw_error *err)
{
	int failed;

	daemon->base = event_base_new();
	if (!daemon->base || watch_signals(daemon) || sw_timers_start(daemon))
		return sw_error_set(err, -ENOMEM, "cannot make the event loop");
	failed = sw_control_open(daemon->base, config->control.socket, config->control.group,
				 sw_verb_table, sw_verb_table_count, daemon, &daemon->control, err);
	if (failed)
		return failed;
	sw_control_set_rules(daemon->control, &control_rules);
	sw_admins_read(daemon, config);
	return sw_http_open(daemon->base, &config->http.listen, &pages, daemon, &daemon->http, err);
}

/*
 * What can fail for reasons of others does so before the gate of the daemon before this one is told anything.
 */
static int take_config(struct sw_daemon *daemon, struct sw_config *config, struct sw_error *err)
{
	int failed = take_state(daemon, &config, err);

	if (!failed)
		failed = open_doors(daemon, config, err);
	if (!failed)
		failed = sw_secrets_start(daemon, err);
	if (!failed)
		failed = sw_change_claim_interfaces(daemon, config, err);
	if (!failed)
		failed = sw_change_first(daemon, config, sw_takeover_adopted(daemon), err);
	if (failed)
		sw_config_free(config);
	return failed;
}

/* The gate comes last: whatever it needs is there by then. What others left goes after that. */
static int start(struct sw_daemon *daemon, struct sw_config *config, struct sw_error *err)
{
	int failed = take_config(daemon, config, err);

	if (failed)
		return failed;
	if (!sw_kern_inherited(daemon->kern))
		sw_notes_restore_pauses(daemon);
	if (sw_reconcile_start(daemon))
		return sw_error_set(err, -ENOMEM, "cannot make the event loop");
	failed = sw_events_start(daemon, err);
	if (!failed)
		failed = sw_rooms_start(daemon, err);
	if (!failed)
		failed = sw_privileges_become_user(daemon, err);
	if (!failed)
		failed = sw_monitors_start(daemon, err);
	if (!failed)
		failed = sw_page_start(daemon, err);
	if (!failed)
		sw_monitors_settle(daemon);
	if (!failed)
		failed = sw_change_take_claimed(daemon, 0, sw_takeover_adopted(daemon), err);
	if (failed)
		return failed;
	sw_kern_go_on_answering(daemon->kern);
	sw_change_expire_rules(daemon);
	sw_leftover_remove(daemon->options->pin_dir, is_attached, daemon);
	sw_generation_prune(daemon->options->pin_dir);
	return sw_privileges_reduce(err);
}

/*
 * How it ends decides what stays. A start that failed takes its gate off where none was before; where it
 * took the place of one it stays, with the maps that it counts in, so that the interface stands never open.
 */
static enum sw_unload let_go(struct sw_daemon *daemon, enum sw_unload how)
{
	enum sw_unload rest = how;

	while (daemon->attachment_count) {
		struct sw_attachment *last = &daemon->attachments[--daemon->attachment_count];

		if (how == SW_UNLOAD_UNDO && last->is_heir)
			rest = SW_UNLOAD_KEEP;
		if (how == SW_UNLOAD_ALL || (how == SW_UNLOAD_UNDO && !last->is_heir))
			sw_detach(daemon->kern, last);
		else
			sw_attachment_close(last);
	}
	return rest;
}

static void stop(struct sw_daemon *daemon, enum sw_unload how)
{
	struct event *events[] = {daemon->sigterm, daemon->sigint, daemon->sighup};

	how = let_go(daemon, how);
	sw_monitors_stop(daemon);
	sw_rooms_stop(daemon);
	sw_events_stop(daemon);
	sw_http_close(daemon->http);
	sw_page_stop(daemon);
	sw_timers_stop(daemon);
	sw_reconcile_stop(daemon);
	sw_secrets_stop(daemon);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i])
			event_free(events[i]);
	sw_unload(daemon->kern, how);
	/* After the lock: who waits for the answer to a hand-over may start the next daemon then. */
	sw_control_close(daemon->control);
	if (daemon->base)
		event_base_free(daemon->base);
	sw_plan_free(daemon->plan);
	sw_config_free(daemon->config);
	sw_rules_clear(&daemon->rules);
	free(daemon->base_config);
	free(daemon);
	libevent_global_shutdown();
}

static void announce(struct sw_daemon *daemon)
{
	daemon->is_ready = true;
	sw_notify_ready(daemon);
	if (!daemon->attachment_count)
		sw_log_warn("no interface is configured: nothing is guarded until "
			    "'spillway attach IF'");
	sw_log_info("spillwayd " SW_VERSION " is ready: %zu services, %zu interfaces",
		    daemon->plan->service_count, daemon->attachment_count);
}

int sw_run(const struct sw_options *options, struct sw_config *config, void (*ready)(void *arg),
	   void *arg, struct sw_error *err)
{
	struct sw_daemon *daemon = calloc(1, sizeof(*daemon));
	enum sw_unload how;
	int failed;

	if (!daemon) {
		sw_config_free(config);
		return sw_error_set(err, -ENOMEM, "out of memory");
	}
	daemon->options = options;
	failed = start(daemon, config, err);
	if (failed)
		sw_takeover_undo(daemon);
	sw_takeover_end(daemon);
	how = failed ? SW_UNLOAD_UNDO : SW_UNLOAD_ALL;
	if (!failed) {
		announce(daemon);
		ready(arg);
		/* A signal or a hand-over may have come while the databases were being asked. */
		if (!event_base_got_break(daemon->base) && !event_base_got_exit(daemon->base) &&
		    event_base_dispatch(daemon->base) < 0)
			failed = sw_error_set(err, -EIO, "the event loop failed");
		if (daemon->hand_over)
			how = SW_UNLOAD_KEEP;
	}
	stop(daemon, how);
	return failed;
}
