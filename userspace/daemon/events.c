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
#include "kern/decisions.h"
#include "kern/steps.h"
#include "spillway/counters.h"

/* The ring holds what comes in more than a second. */
#define LOOK_US 100000

_Static_assert((SW_EVENTS_KEPT & (SW_EVENTS_KEPT - 1)) == 0, "a power of two");

struct sw_events {
	struct sw_daemon *daemon;
	struct sw_decisions *decisions;
	struct event *look;
	uint64_t next;
	/* For what this daemon tells of itself. */
	__u64 rate;
	struct sw_sampled sampled[SW_SAMPLED];
	struct sw_event kept[SW_EVENTS_KEPT];
};

static struct sw_event *add(struct sw_events *events, enum sw_event_kind kind)
{
	struct sw_event *event = &events->kept[events->next++ % SW_EVENTS_KEPT];

	*event = (struct sw_event){.kind = kind, .at_ns = sw_clock_realtime_ns()};
	return event;
}

static void on_decision(void *arg, const struct sw_decision *decision)
{
	struct sw_event *event = add(arg, SW_EVENT_DECISION);
	uint64_t now_ns = sw_clock_monotonic_ns();

	event->what = *decision;
	if (now_ns > decision->at_ns)
		event->at_ns -= now_ns - decision->at_ns;
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct sw_events *events = arg;

	(void)fd, (void)what;
	sw_decisions_read(events->decisions);
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
	failed = sw_decisions_open(daemon->maps, on_decision, events, &events->decisions);
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
	sw_decisions_close(events->decisions);
	munmap(events, sizeof(*events));
	daemon->events = NULL;
}

struct sw_events_span sw_events_span(const struct sw_daemon *daemon)
{
	struct sw_events *events = daemon->events;
	struct sw_events_span span = {0};

	if (!events)
		return span;
	sw_decisions_read(events->decisions);
	span.next = events->next;
	span.first = events->next > SW_EVENTS_KEPT ? events->next - SW_EVENTS_KEPT : 0;
	return span;
}

const struct sw_event *sw_events_at(const struct sw_daemon *daemon, uint64_t number)
{
	return &daemon->events->kept[number % SW_EVENTS_KEPT];
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
	sw_decisions_read(daemon->events->decisions);
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
}

void sw_events_evicted(struct sw_daemon *daemon, uint32_t service, const char *client,
		       const char *port, double idle_s)
{
	struct sw_event *event;
	struct sw_addr address;

	if (!daemon->events || sw_addr_parse(client, &address))
		return;
	event = add(daemon->events, SW_EVENT_EVICTED);
	event->took_ns = (uint64_t)(idle_s * SW_NS_PER_S);
	memcpy(event->what.client.bytes, address.bytes, sizeof(address.bytes));
	event->what.client_port_be = htons((uint16_t)strtoul(port, NULL, 10));
	event->what.service = (uint8_t)service;
	event->what.lane = SW_LANE_DIRECT;
}
