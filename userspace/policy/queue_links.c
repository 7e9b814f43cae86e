/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lists that each waiter is in: of all by age, and of its source in the order in which they are served.
 */
#include "policy/queue_parts.h"

/* Handles are links; who is asked by pointer has one in a neighbour, or is the oldest. */
sw_handle sw_queue_handle_of(const struct sw_queue *queue, const struct sw_waiter *waiter)
{
	return waiter->older == SW_NOBODY ? queue->oldest
					  : sw_store_at(queue->store, waiter->older)->newer;
}

/* Nearly always at the end: only after a restart of the daemon do they come out of order. */
static void link_by_age(struct sw_queue *queue, sw_handle handle, struct sw_waiter *waiter)
{
	sw_handle older = queue->newest, newer = SW_NOBODY;

	while (older != SW_NOBODY && sw_store_at(queue->store, older)->syn_ns > waiter->syn_ns) {
		newer = older;
		older = sw_store_at(queue->store, older)->older;
	}
	waiter->older = older;
	waiter->newer = newer;
	*(older == SW_NOBODY ? &queue->oldest : &sw_store_at(queue->store, older)->newer) = handle;
	*(newer == SW_NOBODY ? &queue->newest : &sw_store_at(queue->store, newer)->older) = handle;
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

static void link_by_source(struct sw_queue *queue, sw_handle handle, struct sw_waiter *waiter,
			   struct sw_turn_source *source)
{
	sw_handle before = source->last, after = SW_NOBODY;

	while (before != SW_NOBODY && sw_store_at(queue->store, before)->syn_ns > waiter->syn_ns) {
		after = before;
		before = sw_store_at(queue->store, before)->before;
	}
	put_by_source(queue, handle, source, before, after);
}

void sw_queue_link(struct sw_queue *queue, sw_handle handle, struct sw_turn_source *source)
{
	struct sw_waiter *waiter = sw_store_at(queue->store, handle);

	waiter->source = source->id;
	link_by_age(queue, handle, waiter);
	link_by_source(queue, handle, waiter, source);
	source->count++;
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

	*(waiter->older == SW_NOBODY ? &queue->oldest
				     : &sw_store_at(queue->store, waiter->older)->newer) =
		waiter->newer;
	*(waiter->newer == SW_NOBODY ? &queue->newest
				     : &sw_store_at(queue->store, waiter->newer)->older) =
		waiter->older;
	cut_by_source(queue, waiter, source);
	source->count--;
}

/* Under lifo the last is served first. */
void sw_queue_postpone(struct sw_queue *queue, const struct sw_waiter *waiter)
{
	sw_handle handle = sw_queue_handle_of(queue, waiter);
	struct sw_turn_source *source = queue->sources.by_id[waiter->source];
	bool to_front = queue->settings.order == SW_QUEUE_LIFO;
	struct sw_waiter *at = sw_store_at(queue->store, handle);

	if (source->count == 1)
		return;
	cut_by_source(queue, at, source);
	put_by_source(queue, handle, source, to_front ? SW_NOBODY : source->last,
		      to_front ? source->first : SW_NOBODY);
}
