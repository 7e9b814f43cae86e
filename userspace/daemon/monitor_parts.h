/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a monitor is made of, for the files of daemon/monitor*.c only.
 */
#ifndef SW_DAEMON_MONITOR_PARTS_H
#define SW_DAEMON_MONITOR_PARTS_H

#include <event2/event.h>

#include "core/once.h"
#include "daemon/backends.h"
#include "daemon/monitor.h"
#include "db/session.h"

struct sw_monitor {
	struct sw_daemon *daemon;
	uint32_t service; /* id */
	char *conninfo;
	struct sw_session *session; /* NULL: it waits before it tries again */
	struct event *io;	    /* the session's descriptor */
	struct event *clock;	    /* too late an answer; the next question; the next try */
	bool is_idle;		    /* connected, and not asked anything */
	bool is_asked;		    /* connected, and has not answered yet */
	bool is_hurried; /* and is to be asked again as soon as it has answered, or failed to */
	bool has_failed;
	unsigned int failures; /* in a row */
	uint64_t asked_ns;
	char *why;	     /* the last failure, NULL while all is well */
	struct sw_once told; /* the failures that were logged since it was well */
	struct sw_backends seen;
	struct sw_budget_recent recent;
	char *eviction;	  /* the question that ends some sessions; NULL: nobody's is to be ended */
	bool is_evicting; /* it has been put */
	double evict_credit; /* how many may be ended now, by evict_rate */
	uint64_t evict_credit_ns;
	bool is_told_of_signal;
	unsigned int cuts_told; /* since it grew last, a bit for each signal that cut it */
	struct sw_monitor_view view;
};

struct sw_monitors {
	struct sw_monitor *monitors[SW_SERVICES_MAX];
};

/* monitor.c; NULL: no memory. */
struct sw_monitor *sw_monitor_open(struct sw_daemon *daemon, uint32_t service,
				   const char *conninfo);
void sw_monitor_close(struct sw_monitor *monitor); /* NULL is fine */
/* Asks at once, anew where that is under way. */
void sw_monitor_try(struct sw_monitor *monitor);

/* monitor_told.c: what is the matter, logged once until it answers; and that it does. */
void sw_monitor_tell_failure(struct sw_monitor *monitor, const char *why);
void sw_monitor_tell_answer(struct sw_monitor *monitor);
void sw_monitor_tell_free(struct sw_monitor *monitor);

/* monitor_budget.c: takes an answer in. 0, or -errno with err: what the role may not see, for one. */
int sw_monitor_digest(struct sw_monitor *monitor, const struct sw_facts *facts,
		      struct sw_error *err);
/* The budget as the terms and the configuration have it now. */
void sw_monitor_set_budget(struct sw_monitor *monitor);
/* It cannot be asked; without any answer so far the bound has to do. */
void sw_monitor_set_bound(struct sw_monitor *monitor);

/*
 * monitor_adapt.c, where the mode is adaptive: the budget within what the terms and the configuration allow now;
 * and a step of it, by what the database and the gate say.
 */
uint32_t sw_monitor_adapted(struct sw_monitor *monitor, const struct sw_config_service *config);
void sw_monitor_adapt(struct sw_monitor *monitor, const struct sw_config_service *config,
		      const struct sw_facts *facts, const struct sw_backend_place *places);

/* monitor_share.c: how much of what the database has room for is for the other services there. */
uint32_t sw_monitor_neighbours(const struct sw_monitor *monitor);

/*
 * monitor_evict.c: if somebody waits and no slot is free, whose sessions are to end for that: idle ones that
 * came through the gate, the longest idle first. Leaves the question in `eviction`.
 */
void sw_monitor_choose_idle(struct sw_monitor *monitor, const struct sw_config_service *config,
			    const struct sw_facts *facts, const struct sw_backend_place *places);
/* Takes in what became of it. */
void sw_monitor_evicted(struct sw_monitor *monitor);

#endif
