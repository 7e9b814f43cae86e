/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a monitor's connection: made, asked every second, lost, made again.
 */
#include "daemon/monitor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "daemon/monitor_parts.h"
#include "daemon/room.h"

#define POLL_NS	      SW_NS_PER_S
#define POLL_ADAPT_NS (SW_NS_PER_S / 4)
/* A database that takes so long for so little is as good as away. */
#define PATIENCE_NS (5 * SW_NS_PER_S)
/* After one failure, doubled with each, up to so much. */
#define RETRY_NS      (SW_NS_PER_S / 4)
#define RETRY_MAX_NS  (30 * SW_NS_PER_S)
#define RETRY_DOUBLES 7

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
	sw_backends_free(&monitor->seen);
	monitor->session = NULL;
	monitor->is_idle = monitor->is_asked = false;
	monitor->is_evicting = false;
}

static uint64_t retry_in_ns(struct sw_monitor *monitor)
{
	unsigned int doubles =
		monitor->failures < RETRY_DOUBLES ? monitor->failures : RETRY_DOUBLES;
	uint64_t retry_ns = RETRY_NS << doubles;

	if (monitor->is_hurried)
		return 0;
	monitor->failures++;
	return retry_ns < RETRY_MAX_NS ? retry_ns : RETRY_MAX_NS;
}

static void tell_room(const struct sw_monitor *monitor)
{
	struct sw_room *room = sw_room_of(monitor->daemon, monitor->service);

	if (room && !monitor->is_hurried)
		sw_room_budget_is_known(room);
}

static void fail(struct sw_monitor *monitor, const char *why)
{
	struct sw_room *room = sw_room_of(monitor->daemon, monitor->service);
	bool was_up = monitor->view.is_up;

	monitor->view.is_up = false;
	monitor->has_failed = true;
	sw_monitor_set_bound(monitor);
	sw_monitor_tell_failure(monitor, why);
	close_session(monitor);
	set_clock(monitor, retry_in_ns(monitor));
	tell_room(monitor);
	monitor->is_hurried = false;
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
	monitor->is_idle = monitor->is_hurried = false;
	monitor->is_asked = true;
	monitor->asked_ns = sw_clock_monotonic_ns();
	set_clock(monitor, PATIENCE_NS);
	sw_backends_expect(&monitor->seen, monitor->daemon, monitor->service);
	if (sw_session_ask(monitor->session, sw_facts_sql))
		fail(monitor, sw_session_error(monitor->session));
	else
		go_on(monitor);
}

/* Whoever is to be evicted is, before the next question of the usual kind. */
static void evict(struct sw_monitor *monitor)
{
	set_clock(monitor, PATIENCE_NS);
	monitor->is_evicting = true;
	if (sw_session_ask(monitor->session, monitor->eviction))
		fail(monitor, sw_session_error(monitor->session));
	else
		go_on(monitor);
}

static void rest(struct sw_monitor *monitor)
{
	monitor->is_idle = true;
	monitor->is_asked = false;
	if (monitor->is_hurried)
		set_clock(monitor, 0);
	else
		set_clock(monitor, monitor->view.is_adaptive ? POLL_ADAPT_NS : POLL_NS);
	/* Its end is to be heard of at once. */
	await(monitor, EV_READ);
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
	sw_monitor_tell_answer(monitor);
	monitor->view.is_up = true;
	monitor->failures = 0;
	tell_room(monitor);
	if (monitor->eviction)
		evict(monitor);
	else
		rest(monitor);
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
		if (monitor->is_evicting) {
			sw_monitor_evicted(monitor);
			rest(monitor);
		} else {
			take_in(monitor);
		}
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

	return room && sw_room_database_state(room) == SW_READY_TURNS_AWAY;
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

void sw_monitor_close(struct sw_monitor *monitor)
{
	if (!monitor)
		return;
	close_session(monitor);
	if (monitor->clock)
		event_free(monitor->clock);
	sw_backends_free(&monitor->seen);
	free(monitor->conninfo);
	free(monitor->eviction);
	sw_monitor_tell_free(monitor);
	free(monitor);
}

struct sw_monitor *sw_monitor_open(struct sw_daemon *daemon, uint32_t service, const char *conninfo)
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
		sw_monitor_close(monitor);
		return NULL;
	}
	set_clock(monitor, 0);
	return monitor;
}

/*
 * An attempt to connect may have begun long ago, with somebody who is away by now: it is given up. What has been asked
 * is waited for, and asked again.
 */
void sw_monitor_try(struct sw_monitor *monitor)
{
	monitor->failures = 0;
	monitor->is_hurried = monitor->is_asked;
	if (monitor->is_asked)
		return;
	if (!monitor->is_idle)
		close_session(monitor);
	set_clock(monitor, 0);
}
