/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Letting waiters in by turn.
 */
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "daemon/events.h"
#include "daemon/room_parts.h"
#include "kern/release.h"
#include "spillway/chain.h"

/* In one pass, however many records it reads; then the loop's other work has its turn, the heartbeat above all. */
#define TURNS_A_PASS 256
/* A timer that is armed for less comes at once. */
#define NOW_US 1
/* More than timers are late on a busy machine, and few enough turns at once. */
#define RAMP_LAG_NS (20 * SW_NS_PER_MS)

/* What goes in above the driver meets a gate that stands there, too. */
static bool passes_again(const struct sw_daemon *daemon, uint32_t ifindex)
{
	for (size_t i = 0; i < daemon->attachment_count; i++)
		if (daemon->attachments[i].ifindex == (int)ifindex)
			return daemon->attachments[i].mode != SW_ATTACH_NATIVE;
	return false;
}

/* How a wait ended, if it did, and was one still. */
static void tell(const struct sw_room *room, enum sw_release_op op, const struct sw_waiter *waiter,
		 const struct sw_released *released)
{
	enum sw_wait_outcome outcome = op == SW_RELEASE_ABANDON		  ? SW_WAIT_ABANDONED
				       : released->lane == SW_LANE_DIRECT ? SW_WAIT_ADMITTED
				       : released->lane == SW_LANE_POOLER ? SW_WAIT_STEERED
									  : SW_WAIT_TIMED_OUT;
	struct sw_flow_key flow;

	if (released->flags & SW_RELEASED_ALIVE || released->lane == SW_LANE_QUEUE ||
	    (released->lane == SW_LANE_NONE && op != SW_RELEASE_ABANDON))
		return;
	sw_queue_flow(room->queue, waiter, &flow);
	sw_events_wait_ended(room->daemon, room->service, sw_queue_class(room->queue, waiter),
			     &flow, outcome, released, waiter->syn_ns);
}

int sw_room_run(struct sw_room *room, enum sw_release_op op, const struct sw_waiter *waiter,
		uint64_t since_ns, struct sw_released *out)
{
	struct sw_release what = {.op = op, .since_ns = since_ns};
	struct sw_frame frame;
	int failed;

	sw_queue_frame(room->queue, waiter, &frame);
	what.ifindex = frame.ifindex;
	what.frame = frame.bytes;
	what.bytes = frame.length;
	what.is_again = passes_again(room->daemon, frame.ifindex);
	failed = sw_kern_release(room->daemon->kern, &what, out);
	if (failed)
		sw_log_error("a waiter of service %s: %s",
			     sw_plan_service(room->daemon->plan, room->service)->name,
			     strerror(-failed));
	else
		tell(room, op, waiter, out);
	return failed;
}

void sw_room_pass_over(struct sw_room *room, const struct sw_waiter *waiter,
		       enum sw_queue_scope scope)
{
	sw_queue_postpone(room->queue, waiter);
	sw_queue_set_aside(room->queue, waiter, scope);
}

/* Whoever stays is passed over: he, his source, or all of his class. */
static void keep(struct sw_room *room, const struct sw_waiter *waiter,
		 const struct sw_released *released)
{
	enum sw_queue_scope scope = !(released->flags & SW_RELEASED_OF_SOURCE) ? SW_QUEUE_CLASS
				    : released->flags & SW_RELEASED_OF_ALL     ? SW_QUEUE_EITHER
									       : SW_QUEUE_SOURCE;

	if (released->reason == SW_REASON_NO_LISTENER) {
		sw_room_no_listener(room, waiter, true);
		return;
	}
	if (released->reason == SW_REASON_PORT_REUSE) {
		sw_room_pass_over(room, waiter, scope);
		return;
	}
	sw_queue_set_aside(room->queue, waiter, scope);
	/* Of those that several wait for not all try at each wakeup. */
	if (scope != SW_QUEUE_EITHER && !(released->flags & SW_RELEASED_SILENTLY))
		sw_queue_expect_wakeup(room->queue, waiter);
	if (scope != SW_QUEUE_SOURCE)
		sw_queue_note_short(room->queue, waiter, sw_clock_monotonic_ns());
}

static bool ramps(const struct sw_room *room)
{
	return room->ramp_interval_ns && sw_queue_needs_ramp(room->queue);
}

/* A timer comes some milliseconds late: what it was late for is made up for, what was long ago is not. */
static void step_ramp(struct sw_room *room, uint64_t now_ns)
{
	if (room->ramp_next_ns + RAMP_LAG_NS < now_ns)
		room->ramp_next_ns = now_ns - RAMP_LAG_NS;
	room->ramp_next_ns += room->ramp_interval_ns;
}

/* One waiter's turn: true if he got in. */
static bool turn(struct sw_room *room, const struct sw_waiter *waiter, uint64_t freed_ns,
		 uint64_t now_ns)
{
	struct sw_released released;
	bool is_in, ramped = ramps(room);

	/* For one that is likely to be gone there is no slot, though he would keep his place for some more time. */
	if (sw_queue_is_silent(waiter, now_ns) && sw_room_abandon(room, waiter, now_ns))
		return false;
	if (sw_room_run(room, SW_RELEASE_ADMIT, waiter, freed_ns, &released)) {
		sw_room_pass_over(room, waiter, SW_QUEUE_SOURCE);
		return false;
	}
	if (released.lane == SW_LANE_QUEUE) {
		keep(room, waiter, &released);
		return false;
	}
	is_in = sw_lane_admits(released.lane);
	if (is_in)
		sw_room_note_found(room, waiter);
	sw_queue_leave(room->queue, waiter, is_in, now_ns);
	/* The first of those that were stuck makes it go on. */
	if (is_in && (ramped || ramps(room)))
		step_ramp(room, now_ns);
	return is_in;
}

static bool is_held(const struct sw_room *room)
{
	return sw_room_state(room)->hold != 0;
}

void sw_rooms_begin_pass(struct sw_rooms *rooms)
{
	rooms->turns_left = TURNS_A_PASS;
}

void sw_room_drain(struct sw_room *room, uint64_t freed_ns)
{
	for (unsigned int *left = &room->daemon->rooms->turns_left; *left && !is_held(room);
	     --*left) {
		uint64_t now_ns = sw_clock_monotonic_ns();
		const struct sw_waiter *waiter;

		/* While none of those that waited all the while could get in nobody is held back. */
		if (ramps(room) && now_ns < room->ramp_next_ns)
			break;
		waiter = sw_queue_next(room->queue);
		if (!waiter) {
			sw_queue_tried_all(room->queue);
			break;
		}
		/* What became free is handed on once. */
		if (turn(room, waiter, freed_ns, now_ns))
			freed_ns = 0;
	}
	sw_room_schedule(room);
}

void sw_room_schedule(struct sw_room *room)
{
	uint64_t now_ns = sw_clock_monotonic_ns();
	uint64_t at_ns = sw_queue_deadline_ns(room->queue, now_ns);
	struct timeval in = {0, NOW_US};

	if (!is_held(room) && sw_queue_next(room->queue)) {
		uint64_t next_ns = ramps(room) ? room->ramp_next_ns : now_ns;

		at_ns = next_ns < at_ns ? next_ns : at_ns;
	}
	if (at_ns == UINT64_MAX) {
		evtimer_del(room->due);
		return;
	}
	if (at_ns > now_ns) {
		in.tv_sec = (time_t)((at_ns - now_ns) / SW_NS_PER_S);
		in.tv_usec = (suseconds_t)((at_ns - now_ns) % SW_NS_PER_S / 1000 + NOW_US);
		if (in.tv_usec >= 1000000)
			in = (struct timeval){in.tv_sec + 1, 0};
	}
	evtimer_add(room->due, &in);
}
