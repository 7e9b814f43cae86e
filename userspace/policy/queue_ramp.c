/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Those for whom a ramp is: who waited when it began, but not who waits for something else by now. Counted are
 * their sources, each by its first waiter: whoever stands behind younger ones was postponed, for a reason of
 * his own.
 *
 * A source or class that was tried and kept out is stuck until one of it gets in: that it may try again at each
 * wakeup and tick says nothing of whether it has room, and meanwhile those that have would go at the ramp's pace,
 * behind nobody. The one that gets in then makes the ramp go on.
 */
#include "policy/queue.h"
#include "policy/queue_parts.h"

static bool is_for(const struct sw_queue *queue, const struct sw_turn_source *source)
{
	return queue->ramp_began_ns && source->count && !source->aside && !source->is_stuck &&
	       sw_store_at(queue->store, source->first)->syn_ns <= queue->ramp_began_ns;
}

void sw_queue_ramp_before(struct sw_queue *queue, const struct sw_turn_source *source)
{
	sw_queue_class_find(queue, source->class_id)->ramp_sources -= is_for(queue, source);
}

void sw_queue_ramp_after(struct sw_queue *queue, const struct sw_turn_source *source)
{
	sw_queue_class_find(queue, source->class_id)->ramp_sources += is_for(queue, source);
}

void sw_queue_ramp_unstick(struct sw_queue *queue, struct sw_turn_source *source)
{
	sw_queue_ramp_before(queue, source);
	source->is_stuck = false;
	sw_queue_ramp_after(queue, source);
	sw_queue_class_find(queue, source->class_id)->is_stuck = false;
}

void sw_queue_begin_ramp(struct sw_queue *queue, uint64_t began_ns)
{
	queue->ramp_began_ns = began_ns;
	for (size_t i = 0; i < queue->class_count; i++) {
		queue->classes[i].ramp_sources = 0;
		/* What it was short of before is none of those that waited. */
		queue->classes[i].busy_since_ns = 0;
	}
	for (uint32_t id = 0; id < queue->sources.id_count; id++)
		if (sw_queue_source_at(&queue->sources, id))
			sw_queue_ramp_after(queue, sw_queue_source_at(&queue->sources, id));
}

bool sw_queue_needs_ramp(const struct sw_queue *queue)
{
	for (size_t i = 0; i < queue->class_count; i++) {
		const struct sw_queue_class *class = &queue->classes[i];

		if (class->ramp_sources && !class->is_aside && !class->is_stuck)
			return true;
	}
	return false;
}
