/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lost wakeups: what the clock looks at, and what it found. Whose wakeup the ring buffer had no room for the gate's
 * programs say (spillway/untold.h), so he is found at the next tick among however many; a look at all that wait
 * for their own sources takes longer where they are thousands, and is there for what nobody knows of.
 */
#include "core/clock.h"
#include "daemon/room_parts.h"
#include "kern/steps.h"

/* More than lies between a slot's release and the time that its wakeup says. */
#define UNDER_WAY_NS SW_NS_PER_MS

void sw_rooms_take_untold(struct sw_rooms *rooms)
{
	const struct sw_maps *maps = rooms->daemon->maps;
	uint64_t count = __atomic_load_n(maps->untold_count, __ATOMIC_SEQ_CST);

	rooms->has_untold = count != rooms->untold_count;
	rooms->untold_count = count;
	for (size_t i = 0; rooms->has_untold && i < SW_UNTOLD; i++)
		rooms->untold_of[i] = __atomic_exchange_n(&maps->untold_of[i], 0, __ATOMIC_SEQ_CST);
}

static bool is_untold(const void *arg, const struct sw_in6 *source)
{
	const struct sw_room *room = arg;
	const struct sw_source_key key = {.service = room->service, .address = *source};

	return room->daemon->rooms->untold_of[sw_untold_place(&key)];
}

void sw_room_look(struct sw_room *room, uint64_t now_ns)
{
	sw_queue_rejoin_some(room->queue, now_ns,
			     room->daemon->rooms->has_untold ? is_untold : NULL, room);
}

void sw_room_note_found(struct sw_room *room, const struct sw_waiter *waiter)
{
	uint64_t since_ns, for_ns;
	enum sw_queue_found what = sw_queue_found(room->queue, waiter, &since_ns);

	if (what == SW_QUEUE_NOT_FOUND)
		return;
	room->found += what == SW_QUEUE_FOUND;
	room->untold += what == SW_QUEUE_UNTOLD;
	room->found_ns = sw_clock_monotonic_ns(); /* what it got was free before */
	for_ns = room->found_ns - since_ns;
	room->found_for_ns = room->found_for_ns > for_ns ? room->found_for_ns : for_ns;
}

void sw_room_note_freed(struct sw_room *room, const struct sw_freed *freed)
{
	if (room->found && freed->kind == SW_WAKEUP_FREED &&
	    freed->at_ns < room->found_ns + UNDER_WAY_NS)
		room->found--;
}

bool sw_room_count_lost(struct sw_room *room)
{
	uint64_t lost = room->found + room->untold;

	if (lost) {
		sw_kern_count(room->daemon->kern, room->service, SW_COUNTER_WAKEUPS_LOST, lost);
		room->lost_for_ns = room->found_for_ns;
	}
	room->found = room->untold = room->found_for_ns = 0;
	return lost;
}

uint64_t sw_room_lost_for_ns(const struct sw_room *room)
{
	return room->lost_for_ns;
}
