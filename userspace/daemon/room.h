/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The waiting rooms, one of each service: what the gate parks comes in here and is let in by turn. Used by
 * run, change and the verbs; what a room is made of is in daemon/room_parts.h.
 */
#ifndef SW_DAEMON_ROOM_H
#define SW_DAEMON_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "daemon/daemon.h"
#include "daemon/ready.h"
#include "policy/queue.h"

struct sw_rooms;
struct sw_room;

/* Begins to listen to the gate; waiters of a daemon before this one come by their next SYN. */
int sw_rooms_start(struct sw_daemon *daemon, struct sw_error *err);
void sw_rooms_stop(struct sw_daemon *daemon);

/* After a change of configuration: rooms of services that came and went, orders, weights; room may be. */
void sw_rooms_configure(struct sw_daemon *daemon);

/* NULL: the rooms are not open yet, or there is no such service. */
struct sw_room *sw_room_of(const struct sw_daemon *daemon, uint32_t service);
const struct sw_queue *sw_room_queue(const struct sw_room *room);

/*
 * Nobody is let in from now on, those inside stay; for_ns 0: until somebody resumes. From then on all are let in
 * at queue.resume_rate, until those are in that waited by then.
 */
void sw_room_pause(struct sw_room *room, uint64_t for_ns);
void sw_room_resume(struct sw_room *room);
bool sw_room_is_paused(const struct sw_room *room);
/* The pause is over as soon as the database serves. */
bool sw_room_resumes(const struct sw_room *room);
/* Until when, by the kernel's clock; 0: until somebody resumes. */
uint64_t sw_room_paused_until_ns(const struct sw_room *room);
/* False while the database says, or is taken to say, that it does not serve. */
bool sw_room_is_ready(const struct sw_room *room);
/* From a question that found it so to one that finds otherwise. */
enum sw_ready_state sw_room_database_state(const struct sw_room *room);
/* Somebody lost his connection to it: nobody is let in until it has answered. */
void sw_room_doubt_database(struct sw_room *room);

/* The database's monitor has heard, or failed to hear, what it has room for now. */
void sw_room_budget_is_known(struct sw_room *room);

/* How long at most the slot of the last lost wakeup was free; 0: none was lost. */
uint64_t sw_room_lost_for_ns(const struct sw_room *room);

/* There is more room than there was, and no wakeup tells of it. */
void sw_room_let_in(struct sw_room *room);

/* Called by the heartbeat: whether so many left at once that the database may have gone. */
void sw_rooms_watch(struct sw_daemon *daemon);

#endif
