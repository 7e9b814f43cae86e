/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is next, under each discipline: a turn is a number, the least comes first. Under fair it is drawn
 * from a counter of the class each time the source was served; under fifo it is the age of the source's
 * first waiter, under lifo that of its last, backwards.
 */
#include <stdlib.h>

#include "policy/queue.h"
#include "policy/queue_parts.h"

/*
 * What weight 1 pays for a turn. Weights are 1000 at the most, so shares are exact to 2^-14; and 2^40 turns
 * go by before a pass overflows: three years of 10,000 a second.
 */
#define STRIDE (1ull << 24)

struct sw_queue_class *sw_queue_class_find(const struct sw_queue *queue, uint32_t id)
{
	for (size_t i = 0; i < queue->class_count; i++)
		if (queue->classes[i].id == id)
			return &queue->classes[i];
	return NULL;
}

/* Nobody saves up turns, be it absent, passed over, or served by another order. */
uint64_t sw_queue_pass_of(const struct sw_queue *queue, const struct sw_queue_class *class)
{
	return class && class->pass > queue->pass ? class->pass : queue->pass;
}

uint64_t sw_queue_stride_of(const struct sw_queue_class *class)
{
	return STRIDE / (class ? class->weight : 1);
}

uint64_t sw_queue_turn_of(const struct sw_queue *queue, struct sw_queue_class *class,
			  const struct sw_turn_source *source)
{
	switch (queue->settings.order) {
	case SW_QUEUE_FIFO:
		return sw_store_at(queue->store, source->first)->syn_ns;
	case SW_QUEUE_LIFO:
		return UINT64_MAX - sw_store_at(queue->store, source->last)->syn_ns;
	default:
		return ++class->turns;
	}
}

bool sw_queue_order_join(struct sw_queue *queue, struct sw_turn_source *source)
{
	struct sw_queue_class *class = sw_queue_class_find(queue, source->class_id);

	class->waiting++;
	if (source->aside)
		return true;
	if (source->place == SW_TURNS_NONE) {
		if (!sw_turns_reserve(&class->ready, class->sources + 1))
			return false;
		class->sources++;
		source->turn = sw_queue_turn_of(queue, class, source);
		sw_turns_add(&class->ready, &queue->sources, source);
		return true;
	}
	if (queue->settings.order != SW_QUEUE_FAIR) {
		source->turn = sw_queue_turn_of(queue, class, source);
		sw_turns_moved(&class->ready, &queue->sources, source);
	}
	return true;
}

/* A waiter of the source left; with had_turn because he was let in. */
void sw_queue_order_change(struct sw_queue *queue, struct sw_turn_source *source, bool had_turn)
{
	struct sw_queue_class *class = sw_queue_class_find(queue, source->class_id);

	/* Nobody is passed over any more: the next to come has a turn of his own. */
	if (!--class->waiting) {
		class->is_aside = false;
		class->is_stuck = false;
		class->busy_since_ns = 0;
	}
	if (had_turn) {
		queue->pass = sw_queue_pass_of(queue, class);
		class->pass = queue->pass + sw_queue_stride_of(class);
	}
	if (!source->count || source->place == SW_TURNS_NONE)
		return;
	if (queue->settings.order == SW_QUEUE_FAIR && !had_turn)
		return;
	source->turn = sw_queue_turn_of(queue, class, source);
	if (!source->aside)
		sw_turns_moved(&class->ready, &queue->sources, source);
}

void sw_queue_order_part(struct sw_queue *queue, struct sw_turn_source *source)
{
	struct sw_queue_class *class = sw_queue_class_find(queue, source->class_id);

	if (source->place == SW_TURNS_NONE)
		return;
	if (source->aside)
		sw_queue_aside_drop(queue, source);
	else
		sw_turns_remove(&class->ready, &queue->sources, source);
	if (!--class->sources)
		sw_turns_clear(&class->ready);
}

static uint64_t rank_of(const struct sw_queue *queue, const struct sw_queue_class *class)
{
	return queue->settings.order == SW_QUEUE_FAIR
		       ? sw_queue_pass_of(queue, class)
		       : sw_turns_first(&class->ready, &queue->sources)->turn;
}

const struct sw_waiter *sw_queue_next(const struct sw_queue *queue)
{
	const struct sw_queue_class *best = NULL;
	const struct sw_turn_source *source;

	for (size_t i = 0; i < queue->class_count; i++) {
		const struct sw_queue_class *class = &queue->classes[i];

		if (class->is_aside || !class->ready.count)
			continue;
		if (!best || rank_of(queue, class) < rank_of(queue, best))
			best = class;
	}
	if (!best)
		return NULL;
	source = sw_turns_first(&best->ready, &queue->sources);
	return sw_store_at(queue->store,
			   queue->settings.order == SW_QUEUE_LIFO ? source->last : source->first);
}

/* Under fair who has waited longest begins; what is drawn later is greater. */
static uint64_t first_turn_of(const struct sw_queue *queue, struct sw_queue_class *class,
			      const struct sw_turn_source *source)
{
	uint64_t syn_ns = sw_store_at(queue->store, source->first)->syn_ns;

	if (queue->settings.order != SW_QUEUE_FAIR)
		return sw_queue_turn_of(queue, class, source);
	class->turns = class->turns > syn_ns ? class->turns : syn_ns;
	return syn_ns;
}

static void order_anew(struct sw_queue *queue)
{
	for (size_t i = 0; i < queue->class_count; i++)
		queue->classes[i].ready.count = 0;
	for (uint32_t id = 0; id < queue->sources.id_count; id++) {
		struct sw_turn_source *source = sw_queue_source_at(&queue->sources, id);
		struct sw_queue_class *class;

		if (!source)
			continue;
		class = sw_queue_class_find(queue, source->class_id);
		source->turn = first_turn_of(queue, class, source);
		if (!source->aside)
			sw_turns_add(&class->ready, &queue->sources, source);
	}
}

void sw_queue_configure(struct sw_queue *queue, const struct sw_queue_settings *settings)
{
	bool is_other = queue->settings.order != settings->order;

	queue->settings = *settings;
	if (is_other)
		order_anew(queue);
}
