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
/* Room is wanting until nobody was kept out for so long: several of the daemon's ticks, each of which tries. */
#define SHORT_NS (500 * SW_NS_PER_MS)
/* Of a look at who listens; what is told apart are so many of them. */
#define LOOK_NS	   (20 * SW_NS_PER_MS)
#define LOOKS_TOLD 63

static bool is_short(const struct sw_queue_class *class, uint64_t now_ns)
{
	return class->busy_since_ns && now_ns <= class->short_ns + SHORT_NS;
}

void sw_queue_note_short(struct sw_queue *queue, const struct sw_waiter *waiter, uint64_t now_ns)
{
	struct sw_queue_class *class = sw_queue_class_find(
		queue, sw_queue_source_at(&queue->sources, waiter->source)->class_id);

	/* Who waited through a pause is late because of that. */
	if (!is_short(class, now_ns) || class->ramp_sources)
		class->busy_since_ns = now_ns;
	class->short_ns = now_ns;
}

static bool can_shrink(const struct sw_queue *queue, const struct sw_queue_class *class,
		       uint64_t now_ns)
{
	const struct sw_queue_settings *is = &queue->settings;

	return is->order != SW_QUEUE_LIFO && is->overload_after_ns &&
	       is->overload_wait_ns < is->max_wait_ns && !queue->is_held && class &&
	       is_short(class, now_ns);
}

uint64_t sw_queue_max_wait_ns(const struct sw_queue *queue, uint32_t class_id, uint64_t now_ns)
{
	const struct sw_queue_class *class = sw_queue_class_find(queue, class_id);
	const struct sw_queue_settings *is = &queue->settings;
	uint64_t busy_ns, over_ns;

	if (!can_shrink(queue, class, now_ns) || now_ns <= class->busy_since_ns)
		return is->max_wait_ns;
	busy_ns = now_ns - class->busy_since_ns;
	if (busy_ns <= is->overload_after_ns)
		return is->max_wait_ns;
	over_ns = busy_ns - is->overload_after_ns;
	if (over_ns >= is->overload_after_ns)
		return is->overload_wait_ns;
	return is->max_wait_ns - (uint64_t)((double)(is->max_wait_ns - is->overload_wait_ns) *
					    ((double)over_ns / (double)is->overload_after_ns));
}

static uint64_t sum_or_max(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* The wait gets shorter while he waits: when the two will meet. */
static uint64_t limit_of(const struct sw_queue *queue, const struct sw_queue_class *class,
			 uint64_t syn_ns, uint64_t now_ns)
{
	const struct sw_queue_settings *is = &queue->settings;
	uint64_t first_ns = sum_or_max(syn_ns, is->max_wait_ns);
	uint64_t last_ns = sum_or_max(syn_ns, is->overload_wait_ns);
	uint64_t from_ns = sum_or_max(class->busy_since_ns, is->overload_after_ns);
	uint64_t shrinks_ns;

	if (!can_shrink(queue, class, now_ns) || first_ns <= from_ns)
		return first_ns;
	if (last_ns >= sum_or_max(from_ns, is->overload_after_ns))
		return last_ns;
	shrinks_ns = is->max_wait_ns - is->overload_wait_ns;
	return from_ns + (uint64_t)((double)(first_ns - from_ns) *
				    ((double)is->overload_after_ns /
				     ((double)is->overload_after_ns + (double)shrinks_ns)));
}

/* Of the class's oldest, who is the first of it to be overdue. UINT64_MAX: nobody waits. */
static uint64_t deadline_of(const struct sw_queue *queue, const struct sw_queue_class *class,
			    uint64_t now_ns)
{
	if (class->oldest == SW_NOBODY)
		return UINT64_MAX;
	return limit_of(queue, class, sw_store_at(queue->store, class->oldest)->syn_ns, now_ns);
}

uint64_t sw_queue_deadline_ns(const struct sw_queue *queue, uint64_t now_ns)
{
	uint64_t first_ns = UINT64_MAX;

	for (size_t i = 0; i < queue->class_count; i++) {
		uint64_t at_ns = deadline_of(queue, &queue->classes[i], now_ns);

		first_ns = at_ns < first_ns ? at_ns : first_ns;
	}
	return first_ns > now_ns ? first_ns : now_ns;
}

/* Of those who are overdue by then. */
static const struct sw_waiter *oldest_by(const struct sw_queue *queue, uint64_t now_ns, bool any)
{
	const struct sw_waiter *oldest = NULL;

	for (size_t i = 0; i < queue->class_count; i++) {
		const struct sw_queue_class *class = &queue->classes[i];
		const struct sw_waiter *waiter;

		if (class->oldest == SW_NOBODY ||
		    (!any && deadline_of(queue, class, now_ns) > now_ns))
			continue;
		waiter = sw_store_at(queue->store, class->oldest);
		if (!oldest || waiter->syn_ns < oldest->syn_ns)
			oldest = waiter;
	}
	return oldest;
}

const struct sw_waiter *sw_queue_oldest(const struct sw_queue *queue)
{
	return oldest_by(queue, 0, true);
}

const struct sw_waiter *sw_queue_overdue(const struct sw_queue *queue, uint64_t now_ns)
{
	return oldest_by(queue, now_ns, false);
}

uint64_t sw_queue_seen_ns(const struct sw_waiter *waiter)
{
	return waiter->syn_ns + waiter->seen_ms * SW_NS_PER_MS;
}

/* The next gap is twice the last at most; unknown, all before it and the first one. */
static uint64_t next_gap_ms(const struct sw_waiter *waiter)
{
	return waiter->gap_ms >= FIRST_GAP_MS / 2 ? 2ull * waiter->gap_ms
						  : (uint64_t)waiter->seen_ms + FIRST_GAP_MS;
}

static bool is_late(const struct sw_waiter *waiter, uint64_t gap_ms, uint64_t now_ns)
{
	uint64_t seen_ns = sw_queue_seen_ns(waiter);

	gap_ms += gap_ms / 4 + LATE_MS;
	return now_ns > seen_ns && now_ns - seen_ns > gap_ms * SW_NS_PER_MS;
}

bool sw_queue_is_silent(const struct sw_waiter *waiter, uint64_t now_ns)
{
	return is_late(waiter, next_gap_ms(waiter), now_ns);
}

/* Behind the one that was lost comes the next, after twice its gap. */
bool sw_queue_is_gone(const struct sw_waiter *waiter, uint64_t now_ns)
{
	return is_late(waiter, 3 * next_gap_ms(waiter), now_ns);
}

/* Two apart lie more than one between; whom nobody looks at for a second may have to wait for one more. */
bool sw_queue_note_unserved(struct sw_queue *queue, const struct sw_waiter *waiter, uint64_t now_ns)
{
	struct sw_waiter *at = sw_store_at(queue->store, sw_queue_handle_of(queue, waiter));
	unsigned int look = (unsigned int)(now_ns / LOOK_NS % LOOKS_TOLD) + 1;

	if (now_ns && at->unserved_at)
		return (look + LOOKS_TOLD - at->unserved_at) % LOOKS_TOLD >= 2;
	at->unserved_at = now_ns ? (uint8_t)look : 0;
	return false;
}

static int each_of_class(const struct sw_queue *queue, sw_handle handle,
			 int (*each)(void *arg, const struct sw_waiter *waiter), void *arg)
{
	int stop = 0;

	while (!stop && handle != SW_NOBODY) {
		const struct sw_waiter *waiter = sw_store_at(queue->store, handle);

		handle = waiter->newer;
		stop = each(arg, waiter);
	}
	return stop;
}

int sw_queue_each(const struct sw_queue *queue,
		  int (*each)(void *arg, const struct sw_waiter *waiter), void *arg)
{
	int stop = 0;

	for (size_t i = 0; !stop && i < queue->class_count; i++)
		stop = each_of_class(queue, queue->classes[i].oldest, each, arg);
	return stop;
}

struct gone {
	uint64_t now_ns;
	int (*gone)(void *arg, const struct sw_waiter *waiter);
	void *arg;
};

static int pick_gone(void *arg, const struct sw_waiter *waiter)
{
	const struct gone *is = arg;

	return sw_queue_is_gone(waiter, is->now_ns) ? is->gone(is->arg, waiter) : 0;
}

int sw_queue_each_gone(const struct sw_queue *queue, uint64_t now_ns,
		       int (*gone)(void *arg, const struct sw_waiter *waiter), void *arg)
{
	struct gone is = {now_ns, gone, arg};

	return sw_queue_each(queue, pick_gone, &is);
}

void sw_queue_hold(struct sw_queue *queue, bool is_held)
{
	queue->is_held = is_held;
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
