/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A binary heap (Williams 1964) whose elements know their places.
 */
#include "policy/turns.h"

#include <stdlib.h>

#include "policy/queue_source.h"

void sw_turns_clear(struct sw_turns *turns)
{
	free(turns->heap);
	*turns = (struct sw_turns){0};
}

static void put(struct sw_turns *turns, uint32_t place, struct sw_turn_source *source)
{
	turns->heap[place] = source->id;
	source->place = place;
}

static struct sw_turn_source *at(const struct sw_turns *turns, const struct sw_queue_sources *all,
				 uint32_t place)
{
	return sw_queue_source_at(all, turns->heap[place]);
}

static void rise(struct sw_turns *turns, const struct sw_queue_sources *all,
		 struct sw_turn_source *source)
{
	uint32_t place = source->place;

	while (place) {
		struct sw_turn_source *above = at(turns, all, (place - 1) / 2);

		if (above->turn <= source->turn)
			break;
		put(turns, place, above);
		place = (place - 1) / 2;
	}
	put(turns, place, source);
}

static void sink(struct sw_turns *turns, const struct sw_queue_sources *all,
		 struct sw_turn_source *source)
{
	uint32_t place = source->place, child;

	while ((child = 2 * place + 1) < turns->count) {
		struct sw_turn_source *below = at(turns, all, child);

		if (child + 1 < turns->count && at(turns, all, child + 1)->turn < below->turn)
			below = at(turns, all, ++child);
		if (below->turn >= source->turn)
			break;
		put(turns, place, below);
		place = child;
	}
	put(turns, place, source);
}

bool sw_turns_reserve(struct sw_turns *turns, uint32_t count)
{
	uint32_t room = turns->room ? turns->room : 16;
	uint32_t *heap;

	if (count <= turns->room)
		return true;
	while (room < count)
		room *= 2;
	heap = reallocarray(turns->heap, room, sizeof(*heap));
	if (!heap)
		return false;
	turns->heap = heap;
	turns->room = room;
	return true;
}

void sw_turns_add(struct sw_turns *turns, const struct sw_queue_sources *all,
		  struct sw_turn_source *source)
{
	put(turns, turns->count++, source);
	rise(turns, all, source);
}

void sw_turns_moved(struct sw_turns *turns, const struct sw_queue_sources *all,
		    struct sw_turn_source *source)
{
	rise(turns, all, source);
	sink(turns, all, source);
}

void sw_turns_remove(struct sw_turns *turns, const struct sw_queue_sources *all,
		     struct sw_turn_source *source)
{
	struct sw_turn_source *last = at(turns, all, --turns->count);

	if (last != source) {
		put(turns, source->place, last);
		sw_turns_moved(turns, all, last);
	}
	source->place = SW_TURNS_NONE;
}

struct sw_turn_source *sw_turns_first(const struct sw_turns *turns,
				      const struct sw_queue_sources *all)
{
	return turns->count ? at(turns, all, 0) : NULL;
}
