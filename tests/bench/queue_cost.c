/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What finding the next waiter costs, and that it does not grow with the number waiting, by discipline; and what
 * finding its place costs a waiter that comes in no order, as after a restart: nanoseconds. No kernel is needed
 * for it. `make bench` runs it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "packet.h"
#include "policy/queue.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define TURNS		50 /* of one measurement; each waiter that was let in is followed by a new one */
#define ROUNDS		401
#define SOURCES		250
/*
 * From 100 waiters to 500,000, which are 5,000 times as many: what may show is the logarithm of their
 * sources (3 times) and that caches do not hold them any more (some 100 ns for each of a few misses).
 */
#define GROWTH_GOAL 10.0

static const uint32_t waiting[] = {100, 10000, 50000, 500000};

static const struct {
	const char *name;
	enum sw_queue_order order;
	bool each_its_own; /* as many sources as waiters */
} rows[] = {
	{"fair, 250 sources", SW_QUEUE_FAIR, false},
	{"fair, each its own source", SW_QUEUE_FAIR, true},
	{"fifo, 250 sources", SW_QUEUE_FIFO, false},
	{"fifo, each its own source", SW_QUEUE_FIFO, true},
	{"lifo, 250 sources", SW_QUEUE_LIFO, false},
	{"lifo, each its own source", SW_QUEUE_LIFO, true},
};

static void die(const char *what)
{
	fprintf(stderr, "queue_cost: %s\n", what);
	exit(1);
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

/* The SYN of waiter `number`, as the gate hands it on; each comes a microsecond after the one before. */
static void fill_parked(uint32_t number, bool each_its_own, struct sw_parked *parked)
{
	const struct packet syn = {
		.client = each_its_own ? number : number % SOURCES,
		.client_port = 1 + (each_its_own ? 0 : number / SOURCES),
		.tcp_options = 20,
	};
	uint8_t frame[PACKET_MAX];

	memset(parked, 0, sizeof(*parked));
	parked->kind = SW_WAKEUP_PARKED;
	parked->length = packet_build(&syn, frame);
	memcpy(parked->frame, frame, parked->length);
	parked->where = 14 | 34 << 8;
	parked->source_bits = 32;
	parked->syn_ns = parked->seen_ns = 1000ull * (number + 1);
}

static void park(struct sw_queue *queue, uint32_t number, bool each_its_own)
{
	struct sw_parked parked;

	fill_parked(number, each_its_own, &parked);
	if (sw_queue_park(queue, &parked, parked.seen_ns) != SW_QUEUE_NEW)
		die("a waiter found no place: no memory");
}

static int compare(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;

	return (one > other) - (one < other);
}

/* Lets some in and fills up again, the latter off the clock: median of all rounds, a turn. */
static double cost_of(struct sw_queue *queue, uint32_t count, bool each_its_own)
{
	double costs[ROUNDS];
	uint32_t number = count;

	for (int round = 0; round < ROUNDS; round++) {
		double start = now_ns();

		for (int i = 0; i < TURNS; i++)
			sw_queue_leave(queue, sw_queue_next(queue), true, 1000ull * number);
		costs[round] = (now_ns() - start) / TURNS;
		for (int i = 0; i < TURNS; i++)
			park(queue, number++, each_its_own);
	}
	qsort(costs, ROUNDS, sizeof(*costs), compare);
	return costs[ROUNDS / 2];
}

static double measure(size_t row, uint32_t count)
{
	struct sw_queue_settings settings = {.order = rows[row].order, .max_wait_ns = UINT64_MAX};
	struct sw_queue *queue = sw_queue_new();
	double cost;

	if (!queue)
		die("no memory for a queue");
	sw_queue_configure(queue, &settings);
	for (uint32_t i = 0; i < count; i++)
		park(queue, i, rows[row].each_its_own);
	cost = cost_of(queue, count, rows[row].each_its_own);
	sw_queue_free(queue);
	return cost;
}

/* A waiter's arrival, at an empty queue until so many are inside; in no order by a stride prime to all. */
static double arrival(uint32_t count, bool each_its_own, uint32_t sources, bool in_order)
{
	struct sw_queue *queue = sw_queue_new();
	double start, cost;

	if (!queue)
		die("no memory for a queue");
	start = now_ns();
	for (uint32_t i = 0; i < count; i++) {
		uint32_t number = in_order ? i : (uint32_t)((uint64_t)i * 7368787 % count);
		struct sw_parked parked;

		fill_parked(number, each_its_own, &parked);
		if (sources == 1)
			parked.source_bits = 8;
		if (sw_queue_park(queue, &parked, 1000ull * count) != SW_QUEUE_NEW)
			die("a waiter found no place: no memory");
	}
	cost = (now_ns() - start) / count;
	sw_queue_free(queue);
	return cost;
}

static void print_arrivals(void)
{
	static const struct {
		const char *name;
		bool each_its_own;
		uint32_t sources;
	} kinds[] = {
		{"250 sources", false, 250}, {"one source", false, 1}, {"each its own", true, 0}};

	printf("\nNanoseconds an arrival, the making of its frame included: in no order / in order\n\n%-38s",
	       "Waiting in the end");
	for (size_t i = 0; i < COUNT_OF(waiting); i++)
		printf("%16u", waiting[i]);
	for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
		printf("\n%-38s", kinds[kind].name);
		for (size_t i = 0; i < COUNT_OF(waiting); i++) {
			double mixed = arrival(waiting[i], kinds[kind].each_its_own,
					       kinds[kind].sources, false);
			double sorted = arrival(waiting[i], kinds[kind].each_its_own,
						kinds[kind].sources, true);

			printf("%9.0f /%5.0f", mixed, sorted);
			fflush(stdout);
		}
	}
	printf("\n");
}

int main(void)
{
	printf("\nNanoseconds a turn: sw_queue_next() and sw_queue_leave(), %d in a row, median of %d rounds\n"
	       "of this thread's own time; between rounds as many park as were let in\n\n%-28s%10s",
	       TURNS, ROUNDS, "Waiting", "goal");
	for (size_t i = 0; i < COUNT_OF(waiting); i++)
		printf("%12u", waiting[i]);
	printf("%12s\n", "growth");
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		double cost = 0, first = 0;

		printf("%-28s   <= %3.0fx", rows[row].name, GROWTH_GOAL);
		for (size_t i = 0; i < COUNT_OF(waiting); i++) {
			cost = measure(row, waiting[i]);
			first = i ? first : cost;
			printf("%12.0f", cost);
			fflush(stdout);
		}
		printf("%11.1fx  goal: %s\n", cost / first,
		       cost / first <= GROWTH_GOAL ? "met" : "missed");
	}
	print_arrivals();
	return 0;
}
