/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When listeners and database are asked, and what is told of it: at most five times a second, but for what looks
 * like its end.
 */
#include "daemon/ready_parts.h"

#include <stdlib.h>

#include "core/clock.h"
#include "core/log.h"
#include "daemon/monitor.h"
#include "daemon/read_database.h"
#include "daemon/read_service.h"

/* Between two questions, then. It takes many endings at once, which no database has all the time. */
#define DOUBT_AGAIN_NS (50 * SW_NS_PER_MS)
/* So long one look at the kernel's listeners is good for in between; each costs some ten microseconds. */
#define LOOK_NS (10 * SW_NS_PER_MS)
/* Addresses are bound one after the other, with names to be looked up between. */
#define STEADY_NS SW_NS_PER_S
/* Who waits is not to wait for a monitor that hears nothing. */
#define NO_BUDGET_S 2

static void look(struct sw_ready *ready)
{
	sw_listeners_free(&ready->listeners);
	ready->looked_ns = sw_clock_monotonic_ns();
	ready->may_look = sw_listeners_read(&ready->listeners) == 0;
}

const struct sw_listeners *sw_ready_listeners(struct sw_ready *ready)
{
	if (sw_clock_monotonic_ns() - ready->looked_ns >= LOOK_NS)
		look(ready);
	return ready->may_look ? &ready->listeners : NULL;
}

/* By the last look. Where the kernel does not tell who listens, somebody is taken to. */
static bool somebody_listens(struct sw_ready *ready)
{
	const struct sw_plan *plan = ready->daemon->plan;
	const struct sw_plan_service *service = sw_plan_service(plan, ready->service);

	ready->where = (struct sw_endpoint){0};
	if (!ready->is_here || !service || !ready->may_look)
		return true;
	return sw_read_service_database_at(plan, service, &ready->listeners, &ready->where);
}

bool sw_ready_somebody_listens(struct sw_ready *ready)
{
	look(ready);
	return somebody_listens(ready);
}

static void tell(const struct sw_ready *ready, bool serves, bool holds)
{
	const char *name = sw_plan_service(ready->daemon->plan, ready->service)->name;

	const struct sw_log_fields about = {.service = name};

	if (serves)
		sw_log_about(SW_LOG_INFO, &about, "service %s: the database serves again", name);
	else
		sw_log_about(SW_LOG_WARN, &about, "service %s: the database does not serve%s", name,
			     holds ? "; new connections wait" : "");
}

static void ask(struct sw_ready *ready)
{
	if (ready->ping)
		return;
	ready->asked_ns = sw_clock_monotonic_ns();
	sw_log_debug("service %s: asking whether the database serves",
		     sw_plan_service(ready->daemon->plan, ready->service)->name);
	sw_ready_question(ready);
}

/* Now, or when so much time has gone by since the last question. */
static void ask_within(struct sw_ready *ready, uint64_t gap_ns)
{
	uint64_t since_ns = sw_clock_monotonic_ns() - ready->asked_ns;
	struct timeval in = {0};

	if (ready->ping)
		return;
	if (since_ns >= gap_ns) {
		evtimer_del(ready->again);
		ask(ready);
		return;
	}
	in.tv_usec = (suseconds_t)((gap_ns - since_ns) / 1000);
	evtimer_add(ready->again, &in);
}

static void ask_soon(struct sw_ready *ready)
{
	if (!evtimer_pending(ready->again, NULL))
		ask_within(ready, SW_READY_AGAIN_NS);
}

static bool holds(const struct sw_ready *ready)
{
	return ready->may_wait || ready->ends_pause;
}

static void settle(struct sw_ready *ready, enum sw_ready_state state)
{
	const struct timeval in = {0, SW_READY_AGAIN_NS / 1000};
	bool was_down = ready->was_down, serves = state == SW_READY_SERVES;
	bool is_held = holds(ready);

	evtimer_del(ready->no_budget);
	ready->awaits_budget = false;
	ready->was_down = !serves;
	ready->state = state;
	ready->is_quiet = false;
	ready->ends_pause &= !serves;
	if (serves && was_down)
		ready->served_ns = sw_clock_monotonic_ns();
	if (!serves)
		evtimer_add(ready->again, &in);
	ready->told(ready->arg, serves || !is_held, was_down);
	/* Last: whoever comes after it was said waits. */
	if (serves == was_down)
		tell(ready, serves, is_held);
}

/*
 * It may have room for fewer than before: whom the budget from then lets in it would turn away. So they wait on for
 * what the monitor hears, a few milliseconds as a rule.
 */
void sw_ready_conclude(struct sw_ready *ready, enum sw_ready_state state)
{
	const struct timeval in = {NO_BUDGET_S, 0};
	bool is_back = state == SW_READY_SERVES && ready->was_down;
	bool is_outdated = state == SW_READY_SERVES && ready->is_outdated;

	sw_log_debug("service %s: the database %s",
		     sw_plan_service(ready->daemon->plan, ready->service)->name,
		     state == SW_READY_SERVES ? "serves" : sw_read_database_why(state));
	sw_ready_end_question(ready);
	ready->is_outdated = false;
	if (is_outdated) {
		ask_within(ready, DOUBT_AGAIN_NS);
		return;
	}
	if (!is_back || !sw_monitor_hurry(ready->daemon, ready->service) || !ready->is_counted ||
	    !holds(ready) || evtimer_add(ready->no_budget, &in)) {
		settle(ready, state);
		return;
	}
	ready->state = state;
	ready->awaits_budget = true;
}

void sw_ready_budget_is_known(struct sw_ready *ready)
{
	if (ready->awaits_budget)
		settle(ready, SW_READY_SERVES);
}

static void on_no_budget(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	sw_ready_budget_is_known(arg);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	ask(arg);
}

/* The listeners may be looked at sooner than the database may be asked, and that may be enough. */
static bool is_seen_to_be_gone(struct sw_ready *ready)
{
	sw_ready_listeners(ready);
	return !somebody_listens(ready);
}

static void wait_for_answer(struct sw_ready *ready)
{
	sw_log_debug("service %s: is the database there? New connections wait for the answer",
		     sw_plan_service(ready->daemon->plan, ready->service)->name);
	ready->told(ready->arg, false, false);
}

void sw_ready_suspect(struct sw_ready *ready, bool hold)
{
	uint64_t now_ns = sw_clock_monotonic_ns();
	bool is_answer_near = ready->ping || now_ns - ready->asked_ns >= SW_READY_AGAIN_NS;

	if (!ready->can_ask || ready->was_down)
		return;
	hold &= ready->may_wait;
	/* For as long as an answer takes; nobody is to wait for the next question as well. */
	if (hold && is_answer_near)
		wait_for_answer(ready);
	if (hold && !is_answer_near && is_seen_to_be_gone(ready))
		sw_ready_conclude(ready, SW_READY_NOBODY_LISTENS);
	else
		ask_soon(ready);
}

void sw_ready_doubt(struct sw_ready *ready)
{
	if (!ready->can_ask || ready->was_down)
		return;
	if (ready->may_wait)
		wait_for_answer(ready);
	ready->is_outdated = ready->ping != NULL;
	ask_within(ready, DOUBT_AGAIN_NS);
}

void sw_ready_ask(struct sw_ready *ready)
{
	if (ready->was_down)
		return;
	ready->told(ready->arg, !ready->may_wait, false);
	if (ready->can_ask)
		ask_soon(ready);
}

bool sw_ready_ask_for_all(struct sw_ready *ready)
{
	ready->ends_pause = ready->can_ask && !ready->may_wait;
	if (!ready->ends_pause) {
		sw_ready_ask(ready);
		return false;
	}
	ready->told(ready->arg, false, false);
	if (!ready->was_down)
		ask_soon(ready);
	return true;
}

bool sw_ready_is_steady(const struct sw_ready *ready)
{
	return !ready->was_down && !ready->ping &&
	       sw_clock_monotonic_ns() - ready->served_ns > STEADY_NS;
}

enum sw_ready_state sw_ready_state(const struct sw_ready *ready)
{
	return ready->was_down ? ready->state : SW_READY_SERVES;
}

struct sw_ready *sw_ready_new(struct sw_daemon *daemon, uint32_t service,
			      void (*told)(void *arg, bool is_ready, bool was_down), void *arg)
{
	struct sw_ready *ready = calloc(1, sizeof(*ready));

	if (!ready)
		return NULL;
	ready->daemon = daemon;
	ready->service = service;
	ready->told = told;
	ready->arg = arg;
	ready->again = evtimer_new(daemon->base, on_again, ready);
	ready->no_budget = evtimer_new(daemon->base, on_no_budget, ready);
	if (ready->again && ready->no_budget)
		return ready;
	sw_ready_free(ready);
	return NULL;
}

void sw_ready_free(struct sw_ready *ready)
{
	if (!ready)
		return;
	sw_ready_end_question(ready);
	if (ready->again)
		event_free(ready->again);
	if (ready->no_budget)
		event_free(ready->no_budget);
	sw_listeners_free(&ready->listeners);
	free(ready->conninfo);
	free(ready);
}
