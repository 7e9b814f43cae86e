/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A SYN to where nobody listens: the database is away, and it waits for it; or only that address has nobody,
 * and never will, while others of the service have. The latter is sent elsewhere, which mostly is to be
 * refused, once a second look has found the same: a listener that is restarted is away for a moment.
 */
#include <arpa/inet.h>
#include <string.h>

#include "core/clock.h"
#include "daemon/read_service.h"
#include "daemon/room_parts.h"

enum address {
	SERVED,	  /* by now, or the kernel does not tell */
	STARTING, /* others of the service are, since just now */
	UNSERVED, /* others are, and have been for a while */
	DOWN,	  /* none is */
};

static enum address address_of(struct sw_room *room, const struct sw_waiter *waiter)
{
	const struct sw_plan *plan = room->daemon->plan;
	const struct sw_plan_service *service = sw_plan_service(plan, room->service);
	const struct sw_listeners *listeners = sw_ready_listeners(room->ready);
	struct sw_endpoint ignored;
	struct sw_flow_key flow;
	struct sw_addr server;

	if (!listeners)
		return SERVED;
	/* One listener is for all, but it may be there for one family alone. */
	if (service->conf.direct.port_be)
		return sw_read_service_database_at(plan, service, listeners, &ignored) ? STARTING
										       : DOWN;
	sw_queue_flow(room->queue, waiter, &flow);
	memcpy(server.bytes, flow.server.bytes, sizeof(server.bytes));
	if (sw_listeners_find(listeners, &server, ntohs(flow.server_port_be)))
		return SERVED;
	if (!sw_read_service_database_at(plan, service, listeners, &ignored))
		return DOWN;
	return sw_ready_is_steady(room->ready) ? UNSERVED : STARTING;
}

void sw_room_no_listener(struct sw_room *room, const struct sw_waiter *waiter, bool had_turn)
{
	enum address address = address_of(room, waiter);
	uint64_t now_ns = address == UNSERVED ? sw_clock_monotonic_ns() : 0;

	if (sw_queue_note_unserved(room->queue, waiter, now_ns)) {
		sw_room_send_elsewhere(room, waiter);
		return;
	}
	switch (address) {
	case DOWN:
		if (had_turn)
			sw_queue_set_aside(room->queue, waiter, SW_QUEUE_CLASS);
		/* Last: what comes of it may let others in. */
		sw_ready_suspect(room->ready, true);
		break;
	default:
		if (had_turn)
			/* A pooler may have room for it, before its address has a listener. */
			sw_room_pass_over(room, waiter, SW_QUEUE_EITHER);
	}
}
