/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The queue as it is shown: who waits, and where a newcomer would stand.
 */
#include "policy/queue.h"
#include "policy/queue_parts.h"

static uint32_t least(uint64_t a, uint64_t b)
{
	return (uint32_t)(a < b ? a : b);
}

uint32_t sw_queue_class(const struct sw_queue *queue, const struct sw_waiter *waiter)
{
	return sw_queue_source_at(&queue->sources, waiter->source)->class_id;
}

/*
 * Those of the class that are let in before the newcomer, who is the last of his source: one of each other
 * source in each round, but in the round that is under way only of those whose turn is still before his.
 */
static uint64_t ahead_in_class(const struct sw_queue *queue, uint32_t class_id,
			       const struct sw_in6 *address)
{
	const struct sw_turn_source *own =
		sw_queue_sources_find(&queue->sources, class_id, address);
	uint64_t rounds = (own ? own->count : 0) + 1;
	uint64_t ahead = own ? own->count : 0;

	for (uint32_t id = 0; id < queue->sources.id_count; id++) {
		const struct sw_turn_source *source = sw_queue_source_at(&queue->sources, id);

		if (source && source != own && source->class_id == class_id)
			ahead += least(source->count, rounds - (own && source->turn > own->turn));
	}
	return ahead;
}

/* Those of another class that are let in before the pass. */
static uint32_t turns_until(const struct sw_queue *queue, const struct sw_queue_class *class,
			    uint64_t until)
{
	uint64_t from = sw_queue_pass_of(queue, class), stride = sw_queue_stride_of(class);

	return from < until ? least(class->waiting, (until - from - 1) / stride + 1) : 0;
}

size_t sw_queue_ahead_of(const struct sw_queue *queue, uint32_t class_id,
			 const struct sw_in6 *source)
{
	const struct sw_queue_class *own = sw_queue_class_find(queue, class_id);
	uint64_t ahead, until;

	if (queue->settings.order == SW_QUEUE_FIFO)
		return sw_queue_count(queue);
	if (queue->settings.order == SW_QUEUE_LIFO)
		return 0;
	ahead = ahead_in_class(queue, class_id, source);
	until = sw_queue_pass_of(queue, own) + ahead * sw_queue_stride_of(own);
	for (size_t i = 0; i < queue->class_count; i++)
		if (queue->classes[i].id != class_id)
			ahead += turns_until(queue, &queue->classes[i],
					     until + (!own || &queue->classes[i] < own));
	return ahead;
}

/* Any of its waiters: those that were postponed are behind younger ones. */
static uint64_t oldest_syn_of(const struct sw_queue *queue, const struct sw_turn_source *source)
{
	uint64_t oldest_ns = UINT64_MAX;

	for (sw_handle handle = source->first; handle != SW_NOBODY;) {
		const struct sw_waiter *waiter = sw_store_at(queue->store, handle);

		oldest_ns = waiter->syn_ns < oldest_ns ? waiter->syn_ns : oldest_ns;
		handle = waiter->after;
	}
	return oldest_ns;
}

int sw_queue_each_source(const struct sw_queue *queue,
			 int (*each)(void *arg, const struct sw_queue_line *line), void *arg)
{
	int stop = 0;

	for (uint32_t id = 0; !stop && id < queue->sources.id_count; id++) {
		const struct sw_turn_source *source = sw_queue_source_at(&queue->sources, id);
		struct sw_queue_line line;

		if (!source)
			continue;
		line = (struct sw_queue_line){
			.class_id = source->class_id,
			.waiting = source->count,
			.oldest_syn_ns = oldest_syn_of(queue, source),
		};
		sw_queue_source_address(&queue->sources, source, &line.source);
		stop = each(arg, &line);
	}
	return stop;
}
