/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon from start to stop.
 */
#include "daemon/run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "core/clock.h"
#include "core/log.h"
#include "daemon/change.h"
#include "daemon/metrics.h"
#include "daemon/timers.h"
#include "daemon/verb_table.h"

static const struct sw_http_handlers pages = {
	.metrics = sw_metrics_write,
	.healthy = sw_metrics_healthy,
};

static void on_stop(evutil_socket_t signal, short what, void *arg)
{
	struct sw_daemon *daemon = arg;

	(void)what;
	sw_log_info("stopping on %s", strsignal((int)signal));
	sd_notify(0, "STOPPING=1");
	event_base_loopbreak(daemon->base);
}

static void on_reload(evutil_socket_t signal, short what, void *arg)
{
	struct sw_error err;

	(void)signal, (void)what;
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
		   (unsigned long long)(sw_clock_monotonic_ns() / 1000));
	if (sw_change_reload(arg, &err))
		sw_log_error("reload: %s; everything goes on as it was", err.text);
	sd_notify(0, "READY=1");
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

/* The gate comes last: whatever it needs is there by then. */
static int start(struct sw_daemon *daemon, struct sw_config *config, struct sw_error *err)
{
	int failed = sw_load(daemon->options->pin_dir, &daemon->kern, err);

	if (failed) {
		sw_config_free(config);
		return failed;
	}
	daemon->maps = sw_kern_maps(daemon->kern);
	failed = sw_change(daemon, config, NULL, err);
	if (failed) {
		sw_config_free(config);
		return failed;
	}
	daemon->base = event_base_new();
	if (!daemon->base || watch_signals(daemon) || sw_timers_start(daemon))
		return sw_error_set(err, -ENOMEM, "cannot make the event loop");
	failed = sw_control_open(daemon->base, config->control.socket, config->control.group,
				 sw_verb_table, sw_verb_table_count, daemon, &daemon->control, err);
	if (!failed)
		failed = sw_http_open(daemon->base, &config->http.listen, &pages, daemon,
				      &daemon->http, err);
	if (!failed)
		failed = sw_change_interfaces(daemon, config, err);
	return failed;
}

static void stop(struct sw_daemon *daemon)
{
	struct event *events[] = {daemon->sigterm, daemon->sigint, daemon->sighup};

	while (daemon->attachment_count)
		sw_detach(daemon->kern, &daemon->attachments[--daemon->attachment_count]);
	sw_http_close(daemon->http);
	sw_control_close(daemon->control);
	sw_timers_stop(daemon);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i])
			event_free(events[i]);
	if (daemon->base)
		event_base_free(daemon->base);
	sw_unload(daemon->kern);
	sw_plan_free(daemon->plan);
	sw_config_free(daemon->config);
	sw_rules_clear(&daemon->rules);
	free(daemon);
	libevent_global_shutdown();
}

static void announce(const struct sw_daemon *daemon)
{
	sd_notify(0, "READY=1");
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
	int failed;

	if (!daemon) {
		sw_config_free(config);
		return sw_error_set(err, -ENOMEM, "out of memory");
	}
	daemon->options = options;
	daemon->started_ns = sw_clock_monotonic_ns();
	failed = start(daemon, config, err);
	if (!failed) {
		announce(daemon);
		ready(arg);
		if (event_base_dispatch(daemon->base) < 0)
			failed = sw_error_set(err, -EIO, "the event loop failed");
	}
	stop(daemon);
	return failed;
}
