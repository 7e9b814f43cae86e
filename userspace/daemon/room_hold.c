/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Times in which nobody is let in: pauses, and databases that do not serve; and the ramp after them.
 */
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "daemon/notes.h"
#include "daemon/read_service.h"
#include "daemon/room_parts.h"

static const char *name_of(const struct sw_room *room)
{
	return sw_plan_service(room->daemon->plan, room->service)->name;
}

/* Written by the daemon alone, read by the gate. */
static void set_hold(struct sw_room *room, uint64_t bit, bool is_set)
{
	struct sw_service_state *state = sw_room_state(room);
	uint64_t hold = is_set ? state->hold | bit : state->hold & ~bit;

	__atomic_store_n(&state->hold, hold, __ATOMIC_SEQ_CST);
	sw_queue_hold(room->queue, hold != 0);
}

static void let_in_again(struct sw_room *room)
{
	sw_queue_rejoin_all(room->queue);
	sw_room_drain(room, 0);
}

void sw_room_begin_ramp(struct sw_room *room)
{
	uint64_t now_ns = sw_clock_monotonic_ns();

	room->ramp_next_ns = now_ns;
	sw_room_state(room)->ramp_began_ns = now_ns;
	sw_queue_begin_ramp(room->queue, now_ns);
}

void sw_room_pause(struct sw_room *room, uint64_t for_ns)
{
	room->resumes = false;
	sw_room_state(room)->paused_until_ns = for_ns ? sw_clock_monotonic_ns() + for_ns : 0;
	set_hold(room, SW_HOLD_PAUSED, true);
	sw_notes_save(room->daemon);
}

static void end_pause(struct sw_room *room)
{
	room->resumes = false;
	sw_room_state(room)->paused_until_ns = 0;
	set_hold(room, SW_HOLD_PAUSED, false);
	sw_notes_save(room->daemon);
	let_in_again(room);
}

void sw_room_resume(struct sw_room *room)
{
	if (!sw_room_is_paused(room))
		return;
	sw_room_begin_ramp(room);
	/* It may have been restarted meanwhile, and not be done with that. */
	if (!sw_ready_ask_for_all(room->ready)) {
		end_pause(room);
		return;
	}
	/* A daemon that takes over goes on with that. */
	room->resumes = true;
	sw_room_state(room)->paused_until_ns = sw_clock_monotonic_ns();
	sw_notes_save(room->daemon);
}

bool sw_room_is_paused(const struct sw_room *room)
{
	return sw_room_state(room)->hold & SW_HOLD_PAUSED;
}

bool sw_room_resumes(const struct sw_room *room)
{
	return room->resumes;
}

uint64_t sw_room_paused_until_ns(const struct sw_room *room)
{
	return sw_room_state(room)->paused_until_ns;
}

bool sw_room_is_ready(const struct sw_room *room)
{
	return !(sw_room_state(room)->hold & SW_HOLD_NOT_READY);
}

enum sw_ready_state sw_room_database_state(const struct sw_room *room)
{
	return sw_ready_state(room->ready);
}

void sw_room_tick_pause(struct sw_room *room, uint64_t now_ns)
{
	uint64_t until_ns = sw_room_paused_until_ns(room);

	if (!sw_room_is_paused(room) || room->resumes || !until_ns || now_ns < until_ns)
		return;
	sw_log_info("service %s: the pause is over", name_of(room));
	sw_room_resume(room);
}

/* A pause outlives the daemon that was told of it, and so does a ramp; whether the database serves is asked anew. */
void sw_room_take_hold(struct sw_room *room)
{
	sw_queue_hold(room->queue, sw_room_state(room)->hold != 0);
	sw_queue_begin_ramp(room->queue, sw_room_state(room)->ramp_began_ns);
	sw_ready_ask(room->ready);
	if (sw_room_is_paused(room))
		sw_log_info("service %s is paused, as it was", name_of(room));
}

void sw_room_set_ready(void *arg, bool is_ready, bool was_down)
{
	struct sw_room *room = arg;

	if (is_ready == sw_room_is_ready(room))
		return;
	if (is_ready && was_down)
		sw_room_begin_ramp(room);
	set_hold(room, SW_HOLD_NOT_READY, !is_ready);
	if (is_ready && room->resumes)
		end_pause(room);
	else if (is_ready)
		let_in_again(room);
}

void sw_room_doubt_database(struct sw_room *room)
{
	sw_ready_doubt(room->ready);
}

void sw_room_budget_is_known(struct sw_room *room)
{
	sw_ready_budget_is_known(room->ready);
}

/* What a database's end looks like, before it says so. Each freed slot may have been taken again at once. */
void sw_rooms_watch(struct sw_daemon *daemon)
{
	for (uint32_t id = 0; daemon->rooms && id < SW_SERVICES_MAX; id++) {
		struct sw_room *room = daemon->rooms->rooms[id];

		if (!room ||
		    !sw_endings_look(&room->endings, sw_read_service_ended(daemon->maps, id),
				     sw_read_service_direct(daemon->maps, id) +
					     sw_read_service_pooler(daemon->maps, id)))
			continue;
		sw_log_debug("service %s: most of its connections ended at once", name_of(room));
		sw_ready_doubt(room->ready);
	}
}
