/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waits that are over before somebody's turn came: he has given up, waited too long, is denied or allowed by
 * now, or wants to go where nobody listens.
 */
#include <string.h>

#include "core/clock.h"
#include "daemon/room_parts.h"
#include "kern/read.h"
#include "spillway/chain.h"

/* In one go; then the loop's other work has its turn. */
#define PORTION 256
/* At each tick, of those that gave up: tens of thousands at once would hold the heartbeat up. */
#define FORGOTTEN_AT_ONCE 2048

/* When the gate heard of its client last; gone meanwhile, it is looked at once more. */
static uint64_t seen_by_the_gate_ns(const struct sw_room *room, const struct sw_waiter *waiter,
				    uint64_t now_ns)
{
	struct sw_flow_key key;
	struct sw_flow flow;

	sw_queue_flow(room->queue, waiter, &key);
	return sw_read_flow(room->daemon->maps, &key, &flow) ? now_ns : flow.state_ns;
}

bool sw_room_abandon(struct sw_room *room, const struct sw_waiter *waiter, uint64_t now_ns)
{
	struct sw_released released = {0};

	sw_room_run(room, SW_RELEASE_ABANDON, waiter, sw_queue_seen_ns(waiter), &released);
	if (released.flags & SW_RELEASED_ALIVE) {
		sw_queue_note_alive(room->queue, waiter, seen_by_the_gate_ns(room, waiter, now_ns));
		return false;
	}
	sw_queue_leave(room->queue, waiter, false, now_ns);
	return true;
}

void sw_room_refuse(struct sw_room *room, const struct sw_waiter *waiter)
{
	struct sw_released ignored;

	sw_room_run(room, SW_RELEASE_TIME_OUT, waiter, 0, &ignored);
	sw_queue_leave(room->queue, waiter, false, sw_clock_monotonic_ns());
}

void sw_room_send_elsewhere(struct sw_room *room, const struct sw_waiter *waiter)
{
	struct sw_released released;

	if (sw_room_run(room, SW_RELEASE_ELSEWHERE, waiter, 0, &released) ||
	    released.lane == SW_LANE_QUEUE)
		sw_room_pass_over(room, waiter, SW_QUEUE_SOURCE);
	else
		sw_queue_leave(room->queue, waiter, sw_lane_admits(released.lane),
			       sw_clock_monotonic_ns());
}

void sw_room_time_out(struct sw_room *room)
{
	for (unsigned int i = 0; i < PORTION; i++) {
		uint64_t now_ns = sw_clock_monotonic_ns();
		const struct sw_waiter *waiter = sw_queue_overdue(room->queue, now_ns);

		if (!waiter)
			break;
		if (!sw_queue_is_silent(waiter, now_ns) || !sw_room_abandon(room, waiter, now_ns))
			sw_room_refuse(room, waiter);
	}
	sw_room_schedule(room);
}

struct gone {
	struct sw_room *room;
	uint64_t now_ns;
	unsigned int count;
};

static int forget(void *arg, const struct sw_waiter *waiter)
{
	struct gone *gone = arg;

	sw_room_abandon(gone->room, waiter, gone->now_ns);
	return ++gone->count == FORGOTTEN_AT_ONCE;
}

void sw_room_forget_gone(struct sw_room *room)
{
	struct gone gone = {.room = room, .now_ns = sw_clock_monotonic_ns()};

	room->has_gone = sw_queue_each_gone(room->queue, gone.now_ns, forget, &gone);
}

static uint32_t action_of(const struct sw_room *room, const struct sw_waiter *waiter)
{
	const struct sw_plan *plan = room->daemon->plan;
	struct sw_flow_key key;
	struct sw_addr client;

	sw_queue_flow(room->queue, waiter, &key);
	memcpy(client.bytes, key.client.bytes, sizeof(client.bytes));
	return sw_plan_class_of(plan, sw_plan_service(plan, room->service), &client)->conf.action;
}

static int apply_rule(void *arg, const struct sw_waiter *waiter)
{
	struct sw_room *room = arg;
	uint32_t action = action_of(room, waiter);
	struct sw_released released;

	if (action == SW_ACTION_LIMIT)
		return 0;
	if (action != SW_ACTION_ALLOW)
		sw_room_refuse(room, waiter);
	else if (!sw_room_run(room, SW_RELEASE_ADMIT, waiter, 0, &released) &&
		 released.lane != SW_LANE_QUEUE)
		sw_queue_leave(room->queue, waiter, sw_lane_admits(released.lane),
			       sw_clock_monotonic_ns());
	return 0;
}

void sw_room_apply_rules(struct sw_room *room)
{
	sw_queue_each(room->queue, apply_rule, room);
}
