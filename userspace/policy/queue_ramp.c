/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Those for whom a ramp is: who waited when it began, but not who waits for something of his own by now. Counted
 * are their sources, each by its first waiter: whoever stands behind younger ones was postponed, for a reason of
 * his own.
 */
#include "policy/queue.h"
#include "policy/queue_parts.h"

static bool is_for(const struct sw_queue *queue, const struct sw_turn_source *source)
{
	return queue->ramp_began_ns && source->count && !source->aside &&
	       sw_store_at(queue->store, source->first)->syn_ns <= queue->ramp_began_ns;
}

void sw_queue_ramp_before(struct sw_queue *queue, const struct sw_turn_source *source)
{
	queue->ramp_sources -= is_for(queue, source);
}

void sw_queue_ramp_after(struct sw_queue *queue, const struct sw_turn_source *source)
{
	queue->ramp_sources += is_for(queue, source);
}

void sw_queue_begin_ramp(struct sw_queue *queue, uint64_t now_ns)
{
	queue->ramp_began_ns = now_ns;
	queue->ramp_sources = 0;
	for (uint32_t id = 0; id < queue->sources.id_count; id++)
		if (sw_queue_source_at(&queue->sources, id))
			sw_queue_ramp_after(queue, sw_queue_source_at(&queue->sources, id));
}

bool sw_queue_needs_ramp(const struct sw_queue *queue)
{
	return queue->ramp_sources > 0;
}
