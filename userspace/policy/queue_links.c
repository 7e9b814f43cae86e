/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lists that each waiter is in: of its class by age, and of its source in the order in which they are served.
 * Nearly all come at the end. Only after a restart of the daemon do they come in any order, by their next
 * SYNs, and then there may be thousands of them: they find their places from `fingers`, waiters here and there
 * in the list, one for so many steps that were walked too far.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/queue_parts.h"

#define STEPS_A_FINGER 64

static struct sw_queue_class *class_of(const struct sw_queue *queue, const struct sw_waiter *waiter)
{
	return sw_queue_class_find(queue,
				   sw_queue_source_at(&queue->sources, waiter->source)->class_id);
}

/* Handles are links; who is asked by pointer has one in a neighbour, or is the oldest. */
sw_handle sw_queue_handle_of(const struct sw_queue *queue, const struct sw_waiter *waiter)
{
	return waiter->older == SW_NOBODY ? class_of(queue, waiter)->oldest
					  : sw_store_at(queue->store, waiter->older)->newer;
}

/* The first of the fingers, which are sorted, that is as young as that or younger; their count: none is. */
static size_t finger_from(const struct sw_queue *queue, const struct sw_queue_class *class,
			  uint64_t syn_ns)
{
	size_t from = 0, to = class->finger_count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (sw_store_at(queue->store, class->fingers[middle])->syn_ns < syn_ns)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* Without memory for it walks stay long. */
static void add_finger(struct sw_queue *queue, struct sw_queue_class *class, sw_handle handle,
		       struct sw_waiter *waiter)
{
	size_t at = finger_from(queue, class, waiter->syn_ns);

	if (class->finger_count == class->finger_room) {
		uint32_t room = class->finger_room ? 2 * class->finger_room : 64;
		sw_handle *fingers = reallocarray(class->fingers, room, sizeof(*fingers));

		if (!fingers)
			return;
		class->fingers = fingers;
		class->finger_room = room;
	}
	memmove(&class->fingers[at + 1], &class->fingers[at],
		(class->finger_count++ - at) * sizeof(*class->fingers));
	class->fingers[at] = handle;
	waiter->is_finger = true;
}

static void drop_finger(struct sw_queue *queue, struct sw_queue_class *class, sw_handle handle,
			const struct sw_waiter *waiter)
{
	size_t at = finger_from(queue, class, waiter->syn_ns);

	while (class->fingers[at] != handle)
		at++;
	memmove(&class->fingers[at], &class->fingers[at + 1],
		(--class->finger_count - at) * sizeof(*class->fingers));
	if (class->finger_count)
		return;
	free(class->fingers);
	class->fingers = NULL;
	class->finger_room = 0;
}

/* Who is no older than that, as near as is known without a walk. SW_NOBODY: all are. */
static sw_handle begin_from(const struct sw_queue *queue, const struct sw_queue_class *class,
			    uint64_t syn_ns)
{
	size_t finger;

	if (class->newest == SW_NOBODY ||
	    sw_store_at(queue->store, class->newest)->syn_ns <= syn_ns)
		return SW_NOBODY;
	finger = finger_from(queue, class, syn_ns + 1);
	return finger < class->finger_count ? class->fingers[finger] : class->newest;
}

static void link_by_age(struct sw_queue *queue, struct sw_queue_class *class, sw_handle handle,
			struct sw_waiter *waiter)
{
	sw_handle newer = begin_from(queue, class, waiter->syn_ns);
	sw_handle older =
		newer == SW_NOBODY ? class->newest : sw_store_at(queue->store, newer)->older;
	size_t steps = 0;

	while (newer != SW_NOBODY && older != SW_NOBODY &&
	       sw_store_at(queue->store, older)->syn_ns > waiter->syn_ns) {
		newer = older;
		older = sw_store_at(queue->store, older)->older;
		steps++;
	}
	waiter->older = older;
	waiter->newer = newer;
	*(older == SW_NOBODY ? &class->oldest : &sw_store_at(queue->store, older)->newer) = handle;
	*(newer == SW_NOBODY ? &class->newest : &sw_store_at(queue->store, newer)->older) = handle;
	if (steps > STEPS_A_FINGER)
		add_finger(queue, class, handle, waiter);
}

static void put_by_source(struct sw_queue *queue, sw_handle handle, struct sw_turn_source *source,
			  sw_handle before, sw_handle after)
{
	struct sw_waiter *waiter = sw_store_at(queue->store, handle);

	waiter->before = before;
	waiter->after = after;
	*(before == SW_NOBODY ? &source->first : &sw_store_at(queue->store, before)->after) =
		handle;
	*(after == SW_NOBODY ? &source->last : &sw_store_at(queue->store, after)->before) = handle;
}

/*
 * Those of the source that are older end with the first that is met either way: among its class, from its place in
 * their list, where a source with many waiters soon has one; among its own, from their end, where one with few
 * soon has none left. So it takes no more steps than twice the root of all.
 */
static sw_handle before_in_source(const struct sw_queue *queue, const struct sw_waiter *waiter,
				  const struct sw_turn_source *source)
{
	sw_handle own = source->last, any = waiter->older;

	for (;;) {
		if (own == SW_NOBODY || sw_store_at(queue->store, own)->syn_ns <= waiter->syn_ns)
			return own;
		own = sw_store_at(queue->store, own)->before;
		if (any == SW_NOBODY || sw_store_at(queue->store, any)->source == source->id)
			return any;
		any = sw_store_at(queue->store, any)->older;
	}
}

void sw_queue_link(struct sw_queue *queue, sw_handle handle, struct sw_turn_source *source)
{
	struct sw_waiter *waiter = sw_store_at(queue->store, handle);
	sw_handle before;

	waiter->source = source->id;
	sw_queue_ramp_before(queue, source);
	link_by_age(queue, class_of(queue, waiter), handle, waiter);
	before = before_in_source(queue, waiter, source);
	put_by_source(queue, handle, source, before,
		      before == SW_NOBODY ? source->first
					  : sw_store_at(queue->store, before)->after);
	source->count++;
	sw_queue_ramp_after(queue, source);
}

static void cut_by_source(struct sw_queue *queue, const struct sw_waiter *waiter,
			  struct sw_turn_source *source)
{
	*(waiter->before == SW_NOBODY ? &source->first
				      : &sw_store_at(queue->store, waiter->before)->after) =
		waiter->after;
	*(waiter->after == SW_NOBODY ? &source->last
				     : &sw_store_at(queue->store, waiter->after)->before) =
		waiter->before;
}

void sw_queue_unlink(struct sw_queue *queue, sw_handle handle, struct sw_turn_source *source)
{
	const struct sw_waiter *waiter = sw_store_at(queue->store, handle);
	struct sw_queue_class *class = class_of(queue, waiter);

	sw_queue_ramp_before(queue, source);
	if (waiter->is_finger)
		drop_finger(queue, class, handle, waiter);
	*(waiter->older == SW_NOBODY ? &class->oldest
				     : &sw_store_at(queue->store, waiter->older)->newer) =
		waiter->newer;
	*(waiter->newer == SW_NOBODY ? &class->newest
				     : &sw_store_at(queue->store, waiter->newer)->older) =
		waiter->older;
	cut_by_source(queue, waiter, source);
	source->count--;
	sw_queue_ramp_after(queue, source);
}

/* Under lifo the last is served first. */
void sw_queue_postpone(struct sw_queue *queue, const struct sw_waiter *waiter)
{
	sw_handle handle = sw_queue_handle_of(queue, waiter);
	struct sw_turn_source *source = sw_queue_source_at(&queue->sources, waiter->source);
	bool to_front = queue->settings.order == SW_QUEUE_LIFO;

	if (source->count == 1)
		return;
	sw_queue_ramp_before(queue, source);
	cut_by_source(queue, waiter, source);
	put_by_source(queue, handle, source, to_front ? SW_NOBODY : source->last,
		      to_front ? source->first : SW_NOBODY);
	sw_queue_ramp_after(queue, source);
}
