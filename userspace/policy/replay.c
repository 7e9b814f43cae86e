/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running a recording: who comes and what is due, in the order of time.
 */
#include "policy/replay.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/plan_conf.h"
#include "policy/replay_parts.h"
#include "spillway/chain.h"

static void put_on_agenda(struct sw_replay_sim *sim, uint64_t at_ns, enum sw_replay_what what,
			  size_t index)
{
	if (sw_replay_agenda_add(&sim->agenda, at_ns, what, index))
		sim->is_out_of_memory = true;
}

void sw_replay_admit(struct sw_replay_sim *sim, size_t index, uint8_t lane, uint8_t reason)
{
	struct sw_replay_connection *connection = &sim->replay->connections[index];
	struct sw_replay_place *place = &sim->places[index];

	connection->is.lane = lane;
	connection->is.reason = reason;
	place->lane = lane;
	place->is_half_open = true;
	if (!connection->is_silent && connection->handshake_ns != SW_REPLAY_UNKNOWN)
		put_on_agenda(sim, sim->now_ns + connection->handshake_ns, SW_REPLAY_OPENS, index);
	if (connection->held_ns != SW_REPLAY_UNKNOWN)
		put_on_agenda(sim, sim->now_ns + connection->held_ns, SW_REPLAY_ENDS, index);
}

/* Something is free that somebody of the source, or anybody, may have waited for. */
static void hand_on(struct sw_replay_sim *sim, const struct sw_replay_place *place)
{
	struct sw_replay_room *room = &sim->rooms[place->service];

	if (!room->state.waiting)
		return;
	sw_queue_rejoin(room->queue, &place->source->key.address);
	sw_replay_drain(sim, place->service);
}

static void end(struct sw_replay_sim *sim, size_t index)
{
	struct sw_replay_place *place = &sim->places[index];

	if (!sw_lane_admits(place->lane))
		return;
	sw_release(&sim->rooms[place->service].state, &sim->classes[place->class_id],
		   &place->source->live, place->lane, place->is_half_open);
	if (place->is_half_open)
		place->source->live.is_proven = 0;
	place->lane = SW_LANE_NONE;
	hand_on(sim, place);
}

static void complete(struct sw_replay_sim *sim, size_t index)
{
	struct sw_replay_place *place = &sim->places[index];

	if (!sw_lane_admits(place->lane) || !place->is_half_open)
		return;
	place->is_half_open = false;
	place->source->live.is_proven = 1;
	if (place->lane != SW_LANE_DIRECT)
		return;
	sw_half_open_free(&sim->rooms[place->service].state, &place->source->live);
	hand_on(sim, place);
}

/* What the configuration says, with another budget. */
static void set_budget(struct sw_replay_room *room, uint32_t budget, bool follows)
{
	struct sw_config_service *config = room->config;
	struct sw_service_conf conf;

	if (follows) {
		config->budget.mode = SW_BUDGET_FIXED;
		config->budget.direct = budget;
	} else if (config->budget.mode != SW_BUDGET_FIXED) {
		config->budget.now = config->budget.direct && config->budget.direct < budget
					     ? config->budget.direct
					     : budget;
	}
	conf = sw_plan_service_conf(config);
	conf.default_class = room->conf.default_class;
	conf.has_prefixes = room->conf.has_prefixes;
	room->conf = conf;
}

static void change(struct sw_replay_sim *sim, const struct sw_replay_change *what)
{
	const struct sw_plan_service *service = sw_plan_service_named(sim->plan, what->service);
	struct sw_replay_room *room = &sim->rooms[service->id];
	uint32_t before = room->conf.budget;

	set_budget(room, what->budget, sim->replay->follows_budget);
	sw_replay_hold(sim, service->id,
		       (what->is_paused ? SW_HOLD_PAUSED : 0) |
			       (what->is_ready ? 0 : SW_HOLD_NOT_READY));
	if (room->conf.budget <= before)
		return;
	sw_queue_rejoin_all(room->queue);
	sw_replay_drain(sim, service->id);
}

static void come(struct sw_replay_sim *sim, size_t index)
{
	struct sw_replay_connection *connection = &sim->replay->connections[index];
	struct sw_replay_place *place = &sim->places[index];
	struct sw_verdict verdict;

	if (connection->is_inside) {
		sw_replay_take_anyway(sim, index, connection->was.lane);
		place->lane = connection->was.lane;
		place->source->live.is_proven = 1;
		connection->is = connection->was;
		if (connection->held_ns != SW_REPLAY_UNKNOWN)
			put_on_agenda(sim, sim->now_ns + connection->held_ns, SW_REPLAY_ENDS,
				      index);
		return;
	}
	verdict = sw_replay_decide(sim, index);
	connection->is.lane = verdict.lane;
	connection->is.reason = verdict.reason;
	if (sw_lane_admits(verdict.lane)) {
		sw_replay_admit(sim, index, verdict.lane, verdict.reason);
	} else if (verdict.lane == SW_LANE_QUEUE && sim->config->mode == SW_MODE_MONITOR) {
		sw_waiting_free(&sim->rooms[place->service].state, &sim->classes[place->class_id]);
		sw_source_leave(&place->source->live.word);
	} else if (verdict.lane == SW_LANE_QUEUE) {
		if (!sw_replay_park(sim, index, verdict.reason))
			sim->is_out_of_memory = true;
		sw_replay_drain(sim, place->service);
	}
}

static void do_due(struct sw_replay_sim *sim, const struct sw_replay_due *due)
{
	switch (due->what) {
	case SW_REPLAY_ENDS:
		end(sim, due->index);
		break;
	case SW_REPLAY_CHANGES:
		change(sim, &sim->replay->changes[due->index]);
		break;
	case SW_REPLAY_OPENS:
		complete(sim, due->index);
		break;
	case SW_REPLAY_GIVES_UP:
		sw_replay_give_up(sim, due->index);
		break;
	default:
		sw_replay_look(sim, due->index);
	}
}

/* Of the time before its first word of a service a recording knows nothing better than what that says. */
static void begin_with_first(struct sw_replay_sim *sim)
{
	const struct sw_replay *replay = sim->replay;

	for (size_t i = replay->change_count; i--;) {
		const struct sw_plan_service *service =
			sw_plan_service_named(sim->plan, replay->changes[i].service);

		set_budget(&sim->rooms[service->id], replay->changes[i].budget,
			   replay->follows_budget);
	}
}

static void run(struct sw_replay_sim *sim)
{
	const struct sw_replay *replay = sim->replay;
	struct sw_replay_due due;
	size_t next = 0;

	begin_with_first(sim);
	for (size_t i = 0; i < replay->change_count; i++)
		put_on_agenda(sim, replay->changes[i].at_ns, SW_REPLAY_CHANGES, i);
	while (!sim->is_out_of_memory) {
		bool has_due = sw_replay_agenda_peek(&sim->agenda, &due);
		bool has_next = next < replay->count;

		if (has_next && (!has_due || replay->connections[next].at_ns < due.at_ns)) {
			sim->now_ns = replay->connections[next].at_ns;
			come(sim, next++);
		} else if (has_due && due.at_ns <= replay->end_ns) {
			sw_replay_agenda_drop(&sim->agenda);
			sim->now_ns = due.at_ns;
			do_due(sim, &due);
		} else {
			break;
		}
	}
}

/* Who waits at the end has waited until then. */
static void close_waits(struct sw_replay_sim *sim)
{
	for (size_t i = 0; i < sim->replay->count; i++) {
		struct sw_replay_connection *connection = &sim->replay->connections[i];

		if (sim->places[i].lane == SW_LANE_QUEUE)
			connection->is.waited_ns = sim->replay->end_ns - connection->at_ns;
	}
}

int sw_replay_run(struct sw_replay *replay, const struct sw_config *config, struct sw_error *err)
{
	struct sw_replay_sim *sim = calloc(1, sizeof(*sim));
	int rc;

	if (!sim)
		return sw_error_set(err, -ENOMEM, "out of memory");
	sim->replay = replay;
	sim->config = sw_config_clone(config);
	rc = sim->config ? sw_replay_set_up(sim, err) : -ENOMEM;
	if (rc == 0) {
		run(sim);
		close_waits(sim);
		rc = sim->is_out_of_memory ? -ENOMEM : 0;
	}
	if (rc == -ENOMEM)
		sw_error_set(err, rc, "out of memory");
	sw_replay_tear_down(sim);
	return rc;
}
