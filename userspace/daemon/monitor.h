/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the databases say: one kept connection to that of each service whose budget is not fixed. It is asked
 * every second (every quarter of one where the budget is adaptive) how many connections it may have and which it has, and the service's budget follows. Used by
 * run, change and the verbs; what a monitor is made of is in daemon/monitor_parts.h.
 */
#ifndef SW_DAEMON_MONITOR_H
#define SW_DAEMON_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "daemon/daemon.h"
#include "db/facts.h"
#include "policy/adaptive.h"
#include "policy/budget.h"

/* What is known of one database. */
struct sw_monitor_view {
	bool is_up;	   /* it answered when it was asked last */
	bool has_answered; /* ever; else only `error` says something */
	bool is_budget;	   /* the budget follows what it says */
	bool is_adaptive; /* and how well it works: within these rules, of which the terms are the ceiling */
	struct sw_budget_terms terms;
	struct sw_adaptive_rules rules;
	struct sw_adaptive adaptive;
	uint32_t states[SW_BACKEND_STATES]; /* of backends out of max_connections */
	uint32_t backends;		    /* their sum */
	uint32_t walsenders;
	uint64_t server_started_us; /* by which two services find that their database is the same */
	uint64_t took_ns;	    /* from question to answer */
	const char *error;	    /* why it does not answer, "" if it does */
};

int sw_monitors_start(struct sw_daemon *daemon, struct sw_error *err);
void sw_monitors_stop(struct sw_daemon *daemon);

/* After a change of configuration: services that came and went, other conninfo, headroom, bound. */
void sw_monitors_configure(struct sw_daemon *daemon);

/*
 * At the start, while nothing is attached yet: runs the event loop until each has answered or failed once, or
 * two seconds have passed. Without a budget nobody would go direct.
 */
void sw_monitors_settle(struct sw_daemon *daemon);

/*
 * Asks at once: there is reason to think that the database is back. Whatever becomes of that question the service's
 * room hears of it (sw_room_budget_is_known()). False: nobody asks that database.
 */
bool sw_monitor_hurry(struct sw_daemon *daemon, uint32_t service);
/* All of them: those inside are counted now. */
void sw_monitors_hurry(struct sw_daemon *daemon);

/* Two services whose databases are one. */
bool sw_monitor_shares(const struct sw_daemon *daemon, uint32_t service, uint32_t other);

/* NULL: that service's database is not asked. */
const struct sw_monitor_view *sw_monitor_view(const struct sw_daemon *daemon, uint32_t service);

#endif
