/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is looked after every ten seconds: flows against sockets, and whether tables are full. What goes
 * wrong for long is told once a minute. And flows against sockets at once where some may not have been followed.
 */
#include <errno.h>

#include "core/clock.h"
#include "core/log.h"
#include "daemon/notes.h"
#include "daemon/reconcile.h"
#include "kern/links.h"
#include "kern/read.h"

#define EVERY_S		  10
#define COMPLAIN_EVERY_NS (60 * SW_NS_PER_S)

/* True if it was not told within the last minute. */
static bool is_news(uint64_t *told_ns)
{
	uint64_t now_ns = sw_clock_monotonic_ns();

	if (*told_ns && now_ns - *told_ns < COMPLAIN_EVERY_NS)
		return false;
	*told_ns = now_ns;
	return true;
}

/* Connections that no table had room for, over all services. */
static uint64_t count_turned_away(const struct sw_daemon *daemon)
{
	uint64_t turned_away = 0;

	for (size_t i = 0; i < daemon->plan->service_count; i++) {
		uint64_t counters[SW_COUNTER_COUNT];

		sw_read_counters(daemon->maps, daemon->plan->services[i].id, counters);
		turned_away += counters[SW_COUNTER_FLOWS_FULL] + counters[SW_COUNTER_SOURCES_FULL];
	}
	return turned_away;
}

/* For the daemon after this one, too. */
static void note_turned_away(struct sw_daemon *daemon, uint64_t told)
{
	daemon->turned_away = told;
	daemon->knows_turned_away = true;
	sw_notes_save(daemon);
}

static void warn_if_full(struct sw_daemon *daemon)
{
	uint64_t turned_away = count_turned_away(daemon);

	/* A service went, with what it had counted. */
	if (turned_away < daemon->turned_away)
		note_turned_away(daemon, turned_away);
	if (turned_away == daemon->turned_away || !is_news(&daemon->full_told_ns))
		return;
	sw_log_warn(
		"a table of the kernel is full: %llu connections were turned away by the last "
		"lane of their chain, or are in and not counted; spillway_map_entries says which",
		(unsigned long long)(turned_away - daemon->turned_away));
	note_turned_away(daemon, turned_away);
}

static void warn_if_uncounted(struct sw_daemon *daemon, const struct sw_reconcile *done)
{
	if (done->no_room && is_news(&daemon->uncounted_told_ns))
		sw_log_warn("a table of the kernel is full: %zu connections that are open cannot "
			    "be counted; spillway_map_entries says which",
			    done->no_room);
}

static void look(struct sw_daemon *daemon, struct sw_reconcile *done)
{
	struct sw_error err;

	if (sw_reconcile(daemon, done, &err) && is_news(&daemon->reconcile_failed_ns))
		sw_log_error("%s; trying again every %d s", err.text, EVERY_S);
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	struct sw_daemon *daemon = arg;
	struct sw_reconcile done = {0};

	(void)fd, (void)what;
	look(daemon, &done);
	warn_if_full(daemon);
	warn_if_uncounted(daemon, &done);
}

/* The programs that count are this daemon's own: it begins at 0. */
void sw_reconcile_untold(struct sw_daemon *daemon)
{
	struct sw_reconcile done = {0};
	uint64_t untold;

	if (sw_links_count_untold(daemon->kern, &untold) || untold == daemon->untold)
		return;
	daemon->untold = untold;
	look(daemon, &done);
}

int sw_reconcile_start(struct sw_daemon *daemon)
{
	const struct timeval every = {EVERY_S, 0};

	/* What an older daemon counted is its news: it does not say what it has told. */
	if (!daemon->knows_turned_away)
		note_turned_away(daemon, count_turned_away(daemon));
	daemon->reconcile = event_new(daemon->base, -1, EV_PERSIST, on_time, daemon);
	return !daemon->reconcile || event_add(daemon->reconcile, &every) ? -ENOMEM : 0;
}

void sw_reconcile_stop(struct sw_daemon *daemon)
{
	if (daemon->reconcile)
		event_free(daemon->reconcile);
}
