/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One question to a database, and what its answer means: by budget.conninfo where there is one, and where that
 * leads nowhere, or to somebody who never answered, to whoever listens where direct connections go.
 */
#include "daemon/ready_parts.h"

#include <stdio.h>

#include "core/clock.h"
#include "core/log.h"
#include "daemon/read_service.h"
#include "db/ping.h"

/* A database that takes a connection and says nothing is not waited for any longer. */
#define PATIENCE_S 2
/* A way that led nowhere is not tried again for so long: its question may take all of that time. */
#define ASTRAY_NS (10 * SW_NS_PER_S)

void sw_ready_end_question(struct sw_ready *ready)
{
	if (ready->answer)
		event_free(ready->answer);
	ready->answer = NULL;
	sw_ping_free(ready->ping);
	ready->ping = NULL;
}

static void on_answer(evutil_socket_t fd, short what, void *arg);

/* For the ping's next step, in that state. */
static bool await(struct sw_ready *ready, enum sw_ping_state state)
{
	const struct timeval patience = {PATIENCE_S, 0};

	if (ready->answer)
		event_free(ready->answer);
	ready->answer = event_new(ready->daemon->base, sw_ping_fd(ready->ping),
				  state == SW_PING_READS ? EV_READ : EV_WRITE, on_answer, ready);
	return ready->answer && !event_add(ready->answer, &patience);
}

/*
 * By a place of its own where a client could miss the one that it takes, for a fixed budget may be all that the
 * database bears, too. While nobody comes or goes and half of the budget is free none will, within some
 * milliseconds; the other way leaves an error in the database's log.
 */
static bool is_to_spare(const struct sw_ready *ready)
{
	const struct sw_maps *maps = ready->daemon->maps;
	bool is_half_free = 2 * sw_read_service_direct(maps, ready->service) <
			    maps->service_conf[ready->service].budget;

	return !(ready->is_quiet && is_half_free);
}

/* The first step, too, waits: for the connection to be made. */
static bool begin(struct sw_ready *ready, const char *conninfo)
{
	char host[SW_ADDR_TEXT], port[8];
	enum sw_ping_state state;

	sw_addr_format(&ready->where.addr, host, sizeof(host));
	snprintf(port, sizeof(port), "%u", ready->where.port);
	ready->ping = sw_ping_start(conninfo, host, port, is_to_spare(ready));
	if (!ready->ping)
		return false;
	ready->is_by_conninfo = conninfo != NULL;
	/* A child may have answered already, and is to be heard as if it had taken its time. */
	state = conninfo ? SW_PING_READS : sw_ping_step(ready->ping);
	return (state == SW_PING_READS || state == SW_PING_WRITES) && await(ready, state);
}

/* Who listens and cannot be asked may serve: clients find out for themselves. */
static void ask_listener(struct sw_ready *ready)
{
	sw_ready_end_question(ready);
	if (!ready->where.port || !begin(ready, NULL))
		sw_ready_conclude(ready, SW_READY_SERVES);
}

/* Once for each time that it leads nowhere. */
static void complain(struct sw_ready *ready)
{
	if (!ready->astray_ns)
		sw_log_warn(
			"service %s: budget.conninfo cannot be used to ask whether the database "
			"serves: %s; %s",
			sw_plan_service(ready->daemon->plan, ready->service)->name,
			sw_ping_why(ready->ping),
			ready->where.port ? "who listens for the service is asked instead"
					  : "it is taken to serve");
	ready->astray_ns = sw_clock_monotonic_ns();
}

static enum sw_ready_state state_of(enum sw_ping_state state)
{
	if (state == SW_PING_SERVES)
		return SW_READY_SERVES;
	return state == SW_PING_REJECTS ? SW_READY_TURNS_AWAY : SW_READY_SILENT;
}

/* In a place of the operator's choice that has answered before, silence is an answer. */
static void conclude_by_conninfo(struct sw_ready *ready, enum sw_ping_state state)
{
	if (state == SW_PING_ASTRAY || (state == SW_PING_SILENT && !ready->answers)) {
		complain(ready);
		if (sw_ready_somebody_listens(ready))
			ask_listener(ready);
		else
			sw_ready_conclude(ready, SW_READY_NOBODY_LISTENS);
		return;
	}
	ready->astray_ns = 0;
	ready->answers = true;
	sw_ready_conclude(ready, state_of(state));
}

/* Who listens and says nothing may be asked in a wrong place. */
static void conclude(struct sw_ready *ready, enum sw_ping_state state)
{
	if (ready->is_by_conninfo)
		conclude_by_conninfo(ready, state);
	else if (state != SW_PING_SILENT)
		sw_ready_conclude(ready, state_of(state));
	else
		sw_ready_conclude(ready, sw_ready_somebody_listens(ready)
						 ? SW_READY_SERVES
						 : SW_READY_NOBODY_LISTENS);
}

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
	struct sw_ready *ready = arg;
	enum sw_ping_state state;

	(void)fd;
	state = what & EV_TIMEOUT ? sw_ping_give_up(ready->ping) : sw_ping_step(ready->ping);
	if ((state == SW_PING_READS || state == SW_PING_WRITES) && await(ready, state))
		return;
	conclude(ready, state);
}

static bool is_astray(const struct sw_ready *ready)
{
	return ready->astray_ns && sw_clock_monotonic_ns() - ready->astray_ns < ASTRAY_NS;
}

void sw_ready_question(struct sw_ready *ready)
{
	if (!sw_ready_somebody_listens(ready))
		sw_ready_conclude(ready, SW_READY_NOBODY_LISTENS);
	else if (!ready->is_postgres)
		sw_ready_conclude(ready, SW_READY_SERVES);
	else if (!ready->conninfo || is_astray(ready) || !begin(ready, ready->conninfo))
		ask_listener(ready);
}
