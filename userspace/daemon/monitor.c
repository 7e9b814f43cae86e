/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a monitor's connection: made, asked every second, lost, made again.
 */
#include "daemon/monitor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "daemon/monitor_parts.h"
#include "daemon/room.h"

#define POLL_NS SW_NS_PER_S
/* A database that takes so long for so little is as good as away. */
#define PATIENCE_NS (5 * SW_NS_PER_S)
/* After one failure, doubled with each, up to so much. */
#define RETRY_NS      (SW_NS_PER_S / 4)
#define RETRY_MAX_NS  (30 * SW_NS_PER_S)
#define RETRY_DOUBLES 7
#define SETTLE_S      2

static void on_io(evutil_socket_t fd, short what, void *arg);
static void on_clock(evutil_socket_t fd, short what, void *arg);
static void go_on(struct sw_monitor *monitor);

static void set_clock(struct sw_monitor *monitor, uint64_t in_ns)
{
	const struct timeval in = {(time_t)(in_ns / SW_NS_PER_S),
				   (suseconds_t)(in_ns % SW_NS_PER_S / 1000)};

	evtimer_add(monitor->clock, &in);
}

static void drop_io(struct sw_monitor *monitor)
{
	if (monitor->io)
		event_free(monitor->io);
	monitor->io = NULL;
}

static void close_session(struct sw_monitor *monitor)
{
	drop_io(monitor);
	sw_session_close(monitor->session);
	monitor->session = NULL;
	monitor->is_idle = false;
}

/* Said once, until something else is the matter. */
static void tell(struct sw_monitor *monitor, const char *why)
{
	const struct sw_plan_service *planned =
		sw_plan_service(monitor->daemon->plan, monitor->service);

	if (monitor->told && !strcmp(monitor->told, why))
		return;
	free(monitor->told);
	monitor->told = strdup(why);
	monitor->view.error = monitor->told ? monitor->told : "";
	sw_log_error("service %s: the database cannot be asked, its budget stays at %u: %s",
		     planned->name, planned->conf.budget, why);
}

static void fail(struct sw_monitor *monitor, const char *why)
{
	unsigned int doubles =
		monitor->failures < RETRY_DOUBLES ? monitor->failures : RETRY_DOUBLES;
	uint64_t retry_ns = RETRY_NS << doubles;
	struct sw_room *room = sw_room_of(monitor->daemon, monitor->service);
	bool was_up = monitor->view.is_up;

	monitor->view.lost += was_up;
	monitor->view.is_up = false;
	monitor->has_failed = true;
	monitor->failures++;
	sw_monitor_set_bound(monitor);
	tell(monitor, why);
	close_session(monitor);
	set_clock(monitor, retry_ns < RETRY_MAX_NS ? retry_ns : RETRY_MAX_NS);
	/* What ends a kept connection is often the end of the database. */
	if (was_up && room)
		sw_room_doubt_database(room);
}

static void await(struct sw_monitor *monitor, short what)
{
	monitor->io = event_new(monitor->daemon->base, sw_session_fd(monitor->session), what, on_io,
				monitor);
	if (!monitor->io || event_add(monitor->io, NULL))
		fail(monitor, "out of memory");
}

static void ask(struct sw_monitor *monitor)
{
	drop_io(monitor);
	monitor->is_idle = false;
	monitor->asked_ns = sw_clock_monotonic_ns();
	set_clock(monitor, PATIENCE_NS);
	if (sw_session_ask(monitor->session, sw_facts_sql))
		fail(monitor, sw_session_error(monitor->session));
	else
		go_on(monitor);
}

static void take_in(struct sw_monitor *monitor)
{
	struct sw_facts facts = {0};
	struct sw_error err;
	int failed = sw_facts_read(monitor->session, &facts, &err);

	monitor->view.took_ns = sw_clock_monotonic_ns() - monitor->asked_ns;
	if (!failed)
		failed = sw_monitor_digest(monitor, &facts, &err);
	sw_facts_free(&facts);
	if (failed) {
		fail(monitor, err.text);
		return;
	}
	if (monitor->told)
		sw_log_info("service %s: the database answers again",
			    sw_plan_service(monitor->daemon->plan, monitor->service)->name);
	free(monitor->told);
	monitor->told = NULL;
	monitor->view.error = "";
	monitor->view.is_up = true;
	monitor->failures = 0;
	monitor->is_idle = true;
	set_clock(monitor, POLL_NS);
	/* Its end is to be heard of at once. */
	await(monitor, EV_READ);
}

/* libpq may close a descriptor and open another with each step. */
static void go_on(struct sw_monitor *monitor)
{
	drop_io(monitor);
	switch (sw_session_step(monitor->session)) {
	case SW_SESSION_READS:
		await(monitor, EV_READ);
		break;
	case SW_SESSION_WRITES:
		await(monitor, EV_WRITE);
		break;
	case SW_SESSION_READY:
		if (monitor->is_idle)
			await(monitor, EV_READ);
		else
			ask(monitor);
		break;
	case SW_SESSION_ANSWERED:
		take_in(monitor);
		break;
	case SW_SESSION_LOST:
		fail(monitor, sw_session_error(monitor->session));
		break;
	}
}

static void on_io(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	go_on(arg);
}

static void connect_to(struct sw_monitor *monitor)
{
	monitor->session = sw_session_open(monitor->conninfo);
	if (!monitor->session) {
		fail(monitor, "out of memory or processes");
		return;
	}
	set_clock(monitor, PATIENCE_NS);
	go_on(monitor);
}

/* A database that shuts down smartly waits for all who are inside, its monitor too. */
static bool turns_away(const struct sw_monitor *monitor)
{
	const struct sw_room *room = sw_room_of(monitor->daemon, monitor->service);

	return room && sw_room_database_is_down(room);
}

static void on_clock(evutil_socket_t fd, short what, void *arg)
{
	struct sw_monitor *monitor = arg;

	(void)fd, (void)what;
	if (!monitor->session)
		connect_to(monitor);
	else if (monitor->is_idle && turns_away(monitor))
		fail(monitor, "it takes no connections now");
	else if (monitor->is_idle)
		ask(monitor);
	else
		fail(monitor, "no answer within 5 s");
}

static void close_monitor(struct sw_monitor *monitor)
{
	if (!monitor)
		return;
	close_session(monitor);
	if (monitor->clock)
		event_free(monitor->clock);
	sw_backends_free(&monitor->seen);
	free(monitor->conninfo);
	free(monitor->told);
	free(monitor);
}

static struct sw_monitor *open_monitor(struct sw_daemon *daemon, uint32_t service,
				       const char *conninfo)
{
	struct sw_monitor *monitor = calloc(1, sizeof(*monitor));

	if (!monitor)
		return NULL;
	monitor->daemon = daemon;
	monitor->service = service;
	monitor->view.error = "";
	monitor->conninfo = strdup(conninfo);
	monitor->clock = evtimer_new(daemon->base, on_clock, monitor);
	if (!monitor->conninfo || !monitor->clock) {
		close_monitor(monitor);
		return NULL;
	}
	set_clock(monitor, 0);
	return monitor;
}

static void configure(struct sw_daemon *daemon, uint32_t id, const struct sw_config_service *config)
{
	struct sw_monitor **at = &daemon->monitors->monitors[id];
	bool is_wanted = config && config->budget.mode != SW_BUDGET_FIXED;

	if (*at && (!is_wanted || strcmp((*at)->conninfo, config->budget.conninfo))) {
		close_monitor(*at);
		*at = NULL;
	}
	if (is_wanted && !*at)
		*at = open_monitor(daemon, id, config->budget.conninfo);
	else if (is_wanted)
		sw_monitor_set_budget(*at);
	if (is_wanted && !*at)
		sw_log_error("service %s: no memory to watch its database", config->name);
}

void sw_monitors_configure(struct sw_daemon *daemon)
{
	for (uint32_t id = 0; daemon->monitors && id < SW_SERVICES_MAX; id++) {
		const struct sw_plan_service *planned = sw_plan_service(daemon->plan, id);

		configure(daemon, id,
			  planned ? sw_config_find_service(daemon->config, planned->name) : NULL);
	}
}

int sw_monitors_start(struct sw_daemon *daemon, struct sw_error *err)
{
	daemon->monitors = calloc(1, sizeof(*daemon->monitors));
	if (!daemon->monitors)
		return sw_error_set(err, -ENOMEM, "out of memory");
	sw_monitors_configure(daemon);
	return 0;
}

void sw_monitors_stop(struct sw_daemon *daemon)
{
	for (size_t i = 0; daemon->monitors && i < SW_SERVICES_MAX; i++)
		close_monitor(daemon->monitors->monitors[i]);
	free(daemon->monitors);
	daemon->monitors = NULL;
}

static bool is_unsettled(const struct sw_daemon *daemon)
{
	for (uint32_t id = 0; id < SW_SERVICES_MAX; id++) {
		const struct sw_monitor *monitor = daemon->monitors->monitors[id];

		if (monitor && !monitor->view.has_answered && !monitor->has_failed)
			return true;
	}
	return false;
}

static void on_settled(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	*(bool *)arg = true;
}

void sw_monitors_settle(struct sw_daemon *daemon)
{
	const struct timeval in = {SETTLE_S, 0};
	bool is_over = false;
	struct event *end = evtimer_new(daemon->base, on_settled, &is_over);

	if (!end)
		return;
	evtimer_add(end, &in);
	while (!is_over && is_unsettled(daemon) && !event_base_got_break(daemon->base))
		if (event_base_loop(daemon->base, EVLOOP_ONCE))
			break;
	event_free(end);
}

void sw_monitor_hurry(struct sw_daemon *daemon, uint32_t service)
{
	struct sw_monitor *monitor = daemon->monitors ? daemon->monitors->monitors[service] : NULL;

	if (monitor && !monitor->session)
		set_clock(monitor, 0);
}

const struct sw_monitor_view *sw_monitor_view(const struct sw_daemon *daemon, uint32_t service)
{
	const struct sw_monitor *monitor =
		daemon->monitors ? daemon->monitors->monitors[service] : NULL;

	return monitor ? &monitor->view : NULL;
}
