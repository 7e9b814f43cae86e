/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is passed over: sources that had their turn and could not get in, until something has changed for
 * them. Each stands in one of two lists, by what it can be told of.
 */
#include "policy/queue.h"
#include "policy/queue_parts.h"

/* Of those that anybody's end may help, so many try at each; the next are next at the next. */
#define EITHER_AT_ONCE 4
/* Of each list at each look by the clock: each try costs some microseconds. */
#define SOME 2048

static void put(struct sw_queue *queue, struct sw_turn_source *source, enum sw_queue_scope scope)
{
	struct sw_queue_aside *aside = &queue->aside[scope];

	sw_queue_ramp_before(queue, source);
	source->wakeup = 0;
	source->is_stuck = true;
	source->aside = (scope + 1) & 3;
	source->aside_before = aside->last;
	if (aside->count++)
		sw_queue_source_at(&queue->sources, aside->last)->aside_after = source->id;
	else
		aside->first = source->id;
	aside->last = source->id;
}

/* At the ends of the list its links say nothing. */
void sw_queue_aside_drop(struct sw_queue *queue, struct sw_turn_source *source)
{
	struct sw_queue_aside *aside = &queue->aside[source->aside - 1];

	if (aside->mark == source->id)
		aside->mark = aside->first == source->id ? SW_NOBODY : source->aside_before;
	if (aside->first == source->id)
		aside->first = source->aside_after;
	else
		sw_queue_source_at(&queue->sources, source->aside_before)->aside_after =
			source->aside_after;
	if (aside->last == source->id)
		aside->last = source->aside_before;
	else
		sw_queue_source_at(&queue->sources, source->aside_after)->aside_before =
			source->aside_before;
	aside->count--;
	source->place = SW_TURNS_NONE;
	source->aside = 0;
	sw_queue_ramp_after(queue, source);
}

void sw_queue_set_aside(struct sw_queue *queue, const struct sw_waiter *waiter,
			enum sw_queue_scope scope)
{
	struct sw_turn_source *source = sw_queue_source_at(&queue->sources, waiter->source);
	struct sw_queue_class *class = sw_queue_class_find(queue, source->class_id);

	if (scope == SW_QUEUE_CLASS) {
		class->is_aside = true;
		class->is_stuck = true;
		class->wakeup = 0;
		return;
	}
	/* It may stand there already: a waiter of it was looked at although it was not his turn. */
	if (source->aside)
		sw_queue_aside_drop(queue, source);
	else
		sw_turns_remove(&class->ready, &queue->sources, source);
	put(queue, source, scope);
}

/* Those that came to it meanwhile may have made it older or younger. */
static void rejoin(struct sw_queue *queue, struct sw_turn_source *source, bool is_untold)
{
	struct sw_queue_class *class = sw_queue_class_find(queue, source->class_id);

	sw_queue_aside_drop(queue, source);
	source->wakeup = sw_queue_found_rejoin(queue, (uint8_t)source->wakeup, is_untold);
	if (queue->settings.order != SW_QUEUE_FAIR)
		source->turn = sw_queue_turn_of(queue, class, source);
	sw_turns_add(&class->ready, &queue->sources, source);
}

static void rejoin_up_to(struct sw_queue *queue, enum sw_queue_scope scope, size_t most)
{
	struct sw_queue_aside *aside = &queue->aside[scope];

	while (most-- && aside->count)
		rejoin(queue, sw_queue_source_at(&queue->sources, aside->first), false);
}

/* Those whose turn it is to be tried by the clock: since when, at the earliest, they have not been. */
static uint64_t rejoin_some(struct sw_queue *queue, enum sw_queue_scope scope, uint64_t now_ns)
{
	struct sw_queue_aside *aside = &queue->aside[scope];
	uint64_t tried_ns = aside->mark == SW_NOBODY ? aside->marked_ns : aside->tried_ns;

	rejoin_up_to(queue, scope, SOME);
	if (aside->mark == SW_NOBODY) {
		aside->tried_ns = aside->marked_ns;
		aside->mark = aside->count ? aside->last : SW_NOBODY;
		aside->marked_ns = now_ns;
	}
	return tried_ns;
}

/* Those of the list are not stuck any more, either. */
static void rejoin_afresh(struct sw_queue *queue, enum sw_queue_scope scope)
{
	struct sw_queue_aside *aside = &queue->aside[scope];

	while (aside->count) {
		struct sw_turn_source *source = sw_queue_source_at(&queue->sources, aside->first);

		source->is_stuck = false;
		rejoin(queue, source, false);
	}
}

static void rejoin_classes(struct sw_queue *queue)
{
	for (size_t i = 0; i < queue->class_count; i++) {
		struct sw_queue_class *class = &queue->classes[i];

		class->wakeup = sw_queue_found_rejoin(queue, class->wakeup, false);
		class->is_aside = false;
	}
}

void sw_queue_rejoin(struct sw_queue *queue, const struct sw_in6 *address)
{
	sw_queue_tried_all(queue);
	rejoin_classes(queue);
	for (size_t i = 0; i < queue->class_count; i++) {
		struct sw_turn_source *source =
			sw_queue_sources_find(&queue->sources, queue->classes[i].id, address);

		if (source && source->aside)
			rejoin(queue, source, false);
	}
	rejoin_up_to(queue, SW_QUEUE_EITHER, EITHER_AT_ONCE);
}

/* Of all that stand in the list, which is long only where thousands wait for their own sources. */
static void rejoin_untold(struct sw_queue *queue, enum sw_queue_scope scope,
			  bool (*is_untold)(const void *arg, const struct sw_in6 *source),
			  const void *arg)
{
	struct sw_queue_aside *aside = &queue->aside[scope];
	uint32_t next = aside->first;

	for (size_t left = aside->count; left; left--) {
		struct sw_turn_source *source = sw_queue_source_at(&queue->sources, next);
		struct sw_in6 address;

		next = source->aside_after;
		sw_queue_source_address(&queue->sources, source, &address);
		if (is_untold(arg, &address))
			rejoin(queue, source, true);
	}
}

void sw_queue_rejoin_some(struct sw_queue *queue, uint64_t now_ns,
			  bool (*is_untold)(const void *arg, const struct sw_in6 *source),
			  const void *arg)
{
	sw_queue_found_look(queue, now_ns);
	if (is_untold) {
		rejoin_untold(queue, SW_QUEUE_SOURCE, is_untold, arg);
		rejoin_untold(queue, SW_QUEUE_EITHER, is_untold, arg);
	}
	rejoin_classes(queue);
	queue->tried_ns = rejoin_some(queue, SW_QUEUE_SOURCE, now_ns);
	rejoin_some(queue, SW_QUEUE_EITHER, now_ns);
}

void sw_queue_rejoin_all(struct sw_queue *queue)
{
	sw_queue_tried_all(queue);
	rejoin_classes(queue);
	for (size_t i = 0; i < queue->class_count; i++)
		queue->classes[i].is_stuck = false;
	rejoin_afresh(queue, SW_QUEUE_SOURCE);
	rejoin_afresh(queue, SW_QUEUE_EITHER);
}
