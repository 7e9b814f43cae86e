/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lost wakeups: who waits for something whose end a wakeup tells, and gets in by the clock. Each source and
 * class that is set aside has a word for it: NOT_EXPECTED, EXPECTED, or by which look of the clock it may try
 * again, without a wakeup.
 */
#include "policy/queue.h"
#include "policy/queue_parts.h"

enum wakeup { NOT_EXPECTED, EXPECTED, FIRST_LOOK };

void sw_queue_expect_wakeup(struct sw_queue *queue, const struct sw_waiter *waiter)
{
	struct sw_turn_source *source = sw_queue_source_at(&queue->sources, waiter->source);
	struct sw_queue_class *class = sw_queue_class_find(queue, source->class_id);

	if (!class->is_aside) {
		source->wakeup = EXPECTED;
		return;
	}
	class->wakeup = EXPECTED;
	class->tried = source->id;
}

/* Who came to the class since may get what there was all the time, unless he comes after the one who was tried. */
bool sw_queue_is_found(struct sw_queue *queue, const struct sw_waiter *waiter)
{
	const struct sw_turn_source *source = sw_queue_source_at(&queue->sources, waiter->source);
	struct sw_queue_class *class = sw_queue_class_find(queue, source->class_id);

	if (!queue->found)
		return false;
	if (class->wakeup != queue->found)
		return source->wakeup == queue->found;
	if (class->tried == source->id)
		class->tried = SW_NOBODY;
	return class->tried == SW_NOBODY;
}

void sw_queue_tried_all(struct sw_queue *queue)
{
	queue->found = 0;
}

/* Looks are told apart by number, so that what was not tried after one is nothing that the next found. */
void sw_queue_found_look(struct sw_queue *queue)
{
	queue->looks = queue->looks < UINT8_MAX ? queue->looks + 1 : FIRST_LOOK;
	queue->found = queue->looks;
}

uint8_t sw_queue_found_rejoin(const struct sw_queue *queue, uint8_t wakeup)
{
	return queue->found && wakeup == EXPECTED ? queue->found : NOT_EXPECTED;
}
