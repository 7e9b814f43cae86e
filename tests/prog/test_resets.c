/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What handshakes that end by a RST leave behind in the table of flows, which has an end.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fill.h"
#include "listener.h"

#define ALICE	  0x010001
#define BOB	  0x010002
#define SECOND_NS UINT64_C(1000000000)
#define PLACES	  8

static const struct packet rst = {.client = ALICE, .isn = PACKET_ISN + 1, .flags = RST};
static const struct packet bob = {.client = BOB};

static void age_flow(struct rig *rig, const struct packet *packet, uint64_t by_ns)
{
	struct sw_flow flow = rig_flow(rig, packet);

	flow.state_ns -= by_ns;
	rig_put_flow(rig, packet, &flow);
}

static void resets_of_clients_fill_no_table(struct rig *rig, const void *arg)
{
	struct sw_sweep sweep;

	(void)arg;
	fill_flows_but(rig, PLACES);
	for (uint16_t port = 1; port <= PLACES; port++) {
		struct packet reset_it = rst;

		reset_it.client_port = port;
		rig_expect_syn(rig, ALICE, port, DIRECT_FIRST);
		rig_expect(rig, &reset_it,
			   OUTCOME(.action = PASSES, COUNTS(0, 0, HANDSHAKE_RESETS)));
		age_flow(rig, &reset_it, 2 * SECOND_NS);
	}
	rig_expect_syn(rig, BOB, 1,
		       OUTCOME(VERDICT(ANSWERED, 0, REFUSE, FLOWS_FULL), COUNTS(0, 0, FLOWS_FULL)));
	assert_int_equal(sw_kern_sweep(rig->kern, &sweep), 0);
	assert_int_equal(sweep.flows_removed, PLACES);
	rig_expect_syn(rig, BOB, 2, DIRECT_FIRST);
	rig_assert_slots(rig, 0, 1, 0);
	rig_assert_half_open(rig, &bob, 1, 1);
}

static void resets_of_this_host_fill_no_table(struct rig *rig, const void *arg)
{
	struct packet packet = {.client = ALICE, .client_port = 42310 + 10 * rig->tc};

	(void)arg;
	fill_flows_but(rig, 1);
	close(listener_open_at(rig, &packet));
	for (int i = 0; i < 3; i++, packet.client_port++) {
		rig_expect(rig, &packet, DIRECT_FIRST);
		assert_int_equal(listener_try(rig, &packet), -ECONNREFUSED);
		rig_await_state(rig, &packet, SW_FLOW_NONE);
	}
	rig_expect_syn(rig, BOB, 2, DIRECT_FIRST);
	rig_assert_slots(rig, 0, 1, 0);
	rig_assert_half_open(rig, &bob, 1, 1);
}

/* An ACK that the RST has overtaken, where the listener kept nothing: its connection counts, and gives back. */
static void an_ack_after_the_rst(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = ALICE, .client_port = 42320 + 10 * rig->tc};
	const struct linger at_once = {.l_onoff = 1};
	struct packet reset_it = packet;
	int listener = listener_open_at(rig, &packet), client;

	(void)arg;
	reset_it.flags = RST;
	reset_it.isn = PACKET_ISN + 1;
	rig_expect(rig, &packet, DIRECT_FIRST);
	rig_expect(rig, &reset_it, OUTCOME(.action = PASSES, COUNTS(0, 0, HANDSHAKE_RESETS)));
	rig_assert_slots(rig, 0, 0, 0);
	client = listener_connect(rig, &packet);
	rig_await_state(rig, &packet, SW_FLOW_OPEN);
	assert_int_equal(rig_flow(rig, &packet).flags, 0);
	rig_assert_slots(rig, 0, 1, 0);
	assert_int_equal(rig_counted(rig, SW_COUNTER_OVERCOMMITTED), 1);
	setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(client);
	rig_await_state(rig, &packet, SW_FLOW_NONE);
	rig_assert_slots(rig, 0, 0, 0);
	assert_int_equal(sw_source_live_count(rig_source(rig, 0, &packet)), 0);
	assert_int_equal(rig->maps->control->cookie_watch, 0);
	close(listener);
}

static const struct rig_test tests[] = {
	{"clients that reset their handshakes fill no table: newcomers get in",
	 resets_of_clients_fill_no_table, NULL, 0},
	{"nor does this host, where nobody listens", resets_of_this_host_fill_no_table, NULL, 0},
	{"an ACK that comes after the RST counts", an_ack_after_the_rst, NULL, 0},
};

int main(void)
{
	return rig_main("resets", tests, COUNT_OF(tests));
}
