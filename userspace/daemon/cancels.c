/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a CancelRequest goes, and which are not handed on: repetitions, what comes too late, too many at once.
 *
 * Connections that this makes to the host's own addresses go over loopback and meet no gate. Where the gate
 * stands on loopback, too, it tells of what is handed on as of any other; that is known again by the
 * connection it came by, and goes nowhere.
 */
#include "daemon/cancels.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "db/cancel.h"
#include "kern/steps.h"

#define AT_ONCE 64
/* With all that a listener may take to connect, read, signal and close. */
#define PATIENCE_NS (5 * SW_NS_PER_S)
/* By then its session may be at another query, which nobody wants to end. */
#define LATE_NS (2 * SW_NS_PER_S)
/* Those of the last seconds at the gate's rate, each with the connection that it went on by. */
#define KNOWN_MAX 1024

struct known {
	struct sw_flow_key flow;
	uint32_t sequence;
	bool is_own; /* whatever its sequence */
};

struct call {
	struct sw_cancels *cancels;
	struct sw_cancel_call *call; /* NULL: not in use */
	struct event *ready;
	uint64_t until_ns;
	uint32_t service;
};

struct sw_cancels {
	struct sw_daemon *daemon;
	struct call calls[AT_ONCE];
	struct known known[KNOWN_MAX];
	size_t next_known; /* the oldest */
};

static void count(const struct sw_cancels *cancels, uint32_t service, enum sw_counter counter)
{
	sw_kern_count(cancels->daemon->kern, service, counter, 1);
}

static void end(struct call *call)
{
	if (call->ready)
		event_free(call->ready);
	sw_cancel_free(call->call);
	*call = (struct call){.cancels = call->cancels};
}

static void on_ready(evutil_socket_t fd, short what, void *arg);

static bool await(struct call *call, enum sw_cancel_state state)
{
	uint64_t now_ns = sw_clock_monotonic_ns();
	uint64_t left_us = now_ns < call->until_ns ? (call->until_ns - now_ns) / 1000 : 0;
	const struct timeval left = {(time_t)(left_us / 1000000), (suseconds_t)(left_us % 1000000)};

	if (call->ready)
		event_free(call->ready);
	call->ready = event_new(call->cancels->daemon->base, sw_cancel_fd(call->call),
				state == SW_CANCEL_WRITES ? EV_WRITE : EV_READ, on_ready, call);
	return call->ready && !event_add(call->ready, &left);
}

/* True while there is more to wait for. */
static bool step(struct call *call, bool was_sent)
{
	enum sw_cancel_state state = sw_cancel_step(call->call);

	if (state == SW_CANCEL_READS && !was_sent)
		count(call->cancels, call->service, SW_COUNTER_CANCELS_HANDED_ON);
	if (state == SW_CANCEL_FAILED)
		count(call->cancels, call->service, SW_COUNTER_CANCELS_LOST);
	return (state == SW_CANCEL_READS || state == SW_CANCEL_WRITES) && await(call, state);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct call *call = arg;
	bool was_sent = event_get_events(call->ready) & EV_READ;

	(void)fd;
	if (what & EV_TIMEOUT && !was_sent)
		count(call->cancels, call->service, SW_COUNTER_CANCELS_LOST);
	if (what & EV_TIMEOUT || !step(call, was_sent))
		end(call);
}

static bool is_known(const struct sw_cancels *cancels, const struct sw_cancel *cancel)
{
	for (size_t i = 0; i < KNOWN_MAX; i++) {
		const struct known *known = &cancels->known[i];

		if (!memcmp(&known->flow, &cancel->flow, sizeof(known->flow)) &&
		    (known->is_own || known->sequence == cancel->sequence))
			return true;
	}
	return false;
}

static void remember(struct sw_cancels *cancels, const struct known *known)
{
	cancels->known[cancels->next_known] = *known;
	cancels->next_known = (cancels->next_known + 1) % KNOWN_MAX;
}

/* As a gate that it meets would see it. */
static void remember_own(struct sw_cancels *cancels, const struct sw_cancel_call *call,
			 const struct sw_endpoint *to)
{
	struct known own = {.is_own = true};
	struct sw_endpoint from;

	if (sw_cancel_from(call, &from))
		return;
	memcpy(own.flow.client.bytes, from.addr.bytes, sizeof(from.addr.bytes));
	memcpy(own.flow.server.bytes, to->addr.bytes, sizeof(to->addr.bytes));
	own.flow.client_port_be = htons(from.port);
	own.flow.server_port_be = htons(to->port);
	remember(cancels, &own);
}

/* Where `direct` leads: without a target of its own, where the client wanted to go. */
static struct sw_endpoint direct_of(const struct sw_config_service *service,
				    const struct sw_cancel *cancel)
{
	struct sw_endpoint to = service->direct.address;

	if (!to.port) {
		to.port = ntohs(cancel->flow.server_port_be);
		memcpy(to.addr.bytes, cancel->flow.server.bytes, sizeof(to.addr.bytes));
	}
	return to;
}

/* The listeners of the service that have not heard it; none if the service is gone. How many. */
static size_t other_listeners(const struct sw_daemon *daemon, const struct sw_cancel *cancel,
			      struct sw_endpoint out[2])
{
	const struct sw_plan_service *planned = sw_plan_service(daemon->plan, cancel->service);
	const struct sw_config_service *service =
		planned ? sw_config_find_service(daemon->config, planned->name) : NULL;
	size_t count = 0;

	if (!service)
		return 0;
	if (cancel->lane != SW_LANE_DIRECT)
		out[count++] = direct_of(service, cancel);
	if (cancel->lane != SW_LANE_POOLER && service->pooler.address.port)
		out[count++] = service->pooler.address;
	return count;
}

/*
 * Where a listener answers nobody each takes its time, so of several services none gets more than it leaves free for
 * the others (dynamic thresholds: Choudhury, Hahne 1998).
 */
static struct call *free_call(struct sw_cancels *cancels, uint32_t service)
{
	struct call *found = NULL;
	size_t left = 0, own = 0;

	for (size_t i = 0; i < AT_ONCE; i++) {
		struct call *call = &cancels->calls[i];

		own += call->call && call->service == service;
		left += !call->call;
		if (!call->call && !found)
			found = call;
	}
	return cancels->daemon->plan->service_count > 1 && own >= left ? NULL : found;
}

static int begin(struct sw_cancels *cancels, const struct sw_cancel *cancel,
		 const struct sw_endpoint *to)
{
	struct call *call = free_call(cancels, cancel->service);
	int failed;

	if (!call)
		return -EBUSY;
	failed = sw_cancel_start(to, cancel->ifindex, cancel->request, cancel->bytes, &call->call);
	if (failed)
		return failed;
	remember_own(cancels, call->call, to);
	call->service = cancel->service;
	call->until_ns = sw_clock_monotonic_ns() + PATIENCE_NS;
	if (await(call, SW_CANCEL_WRITES))
		return 0;
	end(call);
	return -ENOMEM;
}

static void give_to(struct sw_cancels *cancels, const struct sw_cancel *cancel,
		    const struct sw_endpoint *to)
{
	char text[SW_ENDPOINT_TEXT];
	int failed = sw_clock_monotonic_ns() > cancel->at_ns + LATE_NS ? -ETIME
								       : begin(cancels, cancel, to);

	if (failed)
		count(cancels, cancel->service, SW_COUNTER_CANCELS_LOST);
	sw_endpoint_format(to, text, sizeof(text));
	sw_log_debug("a cancel request goes on to %s%s%s", text, failed ? ": " : "",
		     failed ? strerror(-failed) : "");
}

void sw_cancels_hand_on(struct sw_cancels *cancels, const struct sw_cancel *cancel)
{
	const struct known known = {.flow = cancel->flow, .sequence = cancel->sequence};
	struct sw_endpoint to[2];
	size_t others =
		is_known(cancels, cancel) ? 0 : other_listeners(cancels->daemon, cancel, to);

	if (others)
		remember(cancels, &known);
	for (size_t i = 0; i < others; i++)
		give_to(cancels, cancel, &to[i]);
}

struct sw_cancels *sw_cancels_new(struct sw_daemon *daemon)
{
	struct sw_cancels *cancels = calloc(1, sizeof(*cancels));

	if (!cancels)
		return NULL;
	cancels->daemon = daemon;
	for (size_t i = 0; i < AT_ONCE; i++)
		cancels->calls[i].cancels = cancels;
	return cancels;
}

void sw_cancels_free(struct sw_cancels *cancels)
{
	if (!cancels)
		return;
	for (size_t i = 0; i < AT_ONCE; i++)
		end(&cancels->calls[i]);
	free(cancels);
}
