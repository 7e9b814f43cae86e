/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who waits: coming, repeating, leaving. The order is queue_order.c's, time queue_time.c's, the lists are
 * queue_links.c's.
 */
#include "policy/queue.h"

#include <errno.h>
#include <stdlib.h>

#include "core/clock.h"
#include "policy/frame.h"
#include "policy/queue_parts.h"
#include "spillway/address.h"

/* As the configuration has it. */
#define WEIGHT_MAX 1000

struct sw_queue *sw_queue_new(void)
{
	struct sw_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	queue->settings.max_wait_ns = UINT64_MAX;
	queue->store = sw_store_new();
	if (!queue->store) {
		free(queue);
		return NULL;
	}
	queue->sources.store = queue->store;
	for (int scope = 0; scope < SW_QUEUE_CLASS; scope++)
		queue->aside[scope].mark = SW_NOBODY;
	return queue;
}

void sw_queue_free(struct sw_queue *queue)
{
	if (!queue)
		return;
	for (size_t i = 0; i < queue->class_count; i++) {
		sw_turns_clear(&queue->classes[i].ready);
		free(queue->classes[i].fingers);
	}
	free(queue->classes);
	sw_queue_sources_clear(&queue->sources);
	sw_store_free(queue->store);
	free(queue);
}

struct sw_queue_class *sw_queue_class_of(struct sw_queue *queue, uint32_t class_id)
{
	struct sw_queue_class *classes, *known = sw_queue_class_find(queue, class_id);

	if (known)
		return known;
	classes = reallocarray(queue->classes, queue->class_count + 1, sizeof(*classes));
	if (!classes)
		return NULL;
	queue->classes = classes;
	classes[queue->class_count] = (struct sw_queue_class){
		.id = class_id, .weight = 1, .oldest = SW_NOBODY, .newest = SW_NOBODY};
	return &classes[queue->class_count++];
}

int sw_queue_set_weight(struct sw_queue *queue, uint32_t class_id, uint32_t weight)
{
	struct sw_queue_class *class = sw_queue_class_of(queue, class_id);

	if (!class)
		return -ENOMEM;
	class->weight = weight < 1 ? 1 : weight < WEIGHT_MAX ? weight : WEIGHT_MAX;
	return 0;
}

static uint32_t age_ms(const struct sw_waiter *waiter, uint64_t seen_ns)
{
	uint64_t ms = seen_ns > waiter->syn_ns ? (seen_ns - waiter->syn_ns) / SW_NS_PER_MS : 0;

	return (uint32_t)(ms < UINT32_MAX ? ms : UINT32_MAX);
}

/* A client's gaps never shrink: after a shorter one it was the network that repeated the SYN. */
static void note_repeated(struct sw_waiter *waiter, uint64_t seen_ns)
{
	uint32_t seen_ms = age_ms(waiter, seen_ns);
	uint32_t gap_ms = seen_ms - waiter->seen_ms;

	if (seen_ms <= waiter->seen_ms)
		return;
	waiter->seen_ms = seen_ms;
	if (gap_ms > waiter->gap_ms)
		waiter->gap_ms = (uint16_t)(gap_ms < UINT16_MAX ? gap_ms : UINT16_MAX);
}

/* More SYNs than that one may have been missed: no gap is known, and the next no longer than all before it. */
void sw_queue_note_alive(struct sw_queue *queue, const struct sw_waiter *waiter, uint64_t seen_ns)
{
	struct sw_waiter *at = sw_store_at(queue->store, sw_queue_handle_of(queue, waiter));

	at->seen_ms = age_ms(at, seen_ns);
	at->gap_ms = 0;
}

/* The source's entry, made if this is its first waiter. */
static struct sw_turn_source *join_source(struct sw_queue *queue, const struct sw_arrival *arrival)
{
	uint32_t class_id = arrival->parked->class_id;
	struct sw_in6 address = arrival->flow.client;
	struct sw_turn_source *source;

	if (!sw_queue_class_of(queue, class_id))
		return NULL;
	sw_address_cut(&address, arrival->parked->source_bits);
	source = sw_queue_sources_find(&queue->sources, class_id, &address);
	return source ? source
		      : sw_queue_sources_add(&queue->sources, class_id, &address,
					     arrival->parked->source_bits);
}

static int add(struct sw_queue *queue, const struct sw_arrival *arrival, uint64_t now_ns)
{
	sw_handle handle = sw_store_add(queue->store, arrival);
	struct sw_turn_source *source;
	struct sw_waiter *waiter;

	if (handle == SW_NOBODY)
		return -ENOMEM;
	source = join_source(queue, arrival);
	if (!source) {
		sw_store_remove(queue->store, handle);
		return -ENOMEM;
	}
	waiter = sw_store_at(queue->store, handle);
	waiter->seen_ms = age_ms(waiter, arrival->parked->seen_ns);
	sw_queue_link(queue, handle, source);
	if (!sw_queue_order_join(queue, source)) {
		sw_queue_leave(queue, waiter, false, now_ns);
		return -ENOMEM;
	}
	return 0;
}

/* One that needs a larger place comes before the old one leaves: its source keeps its turn. */
static int repeat(struct sw_queue *queue, sw_handle known, const struct sw_arrival *arrival,
		  uint64_t now_ns)
{
	struct sw_waiter *waiter = sw_store_at(queue->store, known);
	int failed;

	if (sw_store_renew(queue->store, known, arrival)) {
		note_repeated(waiter, arrival->parked->seen_ns);
		return SW_QUEUE_REPEATED;
	}
	failed = add(queue, arrival, now_ns);
	if (failed)
		return failed;
	sw_queue_leave(queue, waiter, false, now_ns);
	return SW_QUEUE_REPEATED;
}

static int look_at(const struct sw_parked *parked, struct sw_arrival *out)
{
	const struct sw_frame *frame = &out->frame;
	int failed = parked->class_id < SW_CLASSES_MAX ? sw_frame_complete(parked, &out->frame)
						       : -EBADMSG;

	out->parked = parked;
	if (!failed)
		sw_frame_flow(frame->bytes, frame->ip_at, frame->tcp_at, parked->is_ipv6,
			      &out->flow);
	return failed;
}

const struct sw_waiter *sw_queue_find(const struct sw_queue *queue, const struct sw_parked *parked)
{
	struct sw_arrival arrival;
	sw_handle known =
		look_at(parked, &arrival) ? SW_NOBODY : sw_store_find(queue->store, &arrival.flow);

	return known == SW_NOBODY ? NULL : sw_store_at(queue->store, known);
}

void sw_queue_frame(const struct sw_queue *queue, const struct sw_waiter *waiter,
		    struct sw_frame *out)
{
	sw_store_frame(queue->store, waiter, out);
}

void sw_queue_flow(const struct sw_queue *queue, const struct sw_waiter *waiter,
		   struct sw_flow_key *out)
{
	sw_store_flow(queue->store, waiter, out);
}

int sw_queue_park(struct sw_queue *queue, const struct sw_parked *parked, uint64_t now_ns)
{
	const struct sw_waiter *waiter;
	struct sw_frame frame;
	struct sw_arrival arrival;
	sw_handle known;
	int failed = look_at(parked, &arrival);

	if (failed)
		return failed;
	known = sw_store_find(queue->store, &arrival.flow);
	if (known == SW_NOBODY) {
		failed = add(queue, &arrival, now_ns);
		return failed ? failed : SW_QUEUE_NEW;
	}
	waiter = sw_store_at(queue->store, known);
	sw_queue_frame(queue, waiter, &frame);
	if (sw_frame_isn(frame.bytes, frame.tcp_at) ==
	    sw_frame_isn(arrival.frame.bytes, arrival.frame.tcp_at))
		return repeat(queue, known, &arrival, now_ns);
	sw_queue_leave(queue, waiter, false, now_ns);
	failed = add(queue, &arrival, now_ns);
	return failed ? failed : SW_QUEUE_REPLACED;
}

void sw_queue_leave(struct sw_queue *queue, const struct sw_waiter *waiter, bool is_in,
		    uint64_t now_ns)
{
	sw_handle handle = sw_queue_handle_of(queue, waiter);
	struct sw_turn_source *source = sw_queue_source_at(&queue->sources, waiter->source);
	struct sw_in6 address;

	sw_queue_source_address(&queue->sources, source, &address);
	if (is_in)
		sw_queue_ramp_unstick(queue, source);
	sw_queue_unlink(queue, handle, source);
	sw_store_remove(queue->store, handle);
	sw_queue_order_change(queue, source, is_in);
	if (!source->count) {
		sw_queue_order_part(queue, source);
		sw_queue_sources_remove(&queue->sources, source, &address);
	}
	if (is_in)
		sw_queue_count_in(queue, now_ns);
}

size_t sw_queue_count(const struct sw_queue *queue)
{
	return sw_store_count(queue->store);
}

size_t sw_queue_bytes(const struct sw_queue *queue)
{
	size_t bytes = sizeof(*queue) + sw_store_bytes(queue->store) +
		       sw_queue_sources_bytes(&queue->sources) +
		       queue->class_count * sizeof(*queue->classes);

	for (size_t i = 0; i < queue->class_count; i++)
		bytes += queue->classes[i].ready.room * sizeof(uint32_t) +
			 queue->classes[i].finger_room * sizeof(sw_handle);
	return bytes;
}
