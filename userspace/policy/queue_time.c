/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long one may wait, who has given up, and how fast the queue moves.
 */
#include <math.h>

#include "core/clock.h"
#include "policy/queue.h"
#include "policy/queue_parts.h"

/* Of the average rate. */
#define RATE_SECONDS 5.0
/* So little is left of those before that they count no more; so soon nothing can be told yet. */
#define RATE_NOTHING	   0.001
#define RATE_FIRST_SECONDS 0.2
/* A client's first gap, and by how much one may be late. */
#define FIRST_GAP_MS 1000
#define LATE_MS	     250

uint64_t sw_queue_max_wait_ns(const struct sw_queue *queue, uint64_t now_ns)
{
	const struct sw_queue_settings *is = &queue->settings;
	uint64_t busy_ns, over_ns;

	if (is->order == SW_QUEUE_LIFO || !is->overload_after_ns || !queue->busy_since_ns ||
	    queue->is_held || now_ns <= queue->busy_since_ns ||
	    is->overload_wait_ns >= is->max_wait_ns)
		return is->max_wait_ns;
	busy_ns = now_ns - queue->busy_since_ns;
	if (busy_ns <= is->overload_after_ns)
		return is->max_wait_ns;
	over_ns = busy_ns - is->overload_after_ns;
	if (over_ns >= is->overload_after_ns)
		return is->overload_wait_ns;
	return is->max_wait_ns - (uint64_t)((double)(is->max_wait_ns - is->overload_wait_ns) *
					    ((double)over_ns / (double)is->overload_after_ns));
}

uint64_t sw_queue_deadline_ns(const struct sw_queue *queue, uint64_t now_ns)
{
	uint64_t max_ns = sw_queue_max_wait_ns(queue, now_ns);
	uint64_t syn_ns;

	if (queue->oldest == SW_NOBODY)
		return UINT64_MAX;
	syn_ns = sw_store_at(queue->store, queue->oldest)->syn_ns;
	return syn_ns > UINT64_MAX - max_ns ? UINT64_MAX : syn_ns + max_ns;
}

const struct sw_waiter *sw_queue_overdue(const struct sw_queue *queue, uint64_t now_ns)
{
	return sw_queue_deadline_ns(queue, now_ns) <= now_ns
		       ? sw_store_at(queue->store, queue->oldest)
		       : NULL;
}

bool sw_queue_is_gone(const struct sw_waiter *waiter, uint64_t now_ns)
{
	uint64_t seen_ns = waiter->syn_ns + waiter->seen_ms * SW_NS_PER_MS;
	/* The next gap is twice the last at most; unknown, all before it and the first one. */
	uint64_t gap_ms = waiter->gap_ms ? 2ull * waiter->gap_ms : waiter->seen_ms + FIRST_GAP_MS;

	if (gap_ms < FIRST_GAP_MS)
		gap_ms = FIRST_GAP_MS;
	gap_ms += gap_ms / 4 + LATE_MS;
	return now_ns > seen_ns && now_ns - seen_ns > gap_ms * SW_NS_PER_MS;
}

int sw_queue_each_gone(const struct sw_queue *queue, uint64_t now_ns,
		       int (*gone)(void *arg, const struct sw_waiter *waiter), void *arg)
{
	sw_handle handle = queue->oldest;
	int stop = 0;

	while (!stop && handle != SW_NOBODY) {
		const struct sw_waiter *waiter = sw_store_at(queue->store, handle);

		handle = waiter->newer;
		if (sw_queue_is_gone(waiter, now_ns))
			stop = gone(arg, waiter);
	}
	return stop;
}

void sw_queue_hold(struct sw_queue *queue, bool is_held, uint64_t now_ns)
{
	if (is_held == queue->is_held)
		return;
	queue->is_held = is_held;
	queue->busy_since_ns = !is_held && sw_queue_count(queue) ? now_ns : 0;
}

static double seconds_between(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? (double)(to_ns - from_ns) / (double)SW_NS_PER_S : 0;
}

/* The sum over all that were let in, each weighted by its age. */
static double sum_at(const struct sw_queue *queue, uint64_t now_ns)
{
	return queue->rate * exp(-seconds_between(queue->rate_ns, now_ns) / RATE_SECONDS);
}

void sw_queue_count_in(struct sw_queue *queue, uint64_t now_ns)
{
	double sum = sum_at(queue, now_ns);

	if (sum < RATE_NOTHING) {
		sum = 0;
		queue->rate_since_ns = now_ns;
	}
	queue->rate = sum + 1 / RATE_SECONDS;
	queue->rate_ns = now_ns;
}

/* Divided by how much of all weights there has been time for, so that it is right from the start. */
double sw_queue_rate(const struct sw_queue *queue, uint64_t now_ns)
{
	double seconds = seconds_between(queue->rate_since_ns, now_ns);

	if (seconds < RATE_FIRST_SECONDS)
		seconds = RATE_FIRST_SECONDS;
	return sum_at(queue, now_ns) / (1 - exp(-seconds / RATE_SECONDS));
}
