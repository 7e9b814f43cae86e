/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making rooms, and bringing what the gate tells to the one that it is for.
 */
#include "daemon/room.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "daemon/room_parts.h"
#include "kern/wakeups.h"

/* Records in one go; then the loop's other work has its turn. */
#define PORTION 512
/* What a wakeup did not tell is found so soon, and within twice that on a machine that is busy. */
#define TICK_US 50000
/* Of ticks, between two looks at all that wait. */
#define TICKS_A_SWEEP 20

struct sw_room *sw_room_of(const struct sw_daemon *daemon, uint32_t service)
{
	return daemon->rooms && service < SW_SERVICES_MAX ? daemon->rooms->rooms[service] : NULL;
}

const struct sw_queue *sw_room_queue(const struct sw_room *room)
{
	return room->queue;
}

struct sw_service_state *sw_room_state(const struct sw_room *room)
{
	return &room->daemon->maps->service_state[room->service];
}

static void on_parked(void *arg, const struct sw_parked *parked)
{
	struct sw_rooms *rooms = arg;
	struct sw_room *room = sw_room_of(rooms->daemon, parked->service);
	int what;

	if (!room)
		return;
	what = sw_queue_park(room->queue, parked, sw_clock_monotonic_ns());
	if (what < 0) {
		sw_log_error("a SYN that was to wait: %s", strerror(-what));
		return;
	}
	if (parked->reason == SW_REASON_NO_LISTENER)
		sw_room_no_listener(room, sw_queue_find(room->queue, parked), false);
	if (what == SW_QUEUE_NEW)
		sw_room_drain(room, 0);
}

static void on_freed(void *arg, const struct sw_freed *freed)
{
	struct sw_rooms *rooms = arg;
	struct sw_room *room = sw_room_of(rooms->daemon, freed->source.service);

	if (!room)
		return;
	sw_room_note_freed(room, freed);
	sw_queue_rejoin(room->queue, &freed->source.address);
	sw_room_drain(room, freed->at_ns);
}

void sw_room_let_in(struct sw_room *room)
{
	sw_queue_rejoin_all(room->queue);
	sw_room_drain(room, 0);
}

static void on_cancel(void *arg, const struct sw_cancel *cancel)
{
	struct sw_rooms *rooms = arg;

	sw_cancels_hand_on(rooms->cancels, cancel);
}

static void on_told(void *arg, const struct sw_parked *told)
{
	struct sw_rooms *rooms = arg;

	sw_retells_add(rooms->retells, told);
}

static void on_wakeup(void *arg, const void *record, size_t bytes)
{
	static const struct sw_wakeups_handlers handlers = {
		.parked = on_parked, .freed = on_freed, .cancel = on_cancel, .told = on_told};

	sw_wakeups_hand_on(&handlers, arg, record, bytes);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct sw_rooms *rooms = arg;

	(void)fd, (void)what;
	sw_rooms_begin_pass(rooms);
	if (!sw_ring_read(rooms->wakeups, PORTION))
		event_active(rooms->readable, EV_READ, 1);
}

static void tick(struct sw_room *room, uint64_t now_ns, bool look_at_all)
{
	if (sw_room_count_lost(room))
		sw_log_debug("service %s: what no wakeup told of was free for %.1f ms at most",
			     sw_plan_service(room->daemon->plan, room->service)->name,
			     (double)sw_room_lost_for_ns(room) / SW_NS_PER_MS);
	sw_room_tick_pause(room, now_ns);
	sw_ready_tick(room->ready, now_ns);
	if (look_at_all || room->has_gone)
		sw_room_forget_gone(room);
	/* Also of an empty room: of who comes next it counts when the last look was. */
	sw_room_look(room, now_ns);
	if (!sw_queue_count(room->queue))
		return;
	sw_room_drain(room, 0);
	sw_room_time_out(room);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct sw_rooms *rooms = arg;
	uint64_t now_ns = sw_clock_monotonic_ns();

	(void)fd, (void)what;
	rooms->ticks++;
	sw_rooms_begin_pass(rooms);
	sw_rooms_take_untold(rooms);
	for (size_t i = 0; i < SW_SERVICES_MAX; i++)
		if (rooms->rooms[i])
			tick(rooms->rooms[i], now_ns, rooms->ticks % TICKS_A_SWEEP == 0);
}

static void on_due(evutil_socket_t fd, short what, void *arg)
{
	struct sw_room *room = arg;

	(void)fd, (void)what;
	sw_rooms_begin_pass(room->daemon->rooms);
	sw_room_time_out(room);
	sw_room_drain(room, 0);
}

static void close_room(struct sw_room *room)
{
	if (!room)
		return;
	sw_ready_free(room->ready);
	sw_queue_free(room->queue);
	if (room->due)
		event_free(room->due);
	free(room);
}

static struct sw_room *open_room(struct sw_daemon *daemon, uint32_t service)
{
	struct sw_room *room = calloc(1, sizeof(*room));

	if (!room)
		return NULL;
	room->daemon = daemon;
	room->service = service;
	room->queue = sw_queue_new();
	room->due = evtimer_new(daemon->base, on_due, room);
	room->ready = sw_ready_new(daemon, service, sw_room_set_ready, room);
	if (!room->queue || !room->due || !room->ready) {
		close_room(room);
		return NULL;
	}
	sw_room_look(room, sw_clock_monotonic_ns());
	return room;
}

static void configure(struct sw_room *room, const struct sw_config_service *config)
{
	const struct sw_queue_settings settings = {
		.order = config->queue.discipline == SW_DISCIPLINE_FIFO	  ? SW_QUEUE_FIFO
			 : config->queue.discipline == SW_DISCIPLINE_LIFO ? SW_QUEUE_LIFO
									  : SW_QUEUE_FAIR,
		.max_wait_ns = config->queue.max_wait_ns,
		.overload_after_ns = config->queue.overload_after_ns,
		.overload_wait_ns = config->queue.overload_wait_ns,
	};
	const struct sw_plan *plan = room->daemon->plan;
	const struct sw_rate *rate = &config->queue.resume_rate;

	room->ramp_interval_ns = rate->count ? rate->per_ns / rate->count : 0;
	sw_queue_configure(room->queue, &settings);
	for (size_t i = 0; i < config->class_count; i++) {
		const struct sw_plan_class *class =
			sw_plan_class_named(plan, room->service, config->classes[i].name);

		if (class)
			sw_queue_set_weight(room->queue, class->id, config->classes[i].weight);
	}
	sw_ready_configure(room->ready, config);
	sw_queue_rejoin_all(room->queue);
	sw_room_apply_rules(room);
	sw_room_time_out(room);
	sw_room_drain(room, 0);
}

void sw_rooms_configure(struct sw_daemon *daemon)
{
	struct sw_rooms *rooms = daemon->rooms;

	for (uint32_t id = 0; rooms && id < SW_SERVICES_MAX; id++) {
		const struct sw_plan_service *planned = sw_plan_service(daemon->plan, id);
		const struct sw_config_service *config =
			planned ? sw_config_find_service(daemon->config, planned->name) : NULL;
		bool is_new = !rooms->rooms[id];

		if (!config) {
			close_room(rooms->rooms[id]);
			rooms->rooms[id] = NULL;
			continue;
		}
		if (is_new)
			rooms->rooms[id] = open_room(daemon, id);
		if (!rooms->rooms[id]) {
			sw_log_error("service %s: no memory for a waiting room", config->name);
			continue;
		}
		configure(rooms->rooms[id], config);
		if (is_new)
			sw_room_take_hold(rooms->rooms[id]);
	}
}

int sw_rooms_start(struct sw_daemon *daemon, struct sw_error *err)
{
	const struct timeval every = {0, TICK_US};
	struct sw_rooms *rooms = calloc(1, sizeof(*rooms));
	int failed;

	if (!rooms)
		return sw_error_set(err, -ENOMEM, "out of memory");
	daemon->rooms = rooms;
	rooms->daemon = daemon;
	rooms->cancels = sw_cancels_new(daemon);
	rooms->retells = sw_retells_new(daemon);
	if (!rooms->cancels || !rooms->retells)
		return sw_error_set(err, -ENOMEM, "out of memory");
	failed = sw_ring_open(daemon->maps->wakeups_fd, on_wakeup, rooms, &rooms->wakeups);
	if (failed)
		return sw_error_set(err, failed, "the ring buffer of the gate: %s",
				    strerror(-failed));
	rooms->readable = event_new(daemon->base, sw_ring_fd(rooms->wakeups), EV_READ | EV_PERSIST,
				    on_readable, rooms);
	rooms->tick = event_new(daemon->base, -1, EV_PERSIST, on_tick, rooms);
	if (!rooms->readable || !rooms->tick || event_add(rooms->readable, NULL) ||
	    event_add(rooms->tick, &every))
		return sw_error_set(err, -ENOMEM, "out of memory");
	sw_rooms_configure(daemon);
	return 0;
}

void sw_rooms_stop(struct sw_daemon *daemon)
{
	struct sw_rooms *rooms = daemon->rooms;

	if (!rooms)
		return;
	for (size_t i = 0; i < SW_SERVICES_MAX; i++)
		close_room(rooms->rooms[i]);
	if (rooms->readable)
		event_free(rooms->readable);
	if (rooms->tick)
		event_free(rooms->tick);
	sw_ring_close(rooms->wakeups);
	sw_cancels_free(rooms->cancels);
	sw_retells_free(rooms->retells);
	free(rooms);
	daemon->rooms = NULL;
}
