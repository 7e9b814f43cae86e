/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a monitor is made of, for the files of daemon/monitor*.c only.
 */
#ifndef SW_DAEMON_MONITOR_PARTS_H
#define SW_DAEMON_MONITOR_PARTS_H

#include <event2/event.h>

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
	bool has_failed;
	unsigned int failures; /* in a row */
	uint64_t asked_ns;
	char *told; /* the last failure that was logged, NULL while all is well */
	struct sw_backends seen;
	struct sw_monitor_view view;
};

struct sw_monitors {
	struct sw_monitor *monitors[SW_SERVICES_MAX];
};

/* monitor_budget.c: takes an answer in. 0, or -errno with err: what the role may not see, for one. */
int sw_monitor_digest(struct sw_monitor *monitor, const struct sw_facts *facts,
		      struct sw_error *err);
/* The budget as the terms and the configuration have it now. */
void sw_monitor_set_budget(struct sw_monitor *monitor);
/* It cannot be asked; without any answer so far the bound has to do. */
void sw_monitor_set_bound(struct sw_monitor *monitor);

#endif
