/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of policy/replay share.
 */
#ifndef SW_POLICY_REPLAY_PARTS_H
#define SW_POLICY_REPLAY_PARTS_H

#include "policy/plan.h"
#include "policy/queue.h"
#include "policy/replay.h"
#include "spillway/release.h"

/* A source, for good: its connections, and its rate. */
struct sw_replay_source {
	struct sw_source_key key;
	struct sw_source_live live;
	__u64 theoretical_ns; /* gcra.h */
	struct sw_replay_source *same_hash;
};

/* Where a connection stands. */
struct sw_replay_place {
	struct sw_replay_source *source;
	uint32_t service; /* id */
	uint32_t class_id;
	uint8_t lane; /* that it holds something of; SW_LANE_NONE: it does not */
	uint8_t over; /* SW_LANE_QUEUE: the limit of its source that it came over, enum sw_reason */
	bool owes_rate; /* SW_LANE_QUEUE: it has its arrival to take yet */
	bool is_half_open;
};

enum sw_replay_what {
	/* Of those at one time the first here comes first. */
	SW_REPLAY_ENDS,
	SW_REPLAY_CHANGES,
	SW_REPLAY_OPENS,
	SW_REPLAY_GIVES_UP,
	SW_REPLAY_LOOKS, /* at a waiting room, by the clock */
};

struct sw_replay_due {
	uint64_t at_ns;
	uint32_t index; /* of the connection, the change or the service */
	uint8_t what;
};

/* What is to come, the next first. */
struct sw_replay_agenda {
	struct sw_replay_due *heap;
	size_t count, room;
};

int sw_replay_agenda_add(struct sw_replay_agenda *agenda, uint64_t at_ns, enum sw_replay_what what,
			 size_t index);
/* False: nothing is to come. */
bool sw_replay_agenda_peek(const struct sw_replay_agenda *agenda, struct sw_replay_due *out);
void sw_replay_agenda_drop(struct sw_replay_agenda *agenda);

struct sw_replay_room {
	struct sw_service_conf conf;
	struct sw_service_state state;
	struct sw_config_service *config; /* of the simulation's own tree */
	struct sw_queue *queue;		  /* NULL: there is no such service */
	uint64_t ramp_interval_ns, ramp_next_ns;
	uint64_t looks_at_ns; /* when the next look is due; 0: none is */
};

#define SW_REPLAY_BUCKETS (1u << 16)

struct sw_replay_sim {
	struct sw_replay *replay;
	struct sw_config *config;
	struct sw_plan *plan;
	uint64_t now_ns;
	struct sw_replay_place *places; /* of each connection */
	struct sw_replay_agenda agenda;
	struct sw_replay_room rooms[SW_SERVICES_MAX];
	struct sw_class_state classes[SW_CLASSES_MAX];
	struct sw_replay_source *sources[SW_REPLAY_BUCKETS];
	bool is_out_of_memory;
};

/* As sw_replay_run() answers. To be torn down either way. */
int sw_replay_set_up(struct sw_replay_sim *sim, struct sw_error *err);
void sw_replay_tear_down(struct sw_replay_sim *sim);

/* Somebody who comes: what it took is taken. */
struct sw_verdict sw_replay_decide(struct sw_replay_sim *sim, size_t index);
/* One that was there before: it takes what its lane costs, whatever the limits. */
void sw_replay_take_anyway(struct sw_replay_sim *sim, size_t index, uint8_t lane);

struct sw_replay_turn {
	struct sw_verdict verdict; /* SW_LANE_QUEUE: it stays */
	enum sw_queue_scope scope; /* then: what it is kept by */
};

struct sw_replay_turn sw_replay_decide_waiter(struct sw_replay_sim *sim, size_t index,
					      enum sw_release_op op);

/* It got in: when it goes on and ends is put on the agenda. */
void sw_replay_admit(struct sw_replay_sim *sim, size_t index, uint8_t lane, uint8_t reason);

/* It is to wait. False where it cannot: no memory. */
bool sw_replay_park(struct sw_replay_sim *sim, size_t index, uint8_t reason);
void sw_replay_give_up(struct sw_replay_sim *sim, size_t index);
/* Lets in who can, sends on who has waited too long, and says when it is to look again. */
void sw_replay_drain(struct sw_replay_sim *sim, uint32_t service);
/* What the clock does twenty times a second. */
void sw_replay_look(struct sw_replay_sim *sim, uint32_t service);
void sw_replay_hold(struct sw_replay_sim *sim, uint32_t service, uint64_t hold);

#endif
