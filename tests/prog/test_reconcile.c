/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reconciliation's steps: what each does to a flow in each of its states, and what that costs.
 */
#include <arpa/inet.h>
#include <errno.h>

#include "core/clock.h"
#include "fill.h"

#define CLIENT	  0x010001
#define SECOND_NS UINT64_C(1000000000)

static const struct packet first = {.client = CLIENT, .client_port = 1};

static struct sw_flow_op op_of(const struct rig *rig, uint32_t kind)
{
	struct packet whole = first;

	whole.ipv6 = rig->ipv6;
	return (struct sw_flow_op){
		.key = packet_flow(&whole),
		.kind = kind,
		.result = 77,
		.source_bits = rig->ipv6 ? 128 : 32,
		.lane = SW_LANE_DIRECT,
		.state = SW_FLOW_OPEN,
	};
}

static uint32_t do_op(struct rig *rig, struct sw_flow_op *op)
{
	assert_int_equal(sw_kern_reconcile(rig->kern, op), 0);
	return op->result;
}

static uint32_t adopt(struct rig *rig, uint8_t lane, uint8_t state)
{
	struct sw_flow_op op = op_of(rig, SW_FLOW_OP_ADOPT);

	op.lane = lane;
	op.state = state;
	return do_op(rig, &op);
}

static uint32_t suspect(struct rig *rig, uint64_t seen_word)
{
	struct sw_flow_op op = op_of(rig, SW_FLOW_OP_SUSPECT);

	op.seen_word = seen_word;
	return do_op(rig, &op);
}

static uint32_t release(struct rig *rig, uint64_t seen_word)
{
	struct sw_flow_op op = op_of(rig, SW_FLOW_OP_RELEASE);

	op.seen_word = seen_word;
	return do_op(rig, &op);
}

static uint64_t word_now(const struct rig *rig)
{
	return rig_flow(rig, &first).word;
}

/* All counts that a flow of `first` is in. */
static void expect_counts(const struct rig *rig, uint32_t direct, uint32_t pooler,
			  uint32_t half_open)
{
	uint64_t source = rig_source(rig, 0, &first);

	rig_assert_slots(rig, 0, direct, pooler);
	rig_assert_half_open(rig, &first, half_open, half_open);
	assert_int_equal(rig->maps->class_state[0].direct, direct);
	assert_int_equal(rig->maps->class_state[0].pooler, pooler);
	assert_int_equal(sw_source_live_count(source), direct + pooler);
	assert_int_equal(sw_source_direct_count(source), direct);
}

static void a_socket_without_a_flow_gets_one(struct rig *rig, const void *arg)
{
	uint64_t now_ns = sw_clock_monotonic_ns();
	struct sw_flow flow;

	(void)arg;
	assert_int_equal(adopt(rig, SW_LANE_DIRECT, SW_FLOW_OPEN), SW_FLOW_OP_DONE);
	expect_counts(rig, 1, 0, 0);
	flow = rig_flow(rig, &first);
	assert_int_equal(flow.state, SW_FLOW_OPEN);
	assert_int_equal(flow.flags, SW_FLOW_ADOPTED);
	assert_int_equal(flow.isn, 0);
	assert_in_range(flow.syn_ns, now_ns, now_ns + 10 * SECOND_NS);
	/* And only one. */
	assert_int_equal(adopt(rig, SW_LANE_DIRECT, SW_FLOW_OPEN), SW_FLOW_OP_KEPT);
	expect_counts(rig, 1, 0, 0);
	rig_expect(rig, &first, RETRANSMIT(PASSES));
}

static void an_incomplete_one_expires(struct rig *rig, const void *arg)
{
	(void)arg;
	assert_int_equal(adopt(rig, SW_LANE_DIRECT, SW_FLOW_HALF_OPEN), SW_FLOW_OP_DONE);
	expect_counts(rig, 1, 0, 1);
	assert_int_equal(rig_sweep_after(rig, 6 * SECOND_NS).flows_expired, 1);
	expect_counts(rig, 0, 0, 0);
}

static void the_pooler_costs_no_slot(struct rig *rig, const void *arg)
{
	(void)arg;
	assert_int_equal(adopt(rig, SW_LANE_POOLER, SW_FLOW_HALF_OPEN), SW_FLOW_OP_DONE);
	expect_counts(rig, 0, 1, 0);
	rig_sweep_after(rig, 6 * SECOND_NS);
	expect_counts(rig, 0, 0, 0);
}

static void adoption_is_never_refused(struct rig *rig, const void *arg)
{
	(void)arg;
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 0;
	rig->maps->service_conf[0].half_open_per_source = 1;
	rig->maps->class_conf[0].connections_per_source = 1;
	rig->maps->class_conf[0].direct_per_source = 1;
	rig->maps->class_conf[0].action = SW_ACTION_DROP;
	for (uint16_t port = 1; port <= 3; port++) {
		struct sw_flow_op op = op_of(rig, SW_FLOW_OP_ADOPT);

		op.key.client_port_be = htons(port);
		op.state = SW_FLOW_HALF_OPEN;
		assert_int_equal(do_op(rig, &op), SW_FLOW_OP_DONE);
	}
	expect_counts(rig, 3, 0, 3);
}

static void a_handshake_that_was_missed_is_confirmed(struct rig *rig, const void *arg)
{
	struct sw_flow_op op = op_of(rig, SW_FLOW_OP_ADOPT);

	(void)arg;
	rig_expect(rig, &first, DIRECT_FIRST);
	assert_int_equal(adopt(rig, SW_LANE_DIRECT, SW_FLOW_HALF_OPEN), SW_FLOW_OP_KEPT);
	expect_counts(rig, 1, 0, 1);
	op.state = SW_FLOW_OPEN;
	assert_int_equal(do_op(rig, &op), SW_FLOW_OP_CONFIRMED);
	expect_counts(rig, 1, 0, 0);
	assert_int_equal(rig_flow(rig, &first).state, SW_FLOW_OPEN);
	/* By which it can be given back. */
	assert_true(op.seen_word == word_now(rig));
}

static void a_late_handshake_that_was_missed_is_overcommitted(struct rig *rig, const void *arg)
{
	(void)arg;
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 1;
	rig_expect(rig, &first, DIRECT_FIRST);
	rig_sweep_after(rig, 6 * SECOND_NS);
	assert_int_equal(adopt(rig, SW_LANE_DIRECT, SW_FLOW_HALF_OPEN), SW_FLOW_OP_KEPT);
	expect_counts(rig, 0, 0, 0);
	assert_int_equal(rig_counted(rig, SW_COUNTER_OVERCOMMITTED), 0);
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 0;
	assert_int_equal(adopt(rig, SW_LANE_DIRECT, SW_FLOW_OPEN), SW_FLOW_OP_CONFIRMED);
	expect_counts(rig, 1, 0, 0);
	assert_int_equal(rig_counted(rig, SW_COUNTER_OVERCOMMITTED), 1);
}

static void a_waiter_that_is_in_is_confirmed(struct rig *rig, const void *arg)
{
	(void)arg;
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 0;
	rig->maps->class_conf[0].lanes = CHAIN3(SW_LANE_DIRECT, SW_LANE_QUEUE, SW_LANE_REFUSE);
	assert_int_equal(sw_kern_beat(rig->kern), 0);
	rig_send(rig, &first);
	assert_int_equal(rig_flow(rig, &first).state, SW_FLOW_WAITING);
	assert_int_equal(adopt(rig, SW_LANE_DIRECT, SW_FLOW_HALF_OPEN), SW_FLOW_OP_KEPT);
	assert_int_equal(rig->maps->service_state[0].waiting, 1);
	assert_int_equal(adopt(rig, SW_LANE_DIRECT, SW_FLOW_OPEN), SW_FLOW_OP_CONFIRMED);
	assert_int_equal(rig_flow(rig, &first).state, SW_FLOW_OPEN);
	expect_counts(rig, 1, 0, 0);
	assert_int_equal(rig->maps->service_state[0].waiting, 0);
	assert_int_equal(rig->maps->class_state[0].waiting, 0);
	assert_int_equal(sw_source_waiting_count(rig_source(rig, 0, &first)), 0);
	assert_int_equal(rig_counted(rig, SW_COUNTER_OVERCOMMITTED), 1);
	assert_int_equal(rig_counted(rig, SW_COUNTER_WAIT_ADMITTED), 1);
}

static void a_late_connection_lives_from_now_on(struct rig *rig, const void *arg)
{
	uint64_t now_ns;

	(void)arg;
	rig_expect(rig, &first, DIRECT_FIRST);
	rig_sweep_after(rig, 6 * SECOND_NS);
	rig_sweep_after(rig, 60 * SECOND_NS);
	now_ns = sw_clock_monotonic_ns();
	assert_int_equal(adopt(rig, SW_LANE_DIRECT, SW_FLOW_OPEN), SW_FLOW_OP_CONFIRMED);
	assert_in_range(rig_flow(rig, &first).state_ns, now_ns, now_ns + 10 * SECOND_NS);
}

static void an_adopted_flow_changes_its_lane(struct rig *rig, const void *arg)
{
	(void)arg;
	adopt(rig, SW_LANE_DIRECT, SW_FLOW_OPEN);
	assert_int_equal(adopt(rig, SW_LANE_POOLER, SW_FLOW_OPEN), SW_FLOW_OP_MOVED);
	expect_counts(rig, 0, 1, 0);
	assert_int_equal(adopt(rig, SW_LANE_DIRECT, SW_FLOW_OPEN), SW_FLOW_OP_MOVED);
	expect_counts(rig, 1, 0, 0);
}

static void only_a_difference_is_drift(struct rig *rig, const void *arg)
{
	struct sw_flow_op op = op_of(rig, SW_FLOW_OP_ADOPT);

	(void)arg;
	op.is_drift = 1;
	assert_int_equal(do_op(rig, &op), SW_FLOW_OP_DONE);
	assert_int_equal(rig_counted(rig, SW_COUNTER_DRIFT), 1);
	op.lane = SW_LANE_POOLER;
	do_op(rig, &op);
	expect_counts(rig, 0, 1, 0);
	assert_int_equal(rig_counted(rig, SW_COUNTER_DRIFT), 1);
}

/* Its address was given to service 1, whose class is 3: there it counts, to its end, and not here. */
static void a_flow_counts_under_the_service_of_its_address(struct rig *rig, const void *arg)
{
	struct sw_flow_op op = op_of(rig, SW_FLOW_OP_ADOPT);
	uint64_t opened_ns;

	(void)arg;
	rig_expect(rig, &first, DIRECT_FIRST);
	adopt(rig, SW_LANE_DIRECT, SW_FLOW_OPEN);
	opened_ns = rig_flow(rig, &first).state_ns;
	op.service = 1;
	op.class_id = 3;
	op.is_drift = 1;
	assert_int_equal(do_op(rig, &op), SW_FLOW_OP_MOVED);
	expect_counts(rig, 0, 0, 0);
	rig_assert_slots(rig, 1, 1, 0);
	assert_int_equal(rig->maps->class_state[3].direct, 1);
	assert_int_equal(sw_source_direct_count(rig_source(rig, 1, &first)), 1);
	assert_int_equal(rig_flow(rig, &first).state_ns, opened_ns);
	assert_int_equal(rig_counted(rig, SW_COUNTER_DRIFT), 0);
	assert_int_equal(do_op(rig, &op), SW_FLOW_OP_KEPT);
	assert_int_equal(suspect(rig, word_now(rig)), SW_FLOW_OP_DONE);
	assert_int_equal(release(rig, word_now(rig)), SW_FLOW_OP_DONE);
	rig_assert_slots(rig, 1, 0, 0);
	assert_int_equal(rig->maps->class_state[3].direct, 0);
	assert_int_equal(sw_source_live_count(rig_source(rig, 1, &first)), 0);
}

static void an_incomplete_flow_stays_where_it_was(struct rig *rig, const void *arg)
{
	struct sw_flow_op op = op_of(rig, SW_FLOW_OP_ADOPT);

	(void)arg;
	rig_expect(rig, &first, DIRECT_FIRST);
	op.service = 1;
	op.class_id = 3;
	op.state = SW_FLOW_HALF_OPEN;
	assert_int_equal(do_op(rig, &op), SW_FLOW_OP_KEPT);
	adopt(rig, SW_LANE_DIRECT, SW_FLOW_OPEN);
	assert_int_equal(do_op(rig, &op), SW_FLOW_OP_KEPT);
	expect_counts(rig, 1, 0, 0);
	rig_assert_slots(rig, 1, 0, 0);
}

static void a_decided_flow_keeps_its_lane(struct rig *rig, const void *arg)
{
	(void)arg;
	rig_expect(rig, &first, DIRECT_FIRST);
	adopt(rig, SW_LANE_DIRECT, SW_FLOW_OPEN);
	assert_int_equal(adopt(rig, SW_LANE_POOLER, SW_FLOW_OPEN), SW_FLOW_OP_KEPT);
	expect_counts(rig, 1, 0, 0);
}

/* A flow that is just being filled or removed by somebody else. */
static void a_flow_in_between_is_left_alone(struct rig *rig, const void *arg)
{
	struct sw_flow flow;
	uint64_t before;

	rig_expect(rig, &first, DIRECT_FIRST);
	flow = rig_flow(rig, &first);
	flow.state = *(const uint8_t *)arg;
	rig_put_flow(rig, &first, &flow);
	before = rig_fingerprint(rig);
	assert_int_equal(adopt(rig, SW_LANE_DIRECT, SW_FLOW_OPEN), SW_FLOW_OP_KEPT);
	assert_int_equal(adopt(rig, SW_LANE_POOLER, SW_FLOW_OPEN), SW_FLOW_OP_KEPT);
	assert_int_equal(suspect(rig, flow.word), SW_FLOW_OP_KEPT);
	assert_int_equal(release(rig, flow.word), SW_FLOW_OP_KEPT);
	assert_int_equal(rig_fingerprint(rig), before);
}

static void a_suspect_is_released(struct rig *rig, const void *arg)
{
	uint64_t seen;

	(void)arg;
	adopt(rig, SW_LANE_DIRECT, SW_FLOW_OPEN);
	seen = word_now(rig);
	assert_int_equal(release(rig, seen), SW_FLOW_OP_KEPT);
	assert_int_equal(suspect(rig, seen), SW_FLOW_OP_DONE);
	assert_int_equal(rig_flow(rig, &first).flags, SW_FLOW_ADOPTED | SW_FLOW_SUSPECT);
	assert_int_equal(release(rig, seen), SW_FLOW_OP_KEPT);
	expect_counts(rig, 1, 0, 0);
	seen = word_now(rig);
	assert_int_equal(release(rig, seen), SW_FLOW_OP_DONE);
	assert_false(rig_has_flow(rig, &first));
	expect_counts(rig, 0, 0, 0);
	assert_int_equal(release(rig, seen), SW_FLOW_OP_KEPT);
	assert_int_equal(suspect(rig, seen), SW_FLOW_OP_KEPT);
}

static void a_syn_takes_the_suspicion_away(struct rig *rig, const void *arg)
{
	uint64_t seen;

	(void)arg;
	adopt(rig, SW_LANE_DIRECT, SW_FLOW_OPEN);
	suspect(rig, word_now(rig));
	seen = word_now(rig);
	rig_expect(rig, &first, RETRANSMIT(PASSES));
	assert_int_equal(rig_flow(rig, &first).flags, SW_FLOW_ADOPTED);
	assert_int_equal(release(rig, seen), SW_FLOW_OP_KEPT);
	expect_counts(rig, 1, 0, 0);
}

static void its_socket_takes_the_suspicion_away(struct rig *rig, const void *arg)
{
	uint64_t seen;

	(void)arg;
	adopt(rig, SW_LANE_DIRECT, SW_FLOW_OPEN);
	suspect(rig, word_now(rig));
	seen = word_now(rig);
	assert_int_equal(adopt(rig, SW_LANE_DIRECT, SW_FLOW_OPEN), SW_FLOW_OP_KEPT);
	assert_int_equal(release(rig, seen), SW_FLOW_OP_KEPT);
	expect_counts(rig, 1, 0, 0);
}

static void an_incomplete_flow_is_no_suspect(struct rig *rig, const void *arg)
{
	(void)arg;
	rig_expect(rig, &first, DIRECT_FIRST);
	assert_int_equal(suspect(rig, word_now(rig)), SW_FLOW_OP_KEPT);
	assert_int_equal(release(rig, word_now(rig)), SW_FLOW_OP_KEPT);
	expect_counts(rig, 1, 0, 1);
}

/* A word that another flow had, as memory that was given away would show it. */
static void the_word_of_another_flow_is_refused(struct rig *rig, const void *arg)
{
	struct sw_flow flow;
	uint64_t before;

	(void)arg;
	adopt(rig, SW_LANE_DIRECT, SW_FLOW_OPEN);
	flow = rig_flow(rig, &first);
	flow.tag++;
	flow.flags |= SW_FLOW_SUSPECT;
	rig_put_flow(rig, &first, &flow);
	before = rig_fingerprint(rig);
	assert_int_equal(release(rig, flow.word), SW_FLOW_OP_KEPT);
	assert_int_equal(adopt(rig, SW_LANE_POOLER, SW_FLOW_OPEN), SW_FLOW_OP_KEPT);
	assert_int_equal(rig_fingerprint(rig), before);
}

static void what_is_no_step_is_refused(struct rig *rig, const void *arg)
{
	struct sw_flow_op op = op_of(rig, 0);
	uint64_t before = rig_fingerprint(rig);

	(void)arg;
	assert_int_equal(sw_kern_reconcile(rig->kern, &op), -EINVAL);
	op.kind = SW_FLOW_OP_ADOPT;
	op.lane = SW_LANE_REFUSE;
	assert_int_equal(sw_kern_reconcile(rig->kern, &op), -EINVAL);
	op.lane = SW_LANE_DIRECT;
	op.state = SW_FLOW_EXPIRED;
	assert_int_equal(sw_kern_reconcile(rig->kern, &op), -EINVAL);
	assert_int_equal(op.result, 77);
	assert_int_equal(rig_fingerprint(rig), before);
}

static void without_room_nothing_is_taken(struct rig *rig, const void *arg)
{
	(void)arg;
	fill_flows(rig);
	assert_int_equal(adopt(rig, SW_LANE_DIRECT, SW_FLOW_HALF_OPEN), SW_FLOW_OP_NO_ROOM);
	expect_counts(rig, 0, 0, 0);
}

static void without_room_for_its_source_it_counts(struct rig *rig, const void *arg)
{
	(void)arg;
	rig_expect(rig, &first, DIRECT_FIRST);
	/* Its source goes as well. */
	rig_sweep_after(rig, 12 * SECOND_NS);
	fill_sources(rig);
	assert_int_equal(adopt(rig, SW_LANE_DIRECT, SW_FLOW_OPEN), SW_FLOW_OP_CONFIRMED);
	rig_assert_slots(rig, 0, 1, 0);
	assert_int_equal(rig_flow(rig, &first).state, SW_FLOW_OPEN);
	assert_int_equal(rig_counted(rig, SW_COUNTER_OVERCOMMITTED), 1);
	assert_int_equal(rig_counted(rig, SW_COUNTER_SOURCES_FULL), 1);
}

/* Though there is an entry for its source by the time that it ends: that one never counted it. */
static void without_room_for_sources_the_slot_is_taken(struct rig *rig, const void *arg)
{
	const uint8_t state = *(const uint8_t *)arg;
	struct sw_flow_op op = op_of(rig, SW_FLOW_OP_SUSPECT);

	fill_sources(rig);
	assert_int_equal(adopt(rig, SW_LANE_DIRECT, state), SW_FLOW_OP_DONE);
	rig_assert_slots(rig, 0, 1, 0);
	assert_int_equal(rig->maps->service_state[0].half_open, state == SW_FLOW_HALF_OPEN);
	rig_empty_map(rig->maps->source_live_fd);
	rig_expect_syn(rig, CLIENT, 2, DIRECT_FIRST);
	op.seen_word = rig_flow(rig, &first).word;
	assert_int_equal(sw_kern_reconcile(rig->kern, &op), 0);
	op.kind = SW_FLOW_OP_RELEASE;
	op.seen_word = rig_flow(rig, &first).word;
	assert_int_equal(sw_kern_reconcile(rig->kern, &op), 0);
	assert_int_equal(op.result, SW_FLOW_OP_DONE);
	assert_false(rig_has_flow(rig, &first));
	expect_counts(rig, 1, 0, 1);
}

static const uint8_t open_state = SW_FLOW_OPEN, half_open_state = SW_FLOW_HALF_OPEN;

static void the_heartbeat_is_the_kernels_time(struct rig *rig, const void *arg)
{
	uint64_t before = sw_clock_monotonic_ns();

	(void)arg;
	assert_int_equal(sw_kern_beat(rig->kern), 0);
	assert_in_range(rig->maps->control->heartbeat_ns, before, sw_clock_monotonic_ns());
}

static void the_sweep_tells_the_kernels_time(struct rig *rig, const void *arg)
{
	uint64_t before = sw_clock_monotonic_ns();
	struct sw_sweep sweep = rig_sweep_after(rig, 0);

	(void)arg;
	assert_in_range(sweep.now_ns, before, sw_clock_monotonic_ns());
}

static const uint8_t claimed = SW_FLOW_CLAIMED, dead = SW_FLOW_DEAD;

static const struct rig_test tests[] = {
	{"a socket without a flow gets one that holds a slot", a_socket_without_a_flow_gets_one,
	 NULL, 0},
	{"an adopted handshake expires like any other", an_incomplete_one_expires, NULL, 0},
	{"an adopted connection of the pooler holds no slot", the_pooler_costs_no_slot, NULL, 0},
	{"adoption knows no limit", adoption_is_never_refused, NULL, 0},
	{"a handshake whose end was missed is confirmed", a_handshake_that_was_missed_is_confirmed,
	 NULL, 0},
	{"a late handshake whose end was missed is overcommitted",
	 a_late_handshake_that_was_missed_is_overcommitted, NULL, 0},
	{"a waiter whose connection is there waits no more", a_waiter_that_is_in_is_confirmed, NULL,
	 0},
	{"a connection that came late is as old as its handshake, not as its reservation",
	 a_late_connection_lives_from_now_on, NULL, 0},
	{"an adopted flow moves to the lane of its listener", an_adopted_flow_changes_its_lane,
	 NULL, 0},
	{"a flow that moves to the lane of its listener is no drift, one that is made is",
	 only_a_difference_is_drift, NULL, 0},
	{"a flow whose address is another service's by now counts there, which is no drift",
	 a_flow_counts_under_the_service_of_its_address, NULL, 0},
	{"until its handshake is complete it counts where it was decided",
	 an_incomplete_flow_stays_where_it_was, NULL, 0},
	{"a decided flow keeps its lane", a_decided_flow_keeps_its_lane, NULL, 0},
	{"a flow that is just being filled is left alone", a_flow_in_between_is_left_alone,
	 &claimed, 0},
	{"a flow that is just being removed is left alone", a_flow_in_between_is_left_alone, &dead,
	 0},
	{"an open flow is released after it was suspected, once", a_suspect_is_released, NULL, 0},
	{"a SYN takes the suspicion away", a_syn_takes_the_suspicion_away, NULL, 0},
	{"so does its socket", its_socket_takes_the_suspicion_away, NULL, 0},
	{"a flow in its handshake is no suspect", an_incomplete_flow_is_no_suspect, NULL, 0},
	{"the word of another flow is left alone", the_word_of_another_flow_is_refused, NULL, 0},
	{"what is no step is refused", what_is_no_step_is_refused, NULL, 0},
	{"adoption takes nothing when the table of flows is full", without_room_nothing_is_taken,
	 NULL, 0},
	{"it takes the slot when the table of sources is full, and gives it back",
	 without_room_for_sources_the_slot_is_taken, &open_state, 0},
	{"so does that of a handshake which is not complete",
	 without_room_for_sources_the_slot_is_taken, &half_open_state, 0},
	{"a late connection counts though there is no room for its source, and that is told",
	 without_room_for_its_source_it_counts, NULL, 0},
	{"the heartbeat is the kernel's time", the_heartbeat_is_the_kernels_time, NULL, 0},
	{"the sweep tells the kernel's time", the_sweep_tells_the_kernels_time, NULL, 0},
};

int main(void)
{
	return rig_main("reconcile", tests, COUNT_OF(tests));
}
