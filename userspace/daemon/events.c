/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeping what happened. The memory is taken whole at the start, so that a storm needs no more.
 */
#include "daemon/events.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/addr.h"
#include "core/clock.h"
#include "daemon/events_log.h"
#include "kern/ring.h"
#include "kern/steps.h"
#include "spillway/counters.h"

/* The ring holds what comes in more than a second. */
#define LOOK_US 100000
/* Who reads both clocks in less was not interrupted; and below that the one may run slower for a while. */
#define CLOCKS_NS   (100 * SW_NS_PER_US)
#define CLOCK_TRIES 5

/* The newest put out the oldest. Their numbers rise. */
struct ring {
	struct sw_event *at;
	uint64_t size;
	uint64_t count; /* that ever were in it */
};

struct sw_events {
	struct sw_daemon *daemon;
	struct sw_ring *decisions; /* what the gate tells; nobody is woken for it */
	struct event *look;
	uint64_t next;
	uint64_t epoch_ns; /* what the epoch's clock is ahead of the kernel's */
	/* For what this daemon tells of itself. */
	__u64 rate;
	struct sw_sampled sampled[SW_SAMPLED];
	struct ring often, rare, ends;
	struct sw_event kept[SW_EVENTS_KEPT + SW_EVENTS_RARE + SW_EVENTS_ENDS];
};

/*
 * Both clocks read anew for each event would put some out of order. So they are compared now and then, and what was
 * found stays, unless somebody set the clock.
 */
static void compare_clocks(struct sw_events *events)
{
	uint64_t before_ns = 0, epoch_ns = 0;

	for (int i = 0; i < CLOCK_TRIES; i++) {
		before_ns = sw_clock_monotonic_ns();
		epoch_ns = sw_clock_realtime_ns() - before_ns;
		if (sw_clock_monotonic_ns() - before_ns < CLOCKS_NS)
			break;
	}
	if (epoch_ns + SW_NS_PER_MS < events->epoch_ns ||
	    epoch_ns > events->epoch_ns + SW_NS_PER_MS)
		events->epoch_ns = epoch_ns;
}

static struct sw_event *add(struct sw_events *events, enum sw_event_kind kind)
{
	struct ring *ring = kind == SW_EVENT_EVICTED ? &events->rare : &events->often;
	struct sw_event *event = &ring->at[ring->count++ % ring->size];

	*event = (struct sw_event){.number = events->next++,
				   .kind = kind,
				   .at_ns = sw_clock_monotonic_ns() + events->epoch_ns};
	return event;
}

static uint64_t oldest(const struct ring *ring)
{
	return ring->count > ring->size ? ring->count - ring->size : 0;
}

/* The place of the first with that number or a higher one; ring->count: there is none. */
static uint64_t find(const struct ring *ring, uint64_t number)
{
	uint64_t low = oldest(ring), high = ring->count;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (ring->at[middle % ring->size].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct sw_event *from(const struct ring *ring, uint64_t number)
{
	uint64_t place = find(ring, number);

	return place < ring->count ? &ring->at[place % ring->size] : NULL;
}

/* Nobody who asks for the rest is to find a gap in its numbers. */
static struct sw_event *add_end(struct sw_events *events, const struct sw_decision *end)
{
	struct ring *ring = &events->ends;
	struct sw_event *event = &ring->at[ring->count % ring->size];

	*event = (struct sw_event){.number = ring->count++, .kind = SW_EVENT_ENDED};
	if (end->opened_ns && end->at_ns > end->opened_ns)
		event->took_ns = end->at_ns - end->opened_ns;
	return event;
}

static void on_told(void *arg, const void *record, size_t bytes)
{
	struct sw_events *events = arg;
	const struct sw_decision *told = record;
	struct sw_event *event;

	if (bytes < sizeof(*told))
		return;
	event = told->kind == SW_TOLD_END ? add_end(events, told) : add(events, SW_EVENT_DECISION);
	event->what = *told;
	event->at_ns = told->at_ns + events->epoch_ns;
	if (event->kind == SW_EVENT_DECISION)
		sw_events_log(events->daemon, event);
}

/* As many as the ring holds, and not those that come meanwhile. */
static void read_told(struct sw_events *events)
{
	sw_ring_read(events->decisions, SW_DECISIONS_BYTES / sizeof(struct sw_decision));
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct sw_events *events = arg;

	(void)fd, (void)what;
	compare_clocks(events);
	read_told(events);
}

int sw_events_start(struct sw_daemon *daemon, struct sw_error *err)
{
	const struct timeval every = {0, LOOK_US};
	struct sw_events *events = mmap(NULL, sizeof(*events), PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int failed;

	if (events == MAP_FAILED)
		return sw_error_set(err, -ENOMEM, "out of memory");
	daemon->events = events;
	events->daemon = daemon;
	compare_clocks(events);
	events->often = (struct ring){.at = events->kept, .size = SW_EVENTS_KEPT};
	events->rare = (struct ring){.at = events->kept + SW_EVENTS_KEPT, .size = SW_EVENTS_RARE};
	events->ends = (struct ring){.at = events->kept + SW_EVENTS_KEPT + SW_EVENTS_RARE,
				     .size = SW_EVENTS_ENDS};
	failed = sw_ring_open(daemon->maps->decisions_fd, on_told, events, &events->decisions);
	if (failed)
		return sw_error_set(err, failed, "the ring buffer of decisions: %s",
				    strerror(-failed));
	events->look = event_new(daemon->base, -1, EV_PERSIST, on_look, events);
	if (!events->look || event_add(events->look, &every))
		return sw_error_set(err, -ENOMEM, "out of memory");
	return 0;
}

void sw_events_stop(struct sw_daemon *daemon)
{
	struct sw_events *events = daemon->events;

	if (!events)
		return;
	if (events->look)
		event_free(events->look);
	sw_ring_close(events->decisions);
	munmap(events, sizeof(*events));
	daemon->events = NULL;
}

uint64_t sw_events_next(const struct sw_daemon *daemon)
{
	if (!daemon->events)
		return 0;
	read_told(daemon->events);
	return daemon->events->next;
}

const struct sw_event *sw_events_from(const struct sw_daemon *daemon, uint64_t number)
{
	const struct sw_event *often, *rare;

	if (!daemon->events)
		return NULL;
	often = from(&daemon->events->often, number);
	rare = from(&daemon->events->rare, number);
	if (!often || !rare)
		return often ? often : rare;
	return often->number < rare->number ? often : rare;
}

uint64_t sw_events_missed(const struct sw_daemon *daemon, uint64_t number)
{
	const struct sw_events *events = daemon->events;

	if (!events || number >= events->next)
		return 0;
	return events->next - number - (events->often.count - find(&events->often, number)) -
	       (events->rare.count - find(&events->rare, number));
}

uint64_t sw_ends_next(const struct sw_daemon *daemon)
{
	if (!daemon->events)
		return 0;
	read_told(daemon->events);
	return daemon->events->ends.count;
}

const struct sw_event *sw_ends_from(const struct sw_daemon *daemon, uint64_t number)
{
	return daemon->events ? from(&daemon->events->ends, number) : NULL;
}

uint64_t sw_ends_missed(const struct sw_daemon *daemon, uint64_t number)
{
	const struct sw_events *events = daemon->events;

	return events && number < oldest(&events->ends) ? oldest(&events->ends) - number : 0;
}

/* As the gate does; a source here is one address. */
static bool is_told(struct sw_events *events, uint32_t service, const struct sw_in6 *client)
{
	const struct sw_source_key source = {.service = service, .address = *client};
	uint32_t second = (uint32_t)(sw_clock_monotonic_ns() / SW_NS_PER_S);
	uint64_t hash = sw_sample_hash(&source);
	struct sw_sampled *last = &events->sampled[sw_sample_place(hash)];

	if (sw_sample_takes(&events->rate, sw_sample_is_first(last, hash, second), second))
		return true;
	sw_kern_count(events->daemon->kern, service, SW_COUNTER_EVENTS_UNTOLD, 1);
	return false;
}

void sw_events_wait_ended(struct sw_daemon *daemon, uint32_t service, uint32_t class_id,
			  const struct sw_flow_key *flow, enum sw_wait_outcome outcome,
			  const struct sw_released *released, uint64_t syn_ns)
{
	uint64_t now_ns = sw_clock_monotonic_ns();
	struct sw_event *event;

	if (!daemon->events || !is_told(daemon->events, service, &flow->client))
		return;
	/* Its decision, to wait, comes before it. */
	read_told(daemon->events);
	event = add(daemon->events, SW_EVENT_WAIT_ENDED);
	event->outcome = outcome;
	event->took_ns = now_ns > syn_ns ? now_ns - syn_ns : 0;
	event->what = (struct sw_decision){
		.at_ns = now_ns,
		.client = flow->client,
		.server = flow->server,
		.client_port_be = flow->client_port_be,
		.server_port_be = flow->server_port_be,
		.class_id = (uint16_t)class_id,
		.service = (uint8_t)service,
		.lane = released->lane,
		.reason = released->reason,
	};
	sw_events_log(daemon, event);
}

void sw_events_evicted(struct sw_daemon *daemon, uint32_t service, uint32_t class_id,
		       const char *client, const char *port, double idle_s)
{
	struct sw_event *event;
	struct sw_addr address;

	if (!daemon->events || sw_addr_parse(client, &address))
		return;
	/* Decisions of before come before it. */
	read_told(daemon->events);
	event = add(daemon->events, SW_EVENT_EVICTED);
	event->took_ns = (uint64_t)(idle_s * SW_NS_PER_S);
	memcpy(event->what.client.bytes, address.bytes, sizeof(address.bytes));
	event->what.client_port_be = htons((uint16_t)strtoul(port, NULL, 10));
	event->what.service = (uint8_t)service;
	event->what.class_id = (uint16_t)class_id;
	event->what.lane = SW_LANE_DIRECT;
}
