/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a waiting room is made of, for the files of daemon/room*.c only.
 */
#ifndef SW_DAEMON_ROOM_PARTS_H
#define SW_DAEMON_ROOM_PARTS_H

#include <event2/event.h>

#include "daemon/cancels.h"
#include "daemon/retells.h"
#include "daemon/room.h"
#include "kern/release.h"
#include "kern/ring.h"
#include "policy/endings.h"
#include "spillway/untold.h"

struct sw_room {
	struct sw_daemon *daemon;
	uint32_t service; /* id */
	struct sw_queue *queue;
	struct event *due; /* somebody has waited long enough, or the ramp lets the next in */
	struct sw_ready *ready;
	/* The ramp after a pause: one each so often, while the queue has whom it is for. */
	uint64_t ramp_interval_ns; /* 0: there is to be none */
	uint64_t ramp_next_ns;
	bool has_gone; /* more than were forgotten at the last look */
	bool resumes;  /* the pause ends when the database serves */
	/* room_lost.c: who was let in by the clock and not by a wakeup, which the next tick knows for sure. */
	uint64_t found;
	uint64_t untold;	   /* likewise, for sure by now */
	uint64_t found_ns;	   /* the last of them */
	uint64_t found_for_ns;	   /* what one of them got was free that long at most */
	uint64_t lost_for_ns;	   /* likewise, of those that were counted last; 0: none were */
	struct sw_endings endings; /* by heartbeats */
};

struct sw_rooms {
	struct sw_daemon *daemon;
	struct sw_ring *wakeups;
	struct sw_cancels *cancels;
	struct sw_retells *retells;
	struct event *readable;
	struct event *tick;
	unsigned int ticks;
	unsigned int turns_left; /* that this pass of the loop has for all rooms */
	/* room_lost.c: as it was at this tick */
	uint64_t untold_count;
	bool has_untold; /* since the tick before */
	uint8_t untold_of[SW_UNTOLD];
	struct sw_room *rooms[SW_SERVICES_MAX];
};

/* room_drain.c: what one callback of the loop may give out from here on; whoever is left has the next pass. */
void sw_rooms_begin_pass(struct sw_rooms *rooms);
/* Lets in whom there is room for; freed_ns: since when, 0: not known. */
void sw_room_drain(struct sw_room *room, uint64_t freed_ns);
/* What becomes of the waiter: kern/release.h. -errno, and nothing came of it. */
int sw_room_run(struct sw_room *room, enum sw_release_op op, const struct sw_waiter *waiter,
		uint64_t since_ns, struct sw_released *out);
/* It has had its turn, and did not get in for a reason of its own. */
void sw_room_pass_over(struct sw_room *room, const struct sw_waiter *waiter,
		       enum sw_queue_scope scope);

/* room_lost.c: at each tick, once for all; what the room's clock looks at. */
void sw_rooms_take_untold(struct sw_rooms *rooms);
void sw_room_look(struct sw_room *room, uint64_t now_ns);
/* It gets in, by the clock perhaps. */
void sw_room_note_found(struct sw_room *room, const struct sw_waiter *waiter);
/* A wakeup that was on its way when the clock found what it tells of. */
void sw_room_note_freed(struct sw_room *room, const struct sw_freed *freed);
/* What was found since the last tick, and no wakeup that was under way has told of since. False: nothing. */
bool sw_room_count_lost(struct sw_room *room);

/* room_end.c */
/* Sends on whoever has waited as long as he may. */
void sw_room_time_out(struct sw_room *room);
/* Forgets whose client has given up, of very many a part: the next tick goes on. */
void sw_room_forget_gone(struct sw_room *room);
/* Tells whoever is denied by now, and lets in whoever is allowed, wherever he stands. */
void sw_room_apply_rules(struct sw_room *room);
/* Its wait is over without its having got in. */
void sw_room_refuse(struct sw_room *room, const struct sw_waiter *waiter);
/* Nobody listens where it goes: it gets what its chain has besides. */
void sw_room_send_elsewhere(struct sw_room *room, const struct sw_waiter *waiter);
/* Its client has given up. False: the gate has heard of him since, and it stays. */
bool sw_room_abandon(struct sw_room *room, const struct sw_waiter *waiter, uint64_t now_ns);

/* room_unserved.c: nobody listens where the waiter wants to go. */
void sw_room_no_listener(struct sw_room *room, const struct sw_waiter *waiter, bool had_turn);

/* Sets the timer for what comes next. */
void sw_room_schedule(struct sw_room *room);

/* room_hold.c */
void sw_room_begin_ramp(struct sw_room *room);
void sw_room_take_hold(struct sw_room *room); /* as the maps have it, at the start */
void sw_room_tick_pause(struct sw_room *room, uint64_t now_ns);
void sw_room_set_ready(void *room, bool is_ready, bool was_down);

struct sw_service_state *sw_room_state(const struct sw_room *room);

#endif
