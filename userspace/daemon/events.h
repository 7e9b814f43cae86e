/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last things that happened to connections, for `spillway events`: what the gate decided, how waits ended, and
 * which sessions were ended for those who wait. And apart from these, with numbers of their own, which connections
 * ended, for `spillway record`. Kept in memory of a fixed size; the newest put out the oldest.
 */
#ifndef SW_DAEMON_EVENTS_H
#define SW_DAEMON_EVENTS_H

#include <stdint.h>

#include "core/error.h"
#include "daemon/daemon.h"
#include "kern/release.h"
#include "spillway/decision.h"

/* At the highest rate that is told, of the gate and the daemon together, more than a second and a half. */
#define SW_EVENTS_KEPT 16384
/* Of those that are few, and that a storm is not to put out: sessions that were ended. */
#define SW_EVENTS_RARE 1024
#define SW_EVENTS_ENDS 16384

enum sw_event_kind {
	SW_EVENT_DECISION,
	SW_EVENT_WAIT_ENDED,
	SW_EVENT_EVICTED,
	SW_EVENT_ENDED, /* among the ends only */
};

struct sw_event {
	uint64_t number;
	struct sw_decision what; /* its times are the kernel's clock's; of an eviction only who */
	uint64_t at_ns;		 /* since the epoch */
	uint64_t took_ns;	 /* how long it had waited, was idle, or was open (0: never) */
	enum sw_event_kind kind;
	enum sw_wait_outcome outcome; /* SW_EVENT_WAIT_ENDED */
};

int sw_events_start(struct sw_daemon *daemon, struct sw_error *err);
void sw_events_stop(struct sw_daemon *daemon);

/* All are numbered, from 0 on: the next one's number. What the gate has told by now has one. */
uint64_t sw_events_next(const struct sw_daemon *daemon);
/* The first with that number or a higher one that is kept; NULL: there is none. Valid until another one comes. */
const struct sw_event *sw_events_from(const struct sw_daemon *daemon, uint64_t number);
/* How many from that number on are kept no more. */
uint64_t sw_events_missed(const struct sw_daemon *daemon, uint64_t number);

/* Likewise of the ends. */
uint64_t sw_ends_next(const struct sw_daemon *daemon);
const struct sw_event *sw_ends_from(const struct sw_daemon *daemon, uint64_t number);
uint64_t sw_ends_missed(const struct sw_daemon *daemon, uint64_t number);

/* A wait is over: flow, and what came of it. syn_ns: when its first SYN came. */
void sw_events_wait_ended(struct sw_daemon *daemon, uint32_t service, uint32_t class_id,
			  const struct sw_flow_key *flow, enum sw_wait_outcome outcome,
			  const struct sw_released *released, uint64_t syn_ns);

/* A session was ended; the client as text, as the database writes it. */
void sw_events_evicted(struct sw_daemon *daemon, uint32_t service, uint32_t class_id,
		       const char *client, const char *port, double idle_s);

#endif
