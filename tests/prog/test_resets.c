/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What RSTs leave behind: of handshakes in the table of flows, which has an end; of connections, for the SYN behind it.
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
static const struct packet again = {.client = ALICE, .client_port = 9};

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

static struct sw_flow put_open(struct rig *rig, uint8_t flags)
{
	struct sw_flow flow;

	rig_expect(rig, &again, DIRECT_FIRST);
	flow = rig_flow(rig, &again);
	flow.state = SW_FLOW_OPEN;
	flow.flags = flags;
	rig_put_flow(rig, &again, &flow);
	return flow;
}

/* Whatever the kernel makes of it: with data's number, with an acknowledgement, or broken. */
static void a_syn_behind_a_rst_comes_again(struct rig *rig, const void *arg)
{
	const struct packet *reset_it = arg;
	struct sw_flow flow = put_open(rig, SW_FLOW_ADOPTED);
	struct packet next = again;

	rig_expect(rig, reset_it, OUTCOME(.action = PASSES));
	next.isn = 7000;
	rig_expect(rig, &next, RETRANSMIT(DROPPED));
	/* Who is in keeps all that he has, and the kernel may be asked what is with him. */
	assert_true(rig_flow(rig, &again).word == flow.word);
	rig_expect(rig, &next, RETRANSMIT(PASSES));
	rig_assert_slots(rig, 0, 1, 0);
}

static void a_rst_of_others_keeps_no_syn(struct rig *rig, const void *arg)
{
	put_open(rig, 0);
	rig_expect(rig, arg, OUTCOME(.action = PASSES));
	rig_expect(rig, &again, RETRANSMIT(PASSES));
}

/* A mark of reconciliation's stays until a SYN comes, and is no RST. */
static void a_suspect_is_not_ending(struct rig *rig, const void *arg)
{
	(void)arg;
	put_open(rig, SW_FLOW_SUSPECT);
	rig_expect(rig, &again, RETRANSMIT(PASSES));
	assert_int_equal(rig_flow(rig, &again).flags, 0);
}

/* Nor is it the mark of a handshake that a cookie may complete, whose bit that is before. */
static void an_end_gives_back_no_cookie(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = ALICE, .client_port = 42350 + 10 * rig->tc};
	const struct linger at_once = {.l_onoff = 1};
	int listener = listener_open_at(rig, &packet), client;
	struct packet reset_it = packet;

	(void)arg;
	reset_it.flags = RST;
	rig_expect(rig, &packet, DIRECT_FIRST);
	client = listener_connect(rig, &packet);
	rig_await_state(rig, &packet, SW_FLOW_OPEN);
	rig_expect(rig, &reset_it, OUTCOME(.action = PASSES));
	assert_int_equal(rig_flow(rig, &packet).flags, SW_FLOW_ENDING);
	setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(client);
	rig_await_state(rig, &packet, SW_FLOW_NONE);
	rig_assert_slots(rig, 0, 0, 0);
	assert_int_equal(rig->maps->control->cookie_watch, 0);
	/* And the next one from there is a newcomer. */
	rig_expect(rig, &packet, DIRECT_FIRST);
	close(listener);
}

#define FROM(port, ...)                                                                            \
	&(const struct packet)                                                                     \
	{                                                                                          \
		.client = ALICE, .client_port = (port), __VA_ARGS__                                \
	}

static const struct rig_test tests[] = {
	{"clients that reset their handshakes fill no table: newcomers get in",
	 resets_of_clients_fill_no_table, NULL, 0},
	{"nor does this host, where nobody listens", resets_of_this_host_fill_no_table, NULL, 0},
	{"an ACK that comes after the RST counts", an_ack_after_the_rst, NULL, 0},
	{"a SYN right behind the RST to an open flow comes again", a_syn_behind_a_rst_comes_again,
	 FROM(9, .isn = 50000, .flags = RST), 0},
	{"so it does behind one that acknowledges something", a_syn_behind_a_rst_comes_again,
	 FROM(9, .isn = 50000, .flags = RST | ACK, .tcp_options = 12), 0},
	{"a RST from another port keeps none", a_rst_of_others_keeps_no_syn, FROM(8, .flags = RST),
	 0},
	{"nor does one to a port that is not guarded", a_rst_of_others_keeps_no_syn,
	 FROM(9, .flags = RST, .server_port = 5433), 0},
	{"a SYN to a flow that reconciliation suspects passes", a_suspect_is_not_ending, NULL, 0},
	{"the end behind a RST gives back what the flow held, and no cookie",
	 an_end_gives_back_no_cookie, NULL, 0},
};

int main(void)
{
	return rig_main("resets", tests, COUNT_OF(tests));
}
