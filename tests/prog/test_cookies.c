/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Steered flows whose listener may have answered by a cookie: as long as it may come back, ACKs are looked at, and
 * not for longer.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "listener.h"

#define ALICE	  0x010001
#define SECOND_NS UINT64_C(1000000000)
#define WATCHED	  (SW_FLOW_STEERED | SW_FLOW_COOKIE)

static const struct packet first = {.client = ALICE, .client_port = 1};

/* The flow of `packet`, as steering leaves one whose listener's queue is full. */
static void begin_watched(struct rig *rig, const struct packet *packet)
{
	struct sw_flow flow;

	rig_expect(rig, packet, DIRECT_FIRST);
	flow = rig_flow(rig, packet);
	flow.flags = WATCHED;
	rig_put_flow(rig, packet, &flow);
	rig->maps->service_state[0].cookie_watch = 1;
	rig->maps->control->cookie_watch = 1;
}

static void expect_watched(const struct rig *rig, uint64_t flows)
{
	assert_int_equal(rig->maps->service_state[0].cookie_watch, flows);
	assert_int_equal(rig->maps->control->cookie_watch, flows);
}

static void let_expire(struct rig *rig, const struct packet *packet)
{
	begin_watched(rig, packet);
	assert_int_equal(rig_sweep_after(rig, 6 * SECOND_NS).flows_expired, 1);
	assert_int_equal(rig_flow(rig, packet).state, SW_FLOW_EXPIRED);
	assert_int_equal(rig_flow(rig, packet).flags, WATCHED);
	rig_assert_slots(rig, 0, 0, 0);
	expect_watched(rig, 1);
}

static uint32_t adopt(struct rig *rig)
{
	struct packet whole = first;
	struct sw_flow_op op = {.kind = SW_FLOW_OP_ADOPT,
				.source_bits = rig->ipv6 ? 128 : 32,
				.lane = SW_LANE_DIRECT,
				.state = SW_FLOW_OPEN};

	whole.ipv6 = rig->ipv6;
	op.key = packet_flow(&whole);
	assert_int_equal(sw_kern_reconcile(rig->kern, &op), 0);
	return op.result;
}

static void until_it_is_swept(struct rig *rig, const void *arg)
{
	(void)arg;
	let_expire(rig, &first);
	assert_int_equal(rig_sweep_after(rig, 60 * SECOND_NS).flows_removed, 0);
	expect_watched(rig, 1);
	assert_int_equal(rig_sweep_after(rig, 5 * SECOND_NS).flows_removed, 1);
	expect_watched(rig, 0);
}

static void until_it_is_another_handshake(struct rig *rig, const void *arg)
{
	(void)arg;
	let_expire(rig, &first);
	rig_expect(rig, &first, DIRECT_FIRST);
	assert_int_equal(rig_flow(rig, &first).flags, 0);
	expect_watched(rig, 0);
}

static void until_the_ack_is_there(struct rig *rig, const void *arg)
{
	(void)arg;
	begin_watched(rig, &first);
	assert_int_equal(adopt(rig), SW_FLOW_OP_CONFIRMED);
	assert_int_equal(rig_flow(rig, &first).flags, SW_FLOW_STEERED);
	expect_watched(rig, 0);
	assert_int_equal(rig_counted(rig, SW_COUNTER_OVERCOMMITTED), 0);
}

static void until_the_late_ack_is_there(struct rig *rig, const void *arg)
{
	(void)arg;
	let_expire(rig, &first);
	assert_int_equal(adopt(rig), SW_FLOW_OP_CONFIRMED);
	assert_int_equal(rig_flow(rig, &first).state, SW_FLOW_OPEN);
	assert_int_equal(rig_flow(rig, &first).flags, SW_FLOW_STEERED);
	rig_assert_slots(rig, 0, 1, 0);
	expect_watched(rig, 0);
	assert_int_equal(rig_counted(rig, SW_COUNTER_OVERCOMMITTED), 1);
}

/* Of a connection that nobody was told of. */
static void until_its_connection_ends(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = ALICE, .client_port = 42340 + 10 * rig->tc};
	const struct linger at_once = {.l_onoff = 1};
	int listener = listener_open_at(rig, &packet), client;
	struct sw_flow flow;

	(void)arg;
	let_expire(rig, &packet);
	flow = rig_flow(rig, &packet);
	client = listener_connect(rig, &packet);
	rig_await_state(rig, &packet, SW_FLOW_OPEN);
	expect_watched(rig, 0);
	rig_put_flow(rig, &packet, &flow);
	rig->maps->service_state[0].cookie_watch = rig->maps->control->cookie_watch = 1;
	setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(client);
	rig_await_state(rig, &packet, SW_FLOW_NONE);
	expect_watched(rig, 0);
	close(listener);
}

/* What that flag means of one who waits is something else. */
static void who_waited_was_never_watched(struct rig *rig, const void *arg)
{
	struct sw_flow flow;

	(void)arg;
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 0;
	rig->maps->class_conf[0].lanes = CHAIN3(SW_LANE_DIRECT, SW_LANE_QUEUE, SW_LANE_REFUSE);
	assert_int_equal(sw_kern_beat(rig->kern), 0);
	rig_send(rig, &first);
	flow = rig_flow(rig, &first);
	assert_int_equal(flow.state, SW_FLOW_WAITING);
	assert_true(flow.flags & SW_FLOW_UNLISTED);
	assert_int_equal(adopt(rig), SW_FLOW_OP_CONFIRMED);
	expect_watched(rig, 0);
}

/* Neither is it for a moment only that one is kept which the daemon was about to give back. */
static void a_suspect_is_kept_as_long(struct rig *rig, const void *arg)
{
	struct sw_flow flow;

	(void)arg;
	rig_expect(rig, &first, DIRECT_FIRST);
	flow = rig_flow(rig, &first);
	flow.flags = SW_FLOW_ADOPTED | SW_FLOW_SUSPECT;
	rig_put_flow(rig, &first, &flow);
	assert_int_equal(rig_sweep_after(rig, 6 * SECOND_NS).flows_expired, 1);
	assert_int_equal(rig_flow(rig, &first).flags, SW_FLOW_ADOPTED);
	assert_int_equal(rig_sweep_after(rig, 60 * SECOND_NS).flows_removed, 0);
}

static const struct rig_test tests[] = {
	{"an expired flow whose ACK may bring a cookie is watched until it is swept",
	 until_it_is_swept, NULL, 0},
	{"or until its port begins another handshake", until_it_is_another_handshake, NULL, 0},
	{"one that has not expired, until its ACK is there", until_the_ack_is_there, NULL, 0},
	{"and one that has likewise", until_the_late_ack_is_there, NULL, 0},
	{"or until its connection ends", until_its_connection_ends, NULL, 0},
	{"who waited was not watched, and is not taken off", who_waited_was_never_watched, NULL, 0},
	{"a flow that was suspect when it expired is kept as long as others",
	 a_suspect_is_kept_as_long, NULL, 0},
};

int main(void)
{
	return rig_main("cookies", tests, COUNT_OF(tests));
}
