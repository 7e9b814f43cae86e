/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The running daemon: what its parts share. Made by daemon/run.c, passed to verbs and pages.
 */
#ifndef SW_DAEMON_DAEMON_H
#define SW_DAEMON_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include <event2/event.h>

#include "config/config.h"
#include "daemon/control.h"
#include "daemon/http.h"
#include "daemon/options.h"
#include "kern/attach.h"
#include "kern/load.h"
#include "policy/plan.h"
#include "policy/rules.h"

struct sw_events;
struct sw_page;
struct sw_monitors;
struct sw_rooms;
struct sw_takeover;

#define SW_ADMINS_MAX 64

struct sw_daemon {
	struct event_base *base;
	const struct sw_options *options;
	struct sw_config *config;     /* the running one, tuning included */
	struct sw_plan *plan;	      /* what the maps hold */
	struct sw_takeover *takeover; /* daemon/takeover.h; NULL once it has started */
	struct sw_rules rules;
	struct sw_kern *kern;
	const struct sw_maps *maps;
	struct sw_attachment attachments[SW_CONFIG_INTERFACES_MAX];
	size_t attachment_count;
	struct sw_control *control;
	uid_t admins[SW_ADMINS_MAX]; /* daemon/admins.h */
	size_t admin_count;
	struct sw_http *http;
	struct sw_events *events;     /* daemon/events.h; NULL before they are kept */
	struct sw_rooms *rooms;	      /* daemon/room.h; NULL before they are open */
	struct sw_monitors *monitors; /* daemon/monitor.h; NULL likewise */
	struct event *heartbeat;
	struct event *sweep;
	struct event *expiry; /* of rules */
	struct event *reconcile;
	struct event *secrets;
	uint64_t turned_away;	/* connections that full tables had no room for, when told */
	bool knows_turned_away; /* so far, by whichever daemon */
	/* When that, likewise of those inside, and that it is not known, was told last. */
	uint64_t full_told_ns;
	uint64_t uncounted_told_ns;
	uint64_t reconcile_failed_ns;
	uint64_t untold; /* what sw_links_count_untold() said last */
	struct event *sigterm, *sigint, *sighup;
	uint64_t started_ns;
	bool is_ready; /* the gate is where it should be: before, databases are asked and verbs answered */
	char *base_config; /* the file and the options as they were last read, in YAML */
	size_t told_services, told_interfaces; /* to the service manager: daemon/notify.h */
	struct sw_page *page;		       /* daemon/page.h; NULL before it is made */
	bool hand_over; /* leave everything in the kernel to the next daemon */
};

#endif
