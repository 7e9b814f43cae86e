/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What knows of a database, for the files of daemon/ready*.c only.
 */
#ifndef SW_DAEMON_READY_PARTS_H
#define SW_DAEMON_READY_PARTS_H

#include <event2/event.h>

#include "core/addr.h"
#include "core/clock.h"
#include "daemon/ready.h"

/* Between two questions: each costs the database a fork. */
#define SW_READY_AGAIN_NS (200 * SW_NS_PER_MS)

struct sw_ready {
	struct sw_daemon *daemon;
	uint32_t service;
	bool is_postgres;
	bool is_counted; /* its budget is what max_connections leaves, to the last place */
	bool can_ask;	 /* some may go to the database, or a conninfo says where it is */
	bool may_wait; /* and some chain has a queue; else it is only known, and keeps nobody waiting */
	bool is_quiet;	  /* it is asked although nobody comes or goes */
	bool is_outdated; /* the question under way was put before there was more reason to */
	bool ends_pause;  /* all wait for the answer, whatever their chain */
	char *conninfo;	  /* NULL: where direct connections go */
	void (*told)(void *arg, bool is_ready, bool was_down);
	void *arg;
	struct sw_ping *ping; /* under way */
	struct event *answer;
	struct event *again;
	uint64_t asked_ns;
	struct sw_listeners listeners; /* as they were then */
	uint64_t looked_ns;
	bool may_look;		   /* the kernel told */
	uint64_t ended;		   /* connections that had ended when it was asked last */
	uint64_t served_ns;	   /* when it was found to serve again */
	bool is_here;		   /* else nothing goes direct, and its listeners may be anywhere */
	bool was_down;		   /* found so since it served last */
	enum sw_ready_state state; /* and how, by the last answer */
	bool awaits_budget; /* it serves again, and what it has room for now is not known yet */
	struct event *no_budget; /* that is not waited for any longer */
	bool answers;		 /* by that conninfo it has answered once */
	/* The question under way, or the last. */
	struct sw_endpoint
		where; /* who listens where direct connections go; port 0: nobody knows */
	bool is_by_conninfo;
	uint64_t
		astray_ns; /* when that conninfo led nowhere last; 0: it has answered since, if asked */
};

/* That is known now: ends the question, tells, and has it asked again while it does not serve. */
void sw_ready_conclude(struct sw_ready *ready, enum sw_ready_state state);
/* At this moment. */
bool sw_ready_somebody_listens(struct sw_ready *ready);

/* ready_ask.c: asks, and concludes at once or later. */
void sw_ready_question(struct sw_ready *ready);
void sw_ready_end_question(struct sw_ready *ready);

#endif
