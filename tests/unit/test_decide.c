/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decision about one connection, with hooks of our own instead of maps and listeners: which lane,
 * for which reason, and that exactly what it says was taken is taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spillway/decide.h"
#include "spillway/waiter.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define DIRECT		SW_LANE_DIRECT
#define POOLER		SW_LANE_POOLER
#define QUEUE		SW_LANE_QUEUE
#define REFUSE		SW_LANE_REFUSE
#define RESET		SW_LANE_RESET
#define DROP		SW_LANE_DROP

/* The first lane is the lowest byte. */
#define CHAIN1(a)	(uint64_t)(a)
#define CHAIN2(a, b)	(CHAIN1(a) | CHAIN1(b) << 8)
#define CHAIN3(a, b, c) (CHAIN2(a, b) | CHAIN1(c) << 16)
#define WAITS		CHAIN3(DIRECT, QUEUE, REFUSE)

/* What surrounds the decision; the request's env. */
struct world {
	struct sw_source_live source;
	int listener_reason[16]; /* of each lane */
	int take_reason;	 /* what taking the source says; 0: its word decides */
	int destination_reason;
	int parkable_reason;
	int hides_live;		 /* the look sees no connection: another CPU is about to add it */
	int taken;
	int steps;
	int failed; /* steps that did not pass */
	enum sw_check last_check;
};

SW_INLINE int sw_env_source_take(struct sw_request *request, int direct,
				 const struct sw_source_limits *limits)
{
	struct world *world = request->env;
	int reason = world->take_reason ? world->take_reason
					: sw_source_take(&world->source.word, 0, direct, limits);

	world->taken += !reason;
	return reason;
}

SW_INLINE struct sw_source_live *sw_env_source(struct sw_request *request)
{
	return &((struct world *)request->env)->source;
}

SW_INLINE __u32 sw_env_source_live(struct sw_request *request)
{
	const struct world *world = request->env;

	return world->hides_live ? 0 : sw_source_live_count(world->source.word);
}

SW_INLINE int sw_env_listener(struct sw_request *request, int lane)
{
	return ((const struct world *)request->env)->listener_reason[lane];
}

SW_INLINE int sw_env_destination(struct sw_request *request)
{
	return ((const struct world *)request->env)->destination_reason;
}

SW_INLINE int sw_env_parkable(struct sw_request *request)
{
	return ((const struct world *)request->env)->parkable_reason;
}

SW_INLINE int sw_env_source_wait(struct sw_request *request, __u32 limit)
{
	struct world *world = request->env;

	return sw_source_wait(&world->source.word, 0, limit);
}

SW_INLINE void sw_env_step(struct sw_request *request, enum sw_check check, __u64 value,
			   __u64 limit, int passed)
{
	struct world *world = request->env;

	(void)value, (void)limit;
	world->steps++;
	world->failed += !passed;
	world->last_check = check;
}

/* A row starts from: budget 2, no caps, a pooler of 2, lanes direct-pooler-refuse, over: drop. */
struct row {
	const char *sentence;
	struct sw_verdict expect;
	uint64_t lanes;
	uint64_t over_limit;
	uint32_t direct_used;
	uint32_t pooler_used;
	uint32_t source_live; /* all of them direct */
	uint32_t connections_per_source;
	uint32_t direct_per_source;
	uint32_t max_direct;
	uint32_t half_open;	   /* of the service */
	uint32_t source_half_open; /* of them the source's */
	uint32_t half_open_max;
	uint32_t half_open_per_source;
	uint8_t action;
	uint8_t over_rate;
	uint8_t loss;
	uint8_t is_lost; /* the heartbeat is stale, whatever on_daemon_loss says */
	uint8_t hold;
	uint8_t yields;
	uint8_t hides_live;
	uint32_t waiting; /* of the service */
	uint32_t class_waiting;
	uint32_t source_waiting;
	uint32_t queue_max;
	uint32_t queue_per_source;
	int destination_reason;
	int parkable_reason;
	int take_reason;
	int pooler_reason;
	int direct_reason;
};

static const struct row rows[] = {
	{.sentence = "the first lane with room takes it", .expect = {DIRECT, SW_REASON_FIRST}},
	{.sentence = "with every slot taken it goes to the pooler",
	 .expect = {POOLER, SW_REASON_BUDGET},
	 .direct_used = 2},
	{.sentence = "with slots and pooler full it is refused",
	 .expect = {REFUSE, SW_REASON_POOLER_FULL},
	 .direct_used = 2,
	 .pooler_used = 2},
	{.sentence = "a chain that begins with the pooler takes the pooler though slots are free",
	 .expect = {POOLER, SW_REASON_FIRST},
	 .lanes = CHAIN3(POOLER, DIRECT, REFUSE)},
	{.sentence = "a full pooler before direct hands on to direct",
	 .expect = {DIRECT, SW_REASON_POOLER_FULL},
	 .pooler_used = 2,
	 .lanes = CHAIN3(POOLER, DIRECT, REFUSE)},
	{.sentence = "a chain ends as its last lane says: drop",
	 .expect = {DROP, SW_REASON_BUDGET},
	 .direct_used = 2,
	 .lanes = CHAIN2(DIRECT, DROP)},
	{.sentence = "a chain ends as its last lane says: reset",
	 .expect = {RESET, SW_REASON_BUDGET},
	 .direct_used = 2,
	 .lanes = CHAIN2(DIRECT, RESET)},
	{.sentence = "a chain of one terminal lane has no other reason than being first",
	 .expect = {REFUSE, SW_REASON_FIRST},
	 .lanes = CHAIN1(REFUSE)},
	{.sentence = "a chain without a terminal lane refuses",
	 .expect = {REFUSE, SW_REASON_BUDGET},
	 .direct_used = 2,
	 .lanes = CHAIN1(DIRECT)},
	{.sentence = "with every slot taken it waits",
	 .expect = {QUEUE, SW_REASON_BUDGET},
	 .direct_used = 2,
	 .lanes = WAITS},
	{.sentence = "without a daemon nobody would let it in: the lane behind the queue answers",
	 .expect = {REFUSE, SW_REASON_NO_QUEUE},
	 .direct_used = 2,
	 .is_lost = 1,
	 .lanes = WAITS},
	{.sentence = "with as many waiting as may the lane behind the queue answers",
	 .expect = {REFUSE, SW_REASON_QUEUE_FULL},
	 .direct_used = 2,
	 .waiting = 5,
	 .class_waiting = 5,
	 .queue_max = 5,
	 .lanes = WAITS},
	{.sentence = "one below that it waits",
	 .expect = {QUEUE, SW_REASON_WAITERS},
	 .direct_used = 2,
	 .waiting = 4,
	 .class_waiting = 4,
	 .queue_max = 5,
	 .lanes = WAITS},
	{.sentence = "a source of which as many wait as may is answered by the lane behind",
	 .expect = {REFUSE, SW_REASON_QUEUE_SOURCE},
	 .direct_used = 2,
	 .waiting = 3,
	 .class_waiting = 3,
	 .source_waiting = 2,
	 .queue_per_source = 2,
	 .lanes = WAITS},
	{.sentence = "nobody overtakes a waiter of his class though a slot is free",
	 .expect = {QUEUE, SW_REASON_WAITERS},
	 .waiting = 1,
	 .class_waiting = 1,
	 .lanes = WAITS},
	{.sentence = "nor one of another class",
	 .expect = {QUEUE, SW_REASON_WAITERS},
	 .waiting = 1,
	 .lanes = WAITS},
	{.sentence = "without a daemon he does: nobody else would ever let anybody in",
	 .expect = {DIRECT, SW_REASON_FIRST},
	 .waiting = 1,
	 .class_waiting = 1,
	 .is_lost = 1,
	 .lanes = WAITS},
	{.sentence = "where no more may wait the slot is not for him while his own class waits",
	 .expect = {REFUSE, SW_REASON_QUEUE_FULL},
	 .waiting = 1,
	 .class_waiting = 1,
	 .queue_max = 1,
	 .lanes = WAITS},
	{.sentence = "nor while a class of more weight may be waiting",
	 .expect = {REFUSE, SW_REASON_QUEUE_FULL},
	 .waiting = 1,
	 .yields = 1,
	 .queue_max = 1,
	 .lanes = WAITS},
	{.sentence = "but others who fill the queue do not keep him from what they cannot have",
	 .expect = {DIRECT, SW_REASON_QUEUE_FULL},
	 .waiting = 1,
	 .queue_max = 1,
	 .lanes = WAITS},
	{.sentence = "who may not wait is not kept out by waiters of no more weight",
	 .expect = {DIRECT, SW_REASON_FIRST},
	 .waiting = 1},
	{.sentence = "who may not wait gets past the lanes that those of more weight wait for",
	 .expect = {REFUSE, SW_REASON_WAITERS},
	 .waiting = 1,
	 .yields = 1},
	{.sentence = "a full queue is passed over by a lane behind it that has room",
	 .expect = {POOLER, SW_REASON_QUEUE_FULL},
	 .direct_used = 2,
	 .waiting = 1,
	 .class_waiting = 1,
	 .queue_max = 1,
	 .lanes = CHAIN3(DIRECT, QUEUE, POOLER)},
	{.sentence = "a pause is waited for",
	 .expect = {QUEUE, SW_REASON_PAUSED},
	 .hold = SW_HOLD_PAUSED,
	 .lanes = WAITS},
	{.sentence = "a pause is waited for by those whose chain has no queue, too",
	 .expect = {QUEUE, SW_REASON_PAUSED},
	 .hold = SW_HOLD_PAUSED},
	{.sentence = "nobody gets past a pause because the queue is full",
	 .expect = {REFUSE, SW_REASON_QUEUE_FULL},
	 .hold = SW_HOLD_PAUSED,
	 .waiting = 1,
	 .queue_max = 1,
	 .lanes = WAITS},
	{.sentence = "without a daemon a pause would never end: it counts no more",
	 .expect = {DIRECT, SW_REASON_FIRST},
	 .hold = SW_HOLD_PAUSED,
	 .is_lost = 1,
	 .lanes = WAITS},
	{.sentence = "a class that allows all is let in during a pause",
	 .expect = {DIRECT, SW_REASON_ACTION},
	 .hold = SW_HOLD_PAUSED,
	 .action = SW_ACTION_ALLOW},
	{.sentence = "a source over its rate is no better off in a pause",
	 .expect = {DROP, SW_REASON_RATE},
	 .hold = SW_HOLD_PAUSED,
	 .over_rate = 1},
	{.sentence = "a database that does not serve is waited for, before the pooler is tried",
	 .expect = {QUEUE, SW_REASON_NOT_READY},
	 .hold = SW_HOLD_NOT_READY,
	 .lanes = CHAIN3(DIRECT, POOLER, QUEUE)},
	{.sentence = "who may not wait hears from the database itself that it does not serve",
	 .expect = {DIRECT, SW_REASON_FIRST},
	 .hold = SW_HOLD_NOT_READY},
	{.sentence = "where nobody listens it waits, before the pooler is tried",
	 .expect = {QUEUE, SW_REASON_NO_LISTENER},
	 .destination_reason = SW_REASON_NO_LISTENER,
	 .lanes = CHAIN3(DIRECT, POOLER, QUEUE)},
	{.sentence = "a chain without direct does not ask who listens there",
	 .expect = {POOLER, SW_REASON_FIRST},
	 .destination_reason = SW_REASON_NO_LISTENER,
	 .lanes = CHAIN3(POOLER, QUEUE, REFUSE)},
	{.sentence = "a SYN that cannot be kept goes to the lane behind the queue",
	 .expect = {REFUSE, SW_REASON_UNPARKABLE},
	 .direct_used = 2,
	 .parkable_reason = SW_REASON_UNPARKABLE,
	 .lanes = WAITS},
	{.sentence = "one whose checksum is wrong is dropped, whatever comes behind the queue",
	 .expect = {DROP, SW_REASON_CHECKSUM},
	 .direct_used = 2,
	 .parkable_reason = SW_REASON_CHECKSUM,
	 .lanes = WAITS},
	{.sentence = "a source over its rate may wait by the over-limit chain",
	 .expect = {QUEUE, SW_REASON_RATE},
	 .over_rate = 1,
	 .over_limit = CHAIN2(QUEUE, REFUSE)},
	{.sentence = "without a pooler the next lane answers",
	 .expect = {REFUSE, SW_REASON_NO_POOLER},
	 .direct_used = 2,
	 .pooler_reason = SW_REASON_NO_POOLER},
	{.sentence = "a pooler that is down hands on",
	 .expect = {REFUSE, SW_REASON_POOLER_DOWN},
	 .direct_used = 2,
	 .pooler_reason = SW_REASON_POOLER_DOWN},
	{.sentence = "a port in TIME_WAIT is not steered",
	 .expect = {DIRECT, SW_REASON_PORT_REUSE},
	 .pooler_reason = SW_REASON_PORT_REUSE,
	 .lanes = CHAIN3(POOLER, DIRECT, REFUSE)},
	{.sentence = "a pooler that cannot be steered to is not tried",
	 .expect = {DIRECT, SW_REASON_UNSTEERABLE},
	 .pooler_reason = SW_REASON_UNSTEERABLE,
	 .lanes = CHAIN3(POOLER, DIRECT, REFUSE)},
	{.sentence = "a direct target nobody listens on hands on",
	 .expect = {POOLER, SW_REASON_NO_LISTENER},
	 .direct_reason = SW_REASON_NO_LISTENER},
	{.sentence = "a class at its max_direct goes on along its chain",
	 .expect = {POOLER, SW_REASON_CLASS_DIRECT},
	 .max_direct = 1,
	 .direct_used = 1},
	{.sentence = "a source at its direct slots goes on along its chain",
	 .expect = {POOLER, SW_REASON_SOURCE_DIRECT},
	 .direct_per_source = 1,
	 .source_live = 1},
	{.sentence = "a source with all the incomplete handshakes it may have goes on",
	 .expect = {POOLER, SW_REASON_SOURCE_HALF_OPEN},
	 .half_open = 2,
	 .source_half_open = 2,
	 .half_open_per_source = 2},
	{.sentence = "one below that it is direct",
	 .expect = {DIRECT, SW_REASON_FIRST},
	 .half_open = 5,
	 .source_half_open = 1,
	 .half_open_per_source = 2},
	{.sentence = "a source that has one goes on when the service has all incomplete handshakes",
	 .expect = {POOLER, SW_REASON_HALF_OPEN},
	 .half_open = 3,
	 .source_half_open = 1,
	 .half_open_max = 3},
	{.sentence = "one below that it is direct, too",
	 .expect = {DIRECT, SW_REASON_FIRST},
	 .half_open = 2,
	 .source_half_open = 1,
	 .half_open_max = 3},
	{.sentence = "a source that has none is direct though the service has all of them",
	 .expect = {DIRECT, SW_REASON_FIRST},
	 .half_open = 3,
	 .half_open_max = 3,
	 .half_open_per_source = 1},
	{.sentence = "with both caps reached the source's own speaks",
	 .expect = {POOLER, SW_REASON_SOURCE_HALF_OPEN},
	 .half_open = 3,
	 .source_half_open = 1,
	 .half_open_max = 3,
	 .half_open_per_source = 1},
	{.sentence = "a class that allows knows no caps of incomplete handshakes",
	 .expect = {DIRECT, SW_REASON_ACTION},
	 .action = SW_ACTION_ALLOW,
	 .half_open = 3,
	 .source_half_open = 1,
	 .half_open_max = 3,
	 .half_open_per_source = 1},
	{.sentence = "with the daemon lost and open nobody does either",
	 .expect = {DIRECT, SW_REASON_DAEMON_LOST},
	 .loss = SW_LOSS_OPEN,
	 .half_open = 3,
	 .source_half_open = 1,
	 .half_open_max = 3,
	 .half_open_per_source = 1},
	{.sentence = "a source over its rate follows the over-limit chain",
	 .expect = {DROP, SW_REASON_RATE},
	 .over_rate = 1},
	{.sentence = "a source over its rate may go to the pooler by that chain",
	 .expect = {POOLER, SW_REASON_RATE},
	 .over_rate = 1,
	 .over_limit = CHAIN2(POOLER, REFUSE)},
	{.sentence = "and is refused there when the pooler is full",
	 .expect = {REFUSE, SW_REASON_POOLER_FULL},
	 .over_rate = 1,
	 .pooler_used = 2,
	 .over_limit = CHAIN2(POOLER, REFUSE)},
	{.sentence = "a source at its connections follows the over-limit chain",
	 .expect = {DROP, SW_REASON_SOURCE_LIVE},
	 .connections_per_source = 3,
	 .source_live = 3},
	{.sentence = "one below its connections it follows the class's chain",
	 .expect = {DIRECT, SW_REASON_FIRST},
	 .connections_per_source = 3,
	 .source_live = 2},
	{.sentence = "the over-limit chain may admit what the connections forbid",
	 .expect = {POOLER, SW_REASON_SOURCE_LIVE},
	 .connections_per_source = 3,
	 .source_live = 3,
	 .over_limit = CHAIN2(POOLER, REFUSE)},
	{.sentence = "the rate speaks before the connections",
	 .expect = {DROP, SW_REASON_RATE},
	 .over_rate = 1,
	 .connections_per_source = 1,
	 .source_live = 1},
	{.sentence = "losing the source's last connection to another CPU changes the chain",
	 .expect = {DROP, SW_REASON_SOURCE_LIVE},
	 .hides_live = 1,
	 .connections_per_source = 1,
	 .source_live = 1},
	{.sentence = "and the over-limit chain may still admit it",
	 .expect = {POOLER, SW_REASON_SOURCE_LIVE},
	 .hides_live = 1,
	 .connections_per_source = 1,
	 .source_live = 1,
	 .over_limit = CHAIN2(POOLER, REFUSE)},
	{.sentence = "no room for another source ends the chain",
	 .expect = {REFUSE, SW_REASON_SOURCES_FULL},
	 .take_reason = SW_REASON_SOURCES_FULL},
	{.sentence = "too many CPUs at the source end the chain",
	 .expect = {REFUSE, SW_REASON_CONTENDED},
	 .take_reason = SW_REASON_CONTENDED},
	{.sentence = "a class that refuses refuses though slots are free",
	 .expect = {REFUSE, SW_REASON_ACTION},
	 .action = SW_ACTION_REFUSE},
	{.sentence = "a class that resets resets",
	 .expect = {RESET, SW_REASON_ACTION},
	 .action = SW_ACTION_RESET},
	{.sentence = "a class that drops drops",
	 .expect = {DROP, SW_REASON_ACTION},
	 .action = SW_ACTION_DROP},
	{.sentence = "a class that allows goes direct beyond the budget",
	 .expect = {DIRECT, SW_REASON_ACTION},
	 .action = SW_ACTION_ALLOW,
	 .direct_used = 2},
	{.sentence = "a class that allows knows no rate, no connections, no daemon",
	 .expect = {DIRECT, SW_REASON_ACTION},
	 .action = SW_ACTION_ALLOW,
	 .over_rate = 1,
	 .connections_per_source = 1,
	 .direct_per_source = 1,
	 .source_live = 1,
	 .loss = SW_LOSS_CLOSED},
	{.sentence = "a class that allows is refused only when its source cannot be counted",
	 .expect = {REFUSE, SW_REASON_SOURCES_FULL},
	 .action = SW_ACTION_ALLOW,
	 .take_reason = SW_REASON_SOURCES_FULL},
	{.sentence = "with the daemon lost and open everybody goes direct",
	 .expect = {DIRECT, SW_REASON_DAEMON_LOST},
	 .loss = SW_LOSS_OPEN,
	 .direct_used = 2},
	{.sentence = "with the daemon lost and closed nobody does",
	 .expect = {REFUSE, SW_REASON_DAEMON_LOST},
	 .loss = SW_LOSS_CLOSED},
	{.sentence = "a class that drops drops with the daemon lost and open",
	 .expect = {DROP, SW_REASON_ACTION},
	 .action = SW_ACTION_DROP,
	 .loss = SW_LOSS_OPEN},
};

/* The maps around a row's decision, as they were before. */
struct stage {
	struct sw_service_conf conf;
	struct sw_service_state service;
	struct sw_class_conf class_conf;
	struct sw_class_state class;
	struct world world;
	struct sw_request request;
};

static void set_stage(struct stage *stage, const struct row *row)
{
	*stage = (struct stage){
		.conf = {.over_limit = row->over_limit ? row->over_limit : CHAIN1(DROP),
			 .budget = 2,
			 .shared_limit = 2,
			 .pooler_max = 2,
			 .half_open_max = row->half_open_max,
			 .half_open_per_source = row->half_open_per_source,
			 .queue_max = row->queue_max,
			 .queue_per_source = row->queue_per_source},
		.service = {.direct = sw_slots_word(row->direct_used, row->direct_used),
			    .pooler = row->pooler_used,
			    .half_open = row->half_open,
			    .waiting = row->waiting,
			    .hold = row->hold},
		.class_conf = {.lanes = row->lanes ? row->lanes : CHAIN3(DIRECT, POOLER, REFUSE),
			       .connections_per_source = row->connections_per_source,
			       .direct_per_source = row->direct_per_source,
			       .max_direct = row->max_direct,
			       .action = row->action,
			       .yields = row->yields},
		.class = {.direct = row->direct_used,
			  .pooler = row->pooler_used,
			  .waiting = row->class_waiting},
		.world = {.source.word = row->source_live * (SW_SOURCE_LIVE + SW_SOURCE_DIRECT) +
					 row->source_waiting * SW_SOURCE_WAITING,
			  .destination_reason = row->destination_reason,
			  .parkable_reason = row->parkable_reason,
			  .source.half_open = row->source_half_open,
			  .take_reason = row->take_reason,
			  .hides_live = row->hides_live},
	};
	stage->world.listener_reason[DIRECT] = row->direct_reason;
	stage->world.listener_reason[POOLER] = row->pooler_reason;
	stage->request = (struct sw_request){.service_conf = &stage->conf,
					     .service = &stage->service,
					     .class_conf = &stage->class_conf,
					     .class_state = &stage->class,
					     .over_rate = row->over_rate,
					     .is_fresh = !row->is_lost && !row->loss,
					     .loss = row->loss,
					     .env = &stage->world};
}

static void give_back(struct stage *stage, uint8_t lane)
{
	sw_release(&stage->service, &stage->class, &stage->world.source, lane, 1);
	if (lane != QUEUE)
		return;
	sw_waiting_free(&stage->service, &stage->class);
	sw_source_leave(&stage->world.source.word);
}

static void check_row(void **state)
{
	const struct row *row = *state;
	struct stage stage, before;
	struct sw_verdict verdict;
	int direct, pooler, queue;

	set_stage(&stage, row);
	before = stage;
	verdict = sw_decide(&stage.request);
	assert_int_equal(verdict.lane, row->expect.lane);
	assert_int_equal(verdict.reason, row->expect.reason);
	direct = verdict.lane == DIRECT;
	pooler = verdict.lane == POOLER;
	queue = verdict.lane == QUEUE;
	assert_int_equal(stage.service.direct - before.service.direct, direct * 0x100000001ull);
	assert_int_equal(stage.class.direct - before.class.direct, direct);
	assert_int_equal(stage.service.pooler - before.service.pooler, pooler);
	assert_int_equal(stage.class.pooler - before.class.pooler, pooler);
	assert_int_equal(sw_source_live_count(stage.world.source.word) - row->source_live,
			 direct + pooler);
	assert_int_equal(sw_source_direct_count(stage.world.source.word) - row->source_live,
			 direct);
	assert_int_equal(stage.service.waiting - before.service.waiting, queue);
	assert_int_equal(stage.class.waiting - before.class.waiting, queue);
	assert_int_equal(sw_source_waiting_count(stage.world.source.word) - row->source_waiting,
			 queue);
	assert_int_equal(stage.service.half_open - before.service.half_open, direct);
	assert_int_equal(stage.world.source.half_open - before.world.source.half_open, direct);
	give_back(&stage, verdict.lane);
	assert_memory_equal(&stage.service, &before.service, sizeof(stage.service));
	assert_memory_equal(&stage.class, &before.class, sizeof(stage.class));
	assert_memory_equal(&stage.world.source, &before.world.source, sizeof(before.world.source));
}

static void every_reason_has_a_row_but_those_of_the_table_of_flows(void **state)
{
	(void)state;
	for (int reason = 0; reason < SW_REASON_COUNT; reason++) {
		int found = reason == SW_REASON_FLOWS_FULL || reason == SW_REASON_QUEUE_TIMEOUT;

		for (size_t i = 0; i < COUNT_OF(rows); i++)
			found |= rows[i].expect.reason == reason;
		if (!found)
			fail_msg("no row ends with reason %d", reason);
	}
}

static void a_chain_of_eight_lanes_is_walked_to_its_end(void **state)
{
	static const struct row full = {.direct_used = 2, .pooler_used = 2};
	struct sw_verdict verdict;
	struct stage stage;

	(void)state;
	set_stage(&stage, &full);
	stage.class_conf.lanes = 0;
	for (int i = 0; i < SW_CHAIN_MAX; i++)
		stage.class_conf.lanes |= CHAIN1(i == SW_CHAIN_MAX - 1 ? DROP
						 : i % 2	       ? DIRECT
								       : POOLER)
					  << 8 * i;
	verdict = sw_decide(&stage.request);
	assert_int_equal(verdict.lane, DROP);
	assert_int_equal(sw_chain_last(stage.class_conf.lanes), DROP);
	assert_int_equal(sw_chain_last(0), REFUSE);
}

static void the_steps_of_an_explanation_name_each_check(void **state)
{
	static const struct row limited = {
		.direct_used = 2, .pooler_used = 2, .connections_per_source = 9};
	struct stage stage;

	(void)state;
	set_stage(&stage, &limited);
	sw_decide(&stage.request);
	/* connections, max_direct, reserve, budget, pooler; no reserve, no slot, no place */
	assert_int_equal(stage.world.steps, 5);
	assert_int_equal(stage.world.failed, 3);
	assert_int_equal(stage.world.last_check, SW_CHECK_POOLER);
}

static void a_reserve_serves_its_class_when_the_shared_slots_are_gone(void **state)
{
	static const struct row full = {.direct_used = 1};
	struct sw_verdict verdict;
	struct stage stage;

	(void)state;
	set_stage(&stage, &full);
	stage.conf.shared_limit = 1;
	stage.class.direct = 0; /* the slot is another class's */
	verdict = sw_decide(&stage.request);
	assert_int_equal(verdict.lane, POOLER);
	set_stage(&stage, &full);
	stage.conf.shared_limit = 1;
	stage.class.direct = 0;
	stage.class_conf.reserved = 1;
	verdict = sw_decide(&stage.request);
	assert_int_equal(verdict.lane, DIRECT);
	assert_int_equal(stage.class.direct, sw_slots_word(1, 0));
	assert_int_equal(stage.service.direct, sw_slots_word(2, 1));
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(every_reason_has_a_row_but_those_of_the_table_of_flows),
		cmocka_unit_test(a_chain_of_eight_lanes_is_walked_to_its_end),
		cmocka_unit_test(the_steps_of_an_explanation_name_each_check),
		cmocka_unit_test(a_reserve_serves_its_class_when_the_shared_slots_are_gone),
	};
	struct CMUnitTest tests[COUNT_OF(rows) + COUNT_OF(others)];

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		tests[i] = (struct CMUnitTest){rows[i].sentence, check_row, NULL, NULL,
					       (void *)&rows[i]};
	for (size_t i = 0; i < COUNT_OF(others); i++)
		tests[COUNT_OF(rows) + i] = others[i];
	return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
