/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of a flow after its first SYN: retransmits, the kernel's handshake and close, the
 * sweep, a daemon that is gone, a table that is full.
 */
#include <bpf/bpf.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "fill.h"
#include "kern/busy.h"
#include "listener.h"
#include "spillway/fresh.h"

#define CLIENT	  0x010001
#define SECOND_NS UINT64_C(1000000000)

static const struct packet first = {.client = CLIENT, .client_port = 1};

/* --- retransmits */

static void an_admitted_syn_again(struct rig *rig, const void *arg)
{
	struct packet later = first;

	(void)arg;
	rig_expect(rig, &first, DIRECT_FIRST);
	for (int i = 0; i < 3; i++)
		rig_expect(rig, &first, RETRANSMIT(PASSES));
	/* Linux leaves options away when earlier SYNs were not heard. */
	later.tcp_options = 4;
	rig_expect(rig, &later, RETRANSMIT(PASSES));
	rig_assert_slots(rig, 0, 1, 0);
}

static void a_new_number_on_a_known_flow(struct rig *rig, const void *arg)
{
	struct packet again = first;

	(void)arg;
	rig_expect(rig, &first, DIRECT_FIRST);
	again.isn = 777;
	rig_expect(rig, &again, RETRANSMIT(PASSES));
	rig_assert_slots(rig, 0, 1, 0);
}

static void a_refused_syn_again(struct rig *rig, const void *arg)
{
	const uint8_t lane = *(const uint8_t *)arg;
	const enum action action = lane == SW_LANE_DROP ? DROPPED : ANSWERED;
	struct outcome decided = {action, .is_decided = true, .lane = lane,
				  .reason = SW_REASON_BUDGET};
	struct packet again = first;

	rig->maps->service_conf[0].budget = 0;
	rig->maps->class_conf[0].lanes = CHAIN2(SW_LANE_DIRECT, lane);
	rig_expect(rig, &first, &decided);
	rig->maps->service_conf[0].budget = 2;
	rig_expect(rig, &first, RETRANSMIT(action));
	rig_expect(rig, &first, RETRANSMIT(action));
	rig_assert_slots(rig, 0, 0, 0);
	/* Another number is another connection: it is decided anew. */
	again.isn = 4711;
	rig_expect(rig, &again, DIRECT_FIRST);
}

static void a_pooled_syn_again(struct rig *rig, const void *arg)
{
	int fd = listener_open(rig);

	(void)arg;
	rig->maps->service_conf[0].budget = 0;
	rig->maps->service_conf[0].pooler = listener_target();
	rig->maps->class_conf[0].lanes = CHAIN2(SW_LANE_POOLER, SW_LANE_REFUSE);
	rig->maps->control->mode =
		rig->tc ? SW_MODE_MONITOR : SW_MODE_ENFORCE; /* see test_lanes.c */
	rig_expect(rig, &first, OUTCOME(VERDICT(PASSES, 0, POOLER, FIRST)));
	rig_expect(rig, &first, RETRANSMIT(PASSES));
	rig_assert_slots(rig, 0, 0, 1);
	close(fd);
}

static void an_old_refusal_is_forgotten(struct rig *rig, const void *arg)
{
	struct packet whole = first;
	struct sw_flow_key key;
	struct sw_refusal refusal;

	(void)arg;
	whole.ipv6 = rig->ipv6;
	key = packet_flow(&whole);
	rig->maps->service_conf[0].budget = 0;
	rig_expect(rig, &first, REFUSED(BUDGET));
	rig->maps->service_conf[0].budget = 2;
	assert_int_equal(bpf_map_lookup_elem(rig->maps->refused_fd, &key, &refusal), 0);
	refusal.at_ns -= 65 * SECOND_NS;
	assert_int_equal(bpf_map_update_elem(rig->maps->refused_fd, &key, &refusal, BPF_ANY), 0);
	rig_expect(rig, &first, DIRECT_FIRST);
}

/* A burst is spent once, however often the SYNs are repeated. */
static void retransmits_cost_no_rate(struct rig *rig, const void *arg)
{
	(void)arg;
	rig->maps->class_conf[0].interval_ns = 3600 * SECOND_NS;
	rig->maps->class_conf[0].tolerance_ns = 3600 * SECOND_NS;
	rig_expect(rig, &first, DIRECT_FIRST);
	for (int i = 0; i < 10; i++)
		rig_expect(rig, &first, RETRANSMIT(PASSES));
	rig_expect_syn(rig, CLIENT, 2, DIRECT_FIRST);
}

/* --- monitor mode */

static void monitor_passes_everything(struct rig *rig, const void *arg)
{
	(void)arg;
	rig->maps->control->mode = SW_MODE_MONITOR;
	rig_expect(rig, &first, DIRECT_FIRST);
	assert_int_equal(rig_flow(rig, &first).flags, SW_FLOW_SHADOW);
	rig_expect_syn(rig, CLIENT, 2, DIRECT_FIRST);
	rig_expect_syn(rig, CLIENT, 3, OUTCOME(VERDICT(PASSES, 0, REFUSE, BUDGET)));
	rig_expect_syn(rig, CLIENT, 3, RETRANSMIT(PASSES));
	rig->maps->class_conf[0].action = SW_ACTION_DROP;
	rig_expect_syn(rig, CLIENT, 4, OUTCOME(VERDICT(PASSES, 0, DROP, ACTION)));
	rig->maps->class_conf[0].action = SW_ACTION_RESET;
	rig_expect_syn(rig, CLIENT, 5, OUTCOME(VERDICT(PASSES, 0, RESET, ACTION)));
	rig_assert_slots(rig, 0, 2, 0);
}

static void monitor_leaves_the_frame_alone(struct rig *rig, const void *arg)
{
	struct packet packet = {.client = CLIENT, .tcp_options = 20, .padding = 9};
	uint8_t frame[PACKET_MAX];
	size_t bytes;

	(void)arg;
	rig->maps->control->mode = SW_MODE_MONITOR;
	rig->maps->service_conf[0].budget = 0;
	packet.ipv6 = rig->ipv6;
	bytes = packet_build(&packet, frame);
	assert_int_equal(rig_send_frame(rig, frame, bytes), PASSES);
	assert_int_equal(rig->answer_bytes, bytes);
	assert_memory_equal(rig->answer, frame, bytes);
}

/* --- the daemon is gone */

struct loss {
	uint8_t on_loss;
	struct outcome within; /* the budget of one */
	struct outcome beyond;
	uint32_t slots;
};

static void heartbeat(struct rig *rig, uint64_t age_ns)
{
	rig->maps->control->heartbeat_ns = sw_clock_monotonic_ns() - age_ns;
}

static void a_stale_heartbeat(struct rig *rig, const void *arg)
{
	const struct loss *loss = arg;

	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 1;
	rig->maps->control->on_loss = loss->on_loss;
	heartbeat(rig, 3 * SECOND_NS);
	rig_expect_syn(rig, CLIENT, 1, &loss->within);
	rig_expect_syn(rig, CLIENT, 2, &loss->beyond);
	rig_assert_slots(rig, 0, loss->slots, 0);
	heartbeat(rig, 0);
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 5;
	rig_expect_syn(rig, CLIENT, 3, DIRECT_FIRST);
}

static const struct loss losses[] = {
	{SW_ON_LOSS_HOLD,
	 {VERDICT(PASSES, 0, DIRECT, FIRST)},
	 {VERDICT(ANSWERED, 0, REFUSE, BUDGET)},
	 1},
	{SW_ON_LOSS_OPEN,
	 {VERDICT(PASSES, 0, DIRECT, DAEMON_LOST)},
	 {VERDICT(PASSES, 0, DIRECT, DAEMON_LOST)},
	 2},
	{SW_ON_LOSS_CLOSED,
	 {VERDICT(ANSWERED, 0, REFUSE, DAEMON_LOST)},
	 {VERDICT(ANSWERED, 0, REFUSE, DAEMON_LOST)},
	 0},
};

static void a_fresh_heartbeat(struct rig *rig, const void *arg)
{
	(void)arg;
	rig->maps->control->on_loss = SW_ON_LOSS_CLOSED;
	heartbeat(rig, SECOND_NS);
	rig_expect(rig, &first, DIRECT_FIRST);
}

#define COMES_AGAIN OUTCOME(.action = DROPPED)

static void a_gate_that_changes_over(struct rig *rig, const void *arg)
{
	(void)arg;
	rig_expect(rig, &first, DIRECT_FIRST);
	for (uint32_t moving = SW_MOVING_HALF; moving <= SW_MOVING_LATE; moving++) {
		rig->maps->control->moving = moving;
		heartbeat(rig, SECOND_NS);
		rig_expect(rig, &first, RETRANSMIT(PASSES));
		rig_expect_syn(rig, CLIENT, 2, COMES_AGAIN);
		rig_assert_slots(rig, 0, 1, 0);
	}
	rig->maps->control->moving = SW_MOVING_DONE;
	rig_expect_syn(rig, CLIENT, 2, DIRECT_FIRST);
}

/* Whoever was to end it is gone. */
static void a_gate_that_is_left_changing_over(struct rig *rig, const void *arg)
{
	(void)arg;
	heartbeat(rig, 3 * SECOND_NS);
	rig->maps->control->moving = SW_MOVING_HALF;
	rig_expect(rig, &first, COMES_AGAIN);
	rig->maps->control->on_loss = SW_ON_LOSS_OPEN;
	rig_expect(rig, &first, OUTCOME(VERDICT(PASSES, 0, DIRECT, DAEMON_LOST)));
	rig->maps->control->on_loss = SW_ON_LOSS_HOLD;
	rig_expect_syn(rig, CLIENT, 2, COMES_AGAIN);
	rig->maps->control->moving = SW_MOVING_LATE;
	rig_expect_syn(rig, CLIENT, 2, DIRECT_FIRST);
}

/* --- the sweep */

static void the_sweep_frees_late_handshakes(struct rig *rig, const void *arg)
{
	struct sw_sweep sweep;

	(void)arg;
	rig_expect(rig, &first, DIRECT_FIRST);
	rig_expect_syn(rig, CLIENT, 2, DIRECT_FIRST);
	sweep = rig_sweep_after(rig, 4 * SECOND_NS);
	assert_int_equal(sweep.flows_expired, 0);
	rig_assert_slots(rig, 0, 2, 0);
	sweep = rig_sweep_after(rig, SECOND_NS);
	assert_int_equal(sweep.flows_expired, 2);
	rig_assert_slots(rig, 0, 0, 0);
	assert_int_equal(rig->maps->class_state[0].direct, 0);
	assert_int_equal((rig_source(rig, 0, &first) & SW_SOURCE_GONE), 0);
	assert_int_equal(rig_flow(rig, &first).state, SW_FLOW_EXPIRED);
	/* Once only. */
	sweep = rig_sweep_after(rig, SECOND_NS);
	assert_int_equal(sweep.flows_expired, 0);
	rig_assert_slots(rig, 0, 0, 0);
}

static void an_expired_flow_begins_anew(struct rig *rig, const void *arg)
{
	(void)arg;
	rig_expect(rig, &first, DIRECT_FIRST);
	rig_sweep_after(rig, 6 * SECOND_NS);
	rig_expect(rig, &first, DIRECT_FIRST);
	rig_assert_slots(rig, 0, 1, 0);
	assert_int_equal(rig_flow(rig, &first).state, SW_FLOW_HALF_OPEN);
	rig_expect(rig, &first, RETRANSMIT(PASSES));
}

static void an_expired_flow_may_be_refused(struct rig *rig, const void *arg)
{
	(void)arg;
	rig_expect(rig, &first, DIRECT_FIRST);
	rig_sweep_after(rig, 6 * SECOND_NS);
	rig->maps->service_conf[0].budget = 0;
	rig_expect(rig, &first, REFUSED(BUDGET));
	rig_expect(rig, &first, RETRANSMIT(ANSWERED));
	rig_assert_slots(rig, 0, 0, 0);
}

static void what_expired_long_ago_goes(struct rig *rig, const void *arg)
{
	struct sw_sweep sweep;

	(void)arg;
	rig_expect(rig, &first, DIRECT_FIRST);
	rig_sweep_after(rig, 6 * SECOND_NS);
	sweep = rig_sweep_after(rig, 63 * SECOND_NS);
	assert_int_equal(sweep.flows_removed, 0);
	assert_true(rig_has_flow(rig, &first));
	sweep = rig_sweep_after(rig, SECOND_NS);
	assert_int_equal(sweep.flows_removed, 1);
	assert_false(rig_has_flow(rig, &first));
	assert_int_equal(rig_entries(rig->maps->source_live_fd, sizeof(struct sw_source_key)), 0);
	rig_assert_slots(rig, 0, 0, 0);
}

/* Where the host repeats its SYN-ACKs for longer. */
static void what_a_later_ack_may_complete_stays(struct rig *rig, const void *arg)
{
	(void)arg;
	rig->maps->control->late_ack_s = 128;
	rig_expect(rig, &first, DIRECT_FIRST);
	rig_sweep_after(rig, 6 * SECOND_NS);
	assert_int_equal(rig_sweep_after(rig, 127 * SECOND_NS).flows_removed, 0);
	assert_true(rig_has_flow(rig, &first));
	assert_int_equal(rig_sweep_after(rig, SECOND_NS).flows_removed, 1);
	assert_false(rig_has_flow(rig, &first));
}

static void the_sweep_leaves_open_flows(struct rig *rig, const void *arg)
{
	struct sw_flow flow;
	struct sw_sweep sweep;

	(void)arg;
	rig_expect(rig, &first, DIRECT_FIRST);
	flow = rig_flow(rig, &first);
	flow.state = SW_FLOW_OPEN;
	rig_put_flow(rig, &first, &flow);
	sweep = rig_sweep_after(rig, 86400 * SECOND_NS);
	assert_int_equal(sweep.flows_expired + sweep.flows_removed + sweep.sources_removed, 0);
	rig_assert_slots(rig, 0, 1, 0);
	rig_expect(rig, &first, RETRANSMIT(PASSES));
}

/* --- the kernel's own word */

static void a_connection_from_syn_to_close(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT, .client_port = 42001 + 10 * rig->tc};
	int listener = listener_open_at(rig, &packet), client, server;

	(void)arg;
	rig_expect(rig, &packet, DIRECT_FIRST);
	client = listener_connect(rig, &packet);
	rig_await_state(rig, &packet, SW_FLOW_OPEN);
	server = accept(listener, NULL, NULL);
	rig_sweep_after(rig, 3600 * SECOND_NS);
	rig_assert_slots(rig, 0, 1, 0);
	close(client);
	close(server);
	rig_await_state(rig, &packet, SW_FLOW_NONE);
	rig_assert_slots(rig, 0, 0, 0);
	assert_int_equal((rig_source(rig, 0, &packet) & SW_SOURCE_GONE), 0);
	close(listener);
}

static void a_handshake_after_its_time(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT, .client_port = 42002 + 10 * rig->tc};
	int listener = listener_open_at(rig, &packet), client, server;

	(void)arg;
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 1;
	rig_expect(rig, &packet, DIRECT_FIRST);
	rig_sweep_after(rig, 6 * SECOND_NS);
	rig_expect_syn(rig, CLIENT, 5, DIRECT_FIRST);
	client = listener_connect(rig, &packet);
	rig_await_state(rig, &packet, SW_FLOW_OPEN);
	server = accept(listener, NULL, NULL);
	assert_int_equal(rig_counted(rig, SW_COUNTER_OVERCOMMITTED), 1);
	rig_assert_slots(rig, 0, 2, 0);
	rig_expect_syn(rig, CLIENT, 6, REFUSED(BUDGET));
	close(client);
	close(server);
	rig_await_state(rig, &packet, SW_FLOW_NONE);
	rig_assert_slots(rig, 0, 1, 0);
	close(listener);
}

static void a_connection_that_nobody_decided(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT, .client_port = 42003 + 10 * rig->tc};
	int listener = listener_open_at(rig, &packet);
	uint64_t before = rig_fingerprint(rig);
	int client = listener_connect(rig, &packet);

	(void)arg;
	close(client);
	close(listener);
	assert_int_equal(rig_fingerprint(rig), before);
}

/* --- a full table */

static void a_full_table_of_flows(struct rig *rig, const void *arg)
{
	(void)arg;
	fill_flows(rig);
	rig->maps->class_conf[0].lanes = CHAIN2(SW_LANE_DIRECT, SW_LANE_RESET);
	rig_expect(rig, &first,
		   OUTCOME(VERDICT(ANSWERED, 0, RESET, FLOWS_FULL), COUNTS(0, 0, FLOWS_FULL)));
	rig_expect(rig, &first, RETRANSMIT(ANSWERED));
	rig_assert_slots(rig, 0, 0, 0);
	rig_assert_half_open(rig, &first, 0, 0);
	assert_int_equal(rig->maps->class_state[0].direct, 0);
	assert_int_equal((rig_source(rig, 0, &first) & SW_SOURCE_GONE), 0);
	rig->maps->class_conf[0].action = SW_ACTION_ALLOW;
	rig_expect_syn(rig, CLIENT, 2,
		       OUTCOME(VERDICT(ANSWERED, 0, RESET, FLOWS_FULL), COUNTS(0, 0, FLOWS_FULL)));
	rig_assert_slots(rig, 0, 0, 0);
}

/* Its connection may come all the same, and counts under them then. */
static void the_ids_of_an_expired_flow(struct rig *rig, const void *arg)
{
	struct sw_flow expired = {.state = SW_FLOW_EXPIRED, .service = 1, .class_id = 3};
	struct sw_plan_busy busy;
	struct sw_busy ids;

	(void)arg;
	busy = sw_busy_ask(&ids, rig->maps);
	assert_false(busy.service(busy.arg, 1));
	assert_false(busy.class(busy.arg, 3));
	rig_put_flow(rig, &first, &expired);
	busy = sw_busy_ask(&ids, rig->maps);
	assert_true(busy.service(busy.arg, 1));
	assert_true(busy.class(busy.arg, 3));
	assert_false(busy.service(busy.arg, 0));
	assert_false(busy.class(busy.arg, 1));
	/* What counts does it without a look at the flows. */
	rig->maps->class_state[2].waiting = 1;
	assert_true(busy.class(busy.arg, 2));
}

static const uint8_t refuse = SW_LANE_REFUSE, reset = SW_LANE_RESET, drop = SW_LANE_DROP;

static const struct rig_test tests[] = {
	{"an admitted SYN again passes and takes nothing", an_admitted_syn_again, NULL, 0},
	{"a new number on a known flow passes and takes nothing", a_new_number_on_a_known_flow,
	 NULL, 0},
	{"a refused SYN again is refused though a slot is free", a_refused_syn_again, &refuse, 0},
	{"a reset SYN again is reset though a slot is free", a_refused_syn_again, &reset, 0},
	{"a dropped SYN again is dropped though a slot is free", a_refused_syn_again, &drop, 0},
	{"a pooled SYN again passes and takes nothing", a_pooled_syn_again, NULL, 0},
	{"a refusal is forgotten after the last retransmit", an_old_refusal_is_forgotten, NULL, 0},
	{"retransmits cost no rate", retransmits_cost_no_rate, NULL, 0},
	{"monitor mode decides everything and stops nothing", monitor_passes_everything, NULL, 0},
	{"monitor mode leaves the frame alone", monitor_leaves_the_frame_alone, NULL, 0},
	{"with the daemon lost, hold enforces as before", a_stale_heartbeat, &losses[0], 0},
	{"with the daemon lost, open admits all", a_stale_heartbeat, &losses[1], 0},
	{"with the daemon lost, closed refuses all", a_stale_heartbeat, &losses[2], 0},
	{"while gates change over a new SYN has to come again, and who is known passes",
	 a_gate_that_changes_over, NULL, 0},
	{"likewise without a daemon, until all have; then by its own count",
	 a_gate_that_is_left_changing_over, NULL, 0},
	{"a heartbeat within its timeout is fresh", a_fresh_heartbeat, NULL, 0},
	{"the sweep frees slots of late handshakes, once", the_sweep_frees_late_handshakes, NULL,
	 0},
	{"an expired flow's SYN is decided anew", an_expired_flow_begins_anew, NULL, 0},
	{"an expired flow's SYN may be refused", an_expired_flow_may_be_refused, NULL, 0},
	{"what expired long ago is removed", what_expired_long_ago_goes, NULL, 0},
	{"where SYN-ACKs are repeated for longer it stays for longer",
	 what_a_later_ack_may_complete_stays, NULL, 0},
	{"the ids of an expired flow are not free", the_ids_of_an_expired_flow, NULL, 0},
	{"the sweep leaves open flows alone", the_sweep_leaves_open_flows, NULL, 0},
	{"a connection's slot is freed by its close", a_connection_from_syn_to_close, NULL, 0},
	{"a handshake after its time is admitted and counted", a_handshake_after_its_time, NULL, 0},
	{"a connection that nobody decided changes nothing", a_connection_that_nobody_decided, NULL,
	 0},
	{"a full table of flows ends in the chain's last lane", a_full_table_of_flows, NULL, 0},
};

int main(void)
{
	return rig_main("flows", tests, COUNT_OF(tests));
}
