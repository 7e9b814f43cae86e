/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lost wakeups: who waits for something whose end a wakeup tells, and gets in by the clock. Each source and
 * class that is set aside has a word for it: NOT_EXPECTED, EXPECTED, or by which look of the clock it may try
 * again, without a wakeup: an even number if it had its turn to be looked at, which with very many may be some looks
 * after the one before; the odd one that follows if the gate has noted since the last look that it was told nothing.
 */
#include "policy/queue.h"
#include "policy/queue_parts.h"

enum wakeup { NOT_EXPECTED, EXPECTED, FIRST_LOOK, UNTOLD = 1, LAST_LOOK = UINT8_MAX - UNTOLD };

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

/* One that the gate has noted is lost for sure, whatever wakeups came since; and so it is one look later. */
static bool is_untold(const struct sw_queue *queue, const struct sw_turn_source *source,
		      uint64_t *since_ns)
{
	uint8_t before = queue->looks > FIRST_LOOK ? queue->looks - 2 : LAST_LOOK;

	if (!queue->looks)
		return false;
	if (source->wakeup == queue->looks + UNTOLD)
		*since_ns = queue->look_ns[1];
	else if (source->wakeup == before + UNTOLD)
		*since_ns = queue->look_ns[2];
	else
		return false;
	return true;
}

/* Who came to the class since may get what there was all the time, unless he comes after the one who was tried. */
static bool is_found_by_class(struct sw_queue_class *class, const struct sw_turn_source *source)
{
	if (class->tried == source->id)
		class->tried = SW_NOBODY;
	return class->tried == SW_NOBODY;
}

enum sw_queue_found sw_queue_found(struct sw_queue *queue, const struct sw_waiter *waiter,
				   uint64_t *since_ns)
{
	const struct sw_turn_source *source = sw_queue_source_at(&queue->sources, waiter->source);
	struct sw_queue_class *class = sw_queue_class_find(queue, source->class_id);

	if (is_untold(queue, source, since_ns))
		return SW_QUEUE_UNTOLD;
	if (!queue->found)
		return SW_QUEUE_NOT_FOUND;
	*since_ns = queue->look_ns[1];
	if (class->wakeup == queue->found)
		return is_found_by_class(class, source) ? SW_QUEUE_FOUND : SW_QUEUE_NOT_FOUND;
	*since_ns = queue->tried_ns;
	return source->wakeup == queue->found ? SW_QUEUE_FOUND : SW_QUEUE_NOT_FOUND;
}

void sw_queue_tried_all(struct sw_queue *queue)
{
	queue->found = 0;
}

/* Looks are told apart by number, so that what was not tried after one is nothing that the next found. */
void sw_queue_found_look(struct sw_queue *queue, uint64_t now_ns)
{
	queue->looks = queue->looks && queue->looks < LAST_LOOK ? queue->looks + 2 : FIRST_LOOK;
	queue->found = queue->looks;
	queue->look_ns[2] = queue->look_ns[1];
	queue->look_ns[1] = queue->look_ns[0];
	queue->look_ns[0] = now_ns;
}

uint8_t sw_queue_found_rejoin(const struct sw_queue *queue, uint8_t wakeup, bool is_untold)
{
	if (!queue->found || wakeup != EXPECTED)
		return NOT_EXPECTED;
	return is_untold ? queue->found + UNTOLD : queue->found;
}
