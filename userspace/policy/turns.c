/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A binary heap (Williams 1964) whose elements know their places.
 */
#include "policy/turns.h"

#include <stdlib.h>

void sw_turns_clear(struct sw_turns *turns)
{
	free(turns->heap);
	*turns = (struct sw_turns){0};
}

static void put(struct sw_turns *turns, size_t place, struct sw_turn_source *source)
{
	turns->heap[place] = source;
	source->place = place;
}

static void rise(struct sw_turns *turns, struct sw_turn_source *source)
{
	size_t place = source->place;

	while (place && turns->heap[(place - 1) / 2]->turn > source->turn) {
		put(turns, place, turns->heap[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	put(turns, place, source);
}

static void sink(struct sw_turns *turns, struct sw_turn_source *source)
{
	size_t place = source->place, child;

	while ((child = 2 * place + 1) < turns->count) {
		if (child + 1 < turns->count &&
		    turns->heap[child + 1]->turn < turns->heap[child]->turn)
			child++;
		if (turns->heap[child]->turn >= source->turn)
			break;
		put(turns, place, turns->heap[child]);
		place = child;
	}
	put(turns, place, source);
}

bool sw_turns_reserve(struct sw_turns *turns, size_t count)
{
	size_t room = turns->room ? turns->room : 16;
	struct sw_turn_source **heap;

	if (count <= turns->room)
		return true;
	while (room < count)
		room *= 2;
	heap = reallocarray(turns->heap, room, sizeof(struct sw_turn_source *));
	if (!heap)
		return false;
	turns->heap = heap;
	turns->room = room;
	return true;
}

void sw_turns_add(struct sw_turns *turns, struct sw_turn_source *source)
{
	put(turns, turns->count++, source);
	rise(turns, source);
}

void sw_turns_moved(struct sw_turns *turns, struct sw_turn_source *source)
{
	rise(turns, source);
	sink(turns, source);
}

void sw_turns_remove(struct sw_turns *turns, struct sw_turn_source *source)
{
	struct sw_turn_source *last = turns->heap[--turns->count];

	if (last != source) {
		put(turns, source->place, last);
		sw_turns_moved(turns, last);
	}
	source->place = SW_TURNS_NONE;
}

struct sw_turn_source *sw_turns_first(const struct sw_turns *turns)
{
	return turns->count ? turns->heap[0] : NULL;
}
