/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is to come in a replay: a heap by time. At one time what frees something comes first.
 */
#include <errno.h>
#include <stdlib.h>

#include "policy/replay_parts.h"

static bool is_before(const struct sw_replay_due *a, const struct sw_replay_due *b)
{
	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns;
	return a->what != b->what ? a->what < b->what : a->index < b->index;
}

static void swap(struct sw_replay_due *a, struct sw_replay_due *b)
{
	struct sw_replay_due was = *a;

	*a = *b;
	*b = was;
}

int sw_replay_agenda_add(struct sw_replay_agenda *agenda, uint64_t at_ns, enum sw_replay_what what,
			 size_t index)
{
	size_t at = agenda->count;

	if (agenda->count == agenda->room) {
		size_t room = agenda->room ? 2 * agenda->room : 1024;
		struct sw_replay_due *heap = reallocarray(agenda->heap, room, sizeof(*heap));

		if (!heap)
			return -ENOMEM;
		agenda->heap = heap;
		agenda->room = room;
	}
	agenda->heap[agenda->count++] = (struct sw_replay_due){at_ns, (uint32_t)index, what};
	for (; at && is_before(&agenda->heap[at], &agenda->heap[(at - 1) / 2]); at = (at - 1) / 2)
		swap(&agenda->heap[at], &agenda->heap[(at - 1) / 2]);
	return 0;
}

bool sw_replay_agenda_peek(const struct sw_replay_agenda *agenda, struct sw_replay_due *out)
{
	if (agenda->count)
		*out = agenda->heap[0];
	return agenda->count != 0;
}

void sw_replay_agenda_drop(struct sw_replay_agenda *agenda)
{
	size_t at = 0;

	agenda->heap[0] = agenda->heap[--agenda->count];
	while (2 * at + 1 < agenda->count) {
		size_t child = 2 * at + 1;

		if (child + 1 < agenda->count &&
		    is_before(&agenda->heap[child + 1], &agenda->heap[child]))
			child++;
		if (!is_before(&agenda->heap[child], &agenda->heap[at]))
			break;
		swap(&agenda->heap[child], &agenda->heap[at]);
		at = child;
	}
}
