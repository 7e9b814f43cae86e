/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handshakes that are not complete: how many there may be, what they hold, and what ends them.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fill.h"
#include "listener.h"

#define ALICE	  0x010001
#define BOB	  0x010002
#define CAROL	  0x010003
#define SILENT	  0x010100
#define SECOND_NS UINT64_C(1000000000)

static const struct packet first = {.client = ALICE, .client_port = 1};

static void set_caps(struct rig *rig, uint32_t in_all, uint32_t per_source)
{
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 100;
	rig->maps->service_conf[0].half_open_max = in_all;
	rig->maps->service_conf[0].half_open_per_source = per_source;
}

static void end_of(struct rig *rig, const struct packet *packet, uint64_t in_all, uint64_t own)
{
	rig_assert_half_open(rig, packet, in_all, own);
	rig_assert_slots(rig, 0, in_all, 0);
	assert_int_equal(rig->maps->class_state[0].direct, in_all);
	assert_int_equal(sw_source_direct_count(rig_source(rig, 0, packet)), own);
	assert_int_equal(sw_source_live_count(rig_source(rig, 0, packet)), own);
}

/* --- caps */

static void a_source_stops_at_its_cap(struct rig *rig, const void *arg)
{
	(void)arg;
	set_caps(rig, 0, 2);
	rig_expect_syn(rig, ALICE, 1, DIRECT_FIRST);
	rig_expect_syn(rig, ALICE, 2, DIRECT_FIRST);
	rig_expect_syn(rig, ALICE, 3, REFUSED(SOURCE_HALF_OPEN));
	rig_expect_syn(rig, ALICE, 3, RETRANSMIT(ANSWERED));
	rig_expect_syn(rig, BOB, 1, DIRECT_FIRST);
	end_of(rig, &first, 3, 2);
}

static void a_service_at_its_cap_spares_the_first_of_each(struct rig *rig, const void *arg)
{
	(void)arg;
	set_caps(rig, 2, 0);
	rig_expect_syn(rig, ALICE, 1, DIRECT_FIRST);
	rig_expect_syn(rig, ALICE, 2, DIRECT_FIRST);
	rig_expect_syn(rig, ALICE, 3, REFUSED(HALF_OPEN));
	rig_expect_syn(rig, BOB, 1, DIRECT_FIRST);
	rig_expect_syn(rig, BOB, 2, REFUSED(HALF_OPEN));
	rig_expect_syn(rig, CAROL, 1, DIRECT_FIRST);
	end_of(rig, &first, 4, 2);
}

/* Its end, by a RST so that nothing of it stays. */
static void reset(const struct rig *rig, const struct packet *packet, int client)
{
	const struct linger at_once = {.l_onoff = 1};

	setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(client);
	rig_await_state(rig, packet, SW_FLOW_NONE);
}

/* A connection that was there, and is gone. */
static void come_and_go(struct rig *rig, const struct packet *packet)
{
	int listener = listener_open_at(rig, packet), client;

	rig_expect(rig, packet, DIRECT_FIRST);
	client = listener_connect(rig, packet);
	rig_await_state(rig, packet, SW_FLOW_OPEN);
	reset(rig, packet, client);
	close(listener);
}

static void as_many_silent_sources_as_slots(struct rig *rig, const void *arg)
{
	const struct packet known = {.client = BOB, .client_port = 42201 + 10 * rig->tc};
	struct sw_service_conf *conf = &rig->maps->service_conf[0];

	(void)arg;
	set_caps(rig, 8, 5);
	conf->budget = conf->shared_limit = 10;
	come_and_go(rig, &known);
	for (int i = 0; i < 9; i++)
		rig_expect_syn(rig, SILENT + i, 1, DIRECT_FIRST);
	rig_expect_syn(rig, SILENT + 9, 1, REFUSED(HALF_OPEN));
	rig_expect_syn(rig, ALICE, 1, REFUSED(HALF_OPEN));
	/* Again and again, as long as its source is remembered. */
	for (int port = 1; port <= 3; port++) {
		const struct packet again = {.client = BOB, .client_port = port};
		struct packet reset = {
			.client = BOB, .client_port = port, .isn = 1001, .flags = RST};

		rig_expect(rig, &again, DIRECT_FIRST);
		rig_assert_slots(rig, 0, 10, 0);
		rig_expect_syn(rig, BOB, 20 + port, REFUSED(BUDGET));
		rig_expect(rig, &reset, OUTCOME(.action = PASSES, COUNTS(0, 0, HANDSHAKE_RESETS)));
	}
	/* Then it is as new as the others. */
	rig_empty_map(rig->maps->source_live_fd);
	rig_expect_syn(rig, BOB, 11, REFUSED(HALF_OPEN));
}

static void a_known_source_that_falls_silent(struct rig *rig, const void *arg)
{
	const struct packet known = {.client = BOB, .client_port = 42301 + 10 * rig->tc};
	struct sw_service_conf *conf = &rig->maps->service_conf[0];

	(void)arg;
	set_caps(rig, 8, 5);
	conf->budget = conf->shared_limit = 10;
	come_and_go(rig, &known);
	rig_expect_syn(rig, BOB, 1, DIRECT_FIRST);
	rig_sweep_after(rig, 6 * SECOND_NS);
	for (int i = 0; i < 9; i++)
		rig_expect_syn(rig, SILENT + i, 1, DIRECT_FIRST);
	rig_expect_syn(rig, BOB, 2, REFUSED(HALF_OPEN));
}

static void a_capped_syn_takes_the_next_lane(struct rig *rig, const void *arg)
{
	int fd = listener_open(rig);

	(void)arg;
	set_caps(rig, 0, 1);
	rig->maps->service_conf[0].pooler = listener_target();
	rig->maps->class_conf[0].lanes = CHAIN3(SW_LANE_DIRECT, SW_LANE_POOLER, SW_LANE_REFUSE);
	rig->maps->control->mode =
		rig->tc ? SW_MODE_MONITOR : SW_MODE_ENFORCE; /* see test_lanes.c */
	rig_expect_syn(rig, ALICE, 1, DIRECT_FIRST);
	rig_expect_syn(rig, ALICE, 2, OUTCOME(VERDICT(PASSES, 0, POOLER, SOURCE_HALF_OPEN)));
	rig_assert_slots(rig, 0, 1, 1);
	/* The pooler's handshakes hold no slot. */
	rig_assert_half_open(rig, &first, 1, 1);
	close(fd);
}

static void who_is_always_admitted_is_counted_only(struct rig *rig, const void *arg)
{
	(void)arg;
	set_caps(rig, 1, 1);
	rig->maps->class_conf[0].action = SW_ACTION_ALLOW;
	for (int port = 1; port <= 3; port++)
		rig_expect_syn(rig, ALICE, port, OUTCOME(VERDICT(PASSES, 0, DIRECT, ACTION)));
	end_of(rig, &first, 3, 3);
}

static void monitor_mode_counts_alike(struct rig *rig, const void *arg)
{
	(void)arg;
	set_caps(rig, 0, 1);
	rig->maps->control->mode = SW_MODE_MONITOR;
	rig_expect_syn(rig, ALICE, 1, DIRECT_FIRST);
	rig_expect_syn(rig, ALICE, 2, OUTCOME(VERDICT(PASSES, 0, REFUSE, SOURCE_HALF_OPEN)));
	end_of(rig, &first, 1, 1);
}

static void what_expires_makes_room(struct rig *rig, const void *arg)
{
	(void)arg;
	set_caps(rig, 1, 1);
	rig_expect_syn(rig, ALICE, 1, DIRECT_FIRST);
	rig_expect_syn(rig, ALICE, 2, REFUSED(SOURCE_HALF_OPEN));
	rig_sweep_after(rig, 6 * SECOND_NS);
	end_of(rig, &first, 0, 0);
	rig_expect_syn(rig, ALICE, 3, DIRECT_FIRST);
	rig_expect_syn(rig, ALICE, 1, REFUSED(SOURCE_HALF_OPEN));
	end_of(rig, &first, 1, 1);
}

static void what_is_completed_makes_room(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = ALICE, .client_port = 42101 + 10 * rig->tc};
	int listener = listener_open_at(rig, &packet), client;

	(void)arg;
	set_caps(rig, 1, 1);
	rig_expect(rig, &packet, DIRECT_FIRST);
	client = listener_connect(rig, &packet);
	rig_await_state(rig, &packet, SW_FLOW_OPEN);
	rig_assert_half_open(rig, &packet, 0, 0);
	rig_assert_slots(rig, 0, 1, 0);
	rig_expect_syn(rig, ALICE, 2, DIRECT_FIRST);
	rig_assert_half_open(rig, &packet, 1, 1);
	close(client);
	close(listener);
}

/* --- resets */

static const struct packet rst = {.client = ALICE, .client_port = 1, .isn = 1001, .flags = RST};

static void a_rst_in_the_handshake_frees(struct rig *rig, const void *arg)
{
	const struct packet packet = rst;

	(void)arg;
	rig_expect(rig, &first, DIRECT_FIRST);
	assert_int_equal(rig_flow(rig, &first).isn, 1000);
	rig_expect(rig, &packet, OUTCOME(.action = PASSES, COUNTS(0, 0, HANDSHAKE_RESETS)));
	assert_int_equal(rig_flow(rig, &first).state, SW_FLOW_EXPIRED);
	end_of(rig, &first, 0, 0);
	/* Once. */
	rig_expect(rig, &packet, OUTCOME(.action = PASSES));
	end_of(rig, &first, 0, 0);
}

static void the_number_after_the_last_is_zero(struct rig *rig, const void *arg)
{
	struct packet syn = first, packet = rst;

	(void)arg;
	syn.isn = 0xffffffff;
	rig_expect(rig, &syn, DIRECT_FIRST);
	assert_int_equal(rig_flow(rig, &first).isn, 0xffffffff);
	rig_expect(rig, &packet, OUTCOME(.action = PASSES));
	end_of(rig, &first, 1, 1);
}

static void the_number_of_a_revived_flow_counts(struct rig *rig, const void *arg)
{
	struct packet again = first, packet = rst;

	(void)arg;
	again.isn = 7000;
	packet.isn = 7001;
	rig_expect(rig, &first, DIRECT_FIRST);
	rig_sweep_after(rig, 6 * SECOND_NS);
	rig_expect(rig, &again, DIRECT_FIRST);
	rig_expect(rig, &rst, OUTCOME(.action = PASSES));
	end_of(rig, &first, 1, 1);
	rig_expect(rig, &packet, OUTCOME(.action = PASSES, COUNTS(0, 0, HANDSHAKE_RESETS)));
	end_of(rig, &first, 0, 0);
}

/* The kernel may know either: a RST with the other's number is nothing to it, and its ACK still counts. */
static void of_two_numbers_none_is_sure(struct rig *rig, const void *arg)
{
	struct packet again = first, packet = rst;

	(void)arg;
	again.isn = 7000;
	packet.isn = 7001;
	rig_expect(rig, &first, DIRECT_FIRST);
	rig_expect(rig, &again, RETRANSMIT(PASSES));
	rig_expect(rig, &rst, OUTCOME(.action = PASSES));
	rig_expect(rig, &packet, OUTCOME(.action = PASSES));
	assert_int_equal(rig_flow(rig, &first).state, SW_FLOW_HALF_OPEN);
	end_of(rig, &first, 1, 1);
}

static void a_new_number_has_its_own_time_once(struct rig *rig, const void *arg)
{
	struct packet again = first;

	(void)arg;
	rig_expect(rig, &first, DIRECT_FIRST);
	assert_int_equal(rig_sweep_after(rig, 4 * SECOND_NS).flows_expired, 0);
	again.isn = 7000;
	rig_expect(rig, &again, RETRANSMIT(PASSES));
	assert_int_equal(rig_sweep_after(rig, 4 * SECOND_NS).flows_expired, 0);
	again.isn = 8000;
	rig_expect(rig, &again, RETRANSMIT(PASSES));
	assert_int_equal(rig_sweep_after(rig, 2 * SECOND_NS).flows_expired, 1);
	end_of(rig, &first, 0, 0);
}

/* Its SYN was at the look when the flow became another's: the other's number and times are its own. */
static void a_new_number_writes_nothing(struct rig *rig, const void *arg)
{
	struct packet again = first;
	struct sw_flow before;

	(void)arg;
	rig_expect(rig, &first, DIRECT_FIRST);
	before = rig_flow(rig, &first);
	again.isn = 7000;
	rig_expect(rig, &again, RETRANSMIT(PASSES));
	assert_int_equal(rig_flow(rig, &first).isn, before.isn);
	assert_int_equal(rig_flow(rig, &first).syn_ns, before.syn_ns);
	assert_int_equal(rig_flow(rig, &first).state_ns, before.state_ns);
	assert_int_equal(rig_flow(rig, &first).flags, SW_FLOW_RENUMBERED);
}

static void the_same_number_has_no_more_time(struct rig *rig, const void *arg)
{
	(void)arg;
	rig_expect(rig, &first, DIRECT_FIRST);
	rig_sweep_after(rig, 4 * SECOND_NS);
	rig_expect(rig, &first, RETRANSMIT(PASSES));
	assert_int_equal(rig_sweep_after(rig, 2 * SECOND_NS).flows_expired, 1);
}

/* A RST that must not end the half-open flow of `first`. */
static void another_rst_changes_nothing(struct rig *rig, const void *arg)
{
	uint64_t before;

	rig_expect(rig, &first, DIRECT_FIRST);
	before = rig_fingerprint(rig);
	rig_expect(rig, arg, OUTCOME(.action = PASSES));
	assert_int_equal(rig_fingerprint(rig), before);
}

/* A RST with the right number to a flow that is in another state, or was not made by a SYN. */
static void a_rst_leaves_other_flows(struct rig *rig, const void *arg)
{
	const struct sw_flow *like = arg;
	struct packet packet = rst;
	struct sw_flow flow;
	uint64_t before;

	rig_expect(rig, &first, DIRECT_FIRST);
	flow = rig_flow(rig, &first);
	flow.state = like->state;
	flow.flags = like->flags;
	if (like->flags & SW_FLOW_ADOPTED)
		flow.isn = 0, packet.isn = 1;
	rig_put_flow(rig, &first, &flow);
	before = rig_fingerprint(rig);
	rig_expect(rig, &packet, OUTCOME(.action = PASSES));
	assert_int_equal(rig_fingerprint(rig), before);
}

/* --- refused by this host */

static void where_nobody_listens(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = ALICE, .client_port = 42301 + 10 * rig->tc};

	(void)arg;
	close(listener_open_at(rig, &packet));
	rig_expect(rig, &packet, DIRECT_FIRST);
	assert_int_equal(listener_try(rig, &packet), -ECONNREFUSED);
	rig_await_state(rig, &packet, SW_FLOW_NONE);
	end_of(rig, &packet, 0, 0);
	assert_int_equal(rig_counted(rig, SW_COUNTER_HANDSHAKE_RESETS), 1);
}

/* The host has no socket for either number, and says so. */
static void where_nobody_listens_to_two_numbers(struct rig *rig, const void *arg)
{
	struct packet packet = {.client = ALICE, .client_port = 42305 + 10 * rig->tc};

	(void)arg;
	close(listener_open_at(rig, &packet));
	rig_expect(rig, &packet, DIRECT_FIRST);
	packet.isn = 7000;
	rig_expect(rig, &packet, RETRANSMIT(PASSES));
	packet.isn = 9000;
	assert_int_equal(listener_try(rig, &packet), -ECONNREFUSED);
	rig_await_state(rig, &packet, SW_FLOW_NONE);
	end_of(rig, &packet, 0, 0);
	assert_int_equal(rig_counted(rig, SW_COUNTER_HANDSHAKE_RESETS), 1);
}

static void abort_on_overflow(const char *value)
{
	int fd = open("/proc/sys/net/ipv4/tcp_abort_on_overflow", O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, value, 1), 1);
	close(fd);
}

/* Both wait for data to be accepted; whose data comes first has the only place. */
static void a_full_accept_queue(struct rig *rig, const void *arg)
{
	const struct packet one = {.client = ALICE, .client_port = 42302 + 10 * rig->tc};
	const struct packet other = {.client = ALICE, .client_port = 42303 + 10 * rig->tc};
	int listener = listener_open_at(rig, &one), a, b;
	const int seconds = 30;

	(void)arg;
	abort_on_overflow("1");
	assert_int_equal(
		setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds)), 0);
	rig_expect(rig, &one, DIRECT_FIRST);
	rig_expect(rig, &other, DIRECT_FIRST);
	a = listener_connect(rig, &one);
	b = listener_connect(rig, &other);
	rig_assert_half_open(rig, &one, 2, 2);
	assert_int_equal(listen(listener, 0), 0);
	assert_int_equal(send(a, "a", 1, MSG_NOSIGNAL), 1);
	rig_await_state(rig, &one, SW_FLOW_OPEN);
	assert_int_equal(send(b, "b", 1, MSG_NOSIGNAL), 1);
	rig_await_state(rig, &other, SW_FLOW_EXPIRED);
	rig_assert_half_open(rig, &one, 0, 0);
	rig_assert_slots(rig, 0, 1, 0);
	assert_int_equal(rig_counted(rig, SW_COUNTER_HANDSHAKE_RESETS), 1);
	abort_on_overflow("0");
	close(a);
	close(b);
	close(listener);
}

/* --- a full table of sources */

static void a_full_table_of_sources(struct rig *rig, const void *arg)
{
	(void)arg;
	fill_sources(rig);
	rig->maps->class_conf[0].lanes = CHAIN2(SW_LANE_DIRECT, SW_LANE_DROP);
	rig_expect(rig, &first,
		   OUTCOME(VERDICT(DROPPED, 0, DROP, SOURCES_FULL), COUNTS(0, 0, SOURCES_FULL)));
	rig_expect(rig, &first, RETRANSMIT(DROPPED));
	rig->maps->class_conf[0].action = SW_ACTION_ALLOW;
	rig_expect_syn(
		rig, ALICE, 2,
		OUTCOME(VERDICT(DROPPED, 0, DROP, SOURCES_FULL), COUNTS(0, 0, SOURCES_FULL)));
	end_of(rig, &first, 0, 0);
	assert_int_equal(rig_entries(rig->maps->flows_fd, sizeof(struct sw_flow_key)), 0);
}

/* The ACK of somebody whose slot and whose source are gone. */
static void a_late_ack_without_room(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = ALICE, .client_port = 42304 + 10 * rig->tc};
	int listener = listener_open_at(rig, &packet), client;

	(void)arg;
	rig_expect(rig, &packet, DIRECT_FIRST);
	rig_sweep_after(rig, 12 * SECOND_NS);
	fill_sources(rig);
	client = listener_connect(rig, &packet);
	rig_await_state(rig, &packet, SW_FLOW_OPEN);
	rig_assert_slots(rig, 0, 1, 0);
	assert_int_equal(rig_counted(rig, SW_COUNTER_SOURCES_FULL), 1);
	assert_int_equal(rig_counted(rig, SW_COUNTER_OVERCOMMITTED), 1);
	/* Its source has an entry by then, which never counted it. */
	rig_empty_map(rig->maps->source_live_fd);
	rig_expect_syn(rig, ALICE, 7, DIRECT_FIRST);
	reset(rig, &packet, client);
	rig_assert_slots(rig, 0, 1, 0);
	assert_int_equal(sw_source_live_count(rig_source(rig, 0, &packet)), 1);
	close(listener);
}

#define RST_WITH(...)                                                                              \
	(&(const struct packet){                                                                   \
		.client = ALICE, .client_port = 1, .isn = 1001, .flags = RST, __VA_ARGS__})
#define FLOW(...) (&(const struct sw_flow){__VA_ARGS__})

#pragma GCC diagnostic ignored "-Woverride-init" /* of a row's defaults */

static const struct rig_test tests[] = {
	{"a source has so many incomplete handshakes and no more", a_source_stops_at_its_cap, NULL,
	 0},
	{"beyond the service's cap each source may still have one",
	 a_service_at_its_cap_spares_the_first_of_each, NULL, 0},
	{"of as many silent sources as there are slots one gets none: a client that was here may have it",
	 as_many_silent_sources_as_slots, NULL, 0},
	{"a known source that lets a handshake expire is as new as the others",
	 a_known_source_that_falls_silent, NULL, 0},
	{"a source at its cap takes the next lane", a_capped_syn_takes_the_next_lane, NULL, 0},
	{"who is always admitted is counted and not capped", who_is_always_admitted_is_counted_only,
	 NULL, 0},
	{"monitor mode counts incomplete handshakes alike", monitor_mode_counts_alike, NULL, 0},
	{"a handshake that expires makes room", what_expires_makes_room, NULL, 0},
	{"a handshake that is completed makes room", what_is_completed_makes_room, NULL, 0},
	{"a RST in the handshake frees its slot at once", a_rst_in_the_handshake_frees, NULL, 0},
	{"a RST with ACK changes nothing: the kernel may not take it", another_rst_changes_nothing,
	 RST_WITH(.flags = RST | ACK), 0},
	{"a RST with options changes nothing", another_rst_changes_nothing,
	 RST_WITH(.tcp_options = 4), 0},
	{"a RST with data changes nothing", another_rst_changes_nothing, RST_WITH(.data = 8), 0},
	{"a RST with a wrong checksum changes nothing", another_rst_changes_nothing,
	 RST_WITH(.checksum_off_by = 1), 0},
	{"a RST with another flow's number changes nothing", the_number_after_the_last_is_zero,
	 NULL, 0},
	{"a revived flow ends by its own number only", the_number_of_a_revived_flow_counts, NULL,
	 0},
	{"after SYNs with two numbers no RST ends the handshake: the kernel may know either",
	 of_two_numbers_none_is_sure, NULL, 0},
	{"a SYN with a new number has the time of a handshake for itself, but not again and again",
	 a_new_number_has_its_own_time_once, NULL, 0},
	{"a SYN with a new number changes nothing but its flow's word", a_new_number_writes_nothing,
	 NULL, 0},
	{"a SYN that is repeated has not", the_same_number_has_no_more_time, NULL, 0},
	{"a RST with the SYN's own number changes nothing", another_rst_changes_nothing,
	 RST_WITH(.isn = 1000), 0},
	{"a RST with a later number changes nothing", another_rst_changes_nothing,
	 RST_WITH(.isn = 1002), 0},
	{"a RST from another port changes nothing", another_rst_changes_nothing,
	 RST_WITH(.client_port = 2), 0},
	{"a RST to a port that is not guarded changes nothing", another_rst_changes_nothing,
	 RST_WITH(.server_port = 5433), 0},
	{"a RST with SYN and ACK changes nothing", another_rst_changes_nothing,
	 RST_WITH(.flags = RST | SYN | ACK), 0},
	{"a RST in a fragment changes nothing", another_rst_changes_nothing,
	 RST_WITH(.has_fragment_header = true, .more_fragments = true), 0},
	{"an ACK with that number changes nothing", another_rst_changes_nothing,
	 RST_WITH(.flags = ACK), 0},
	{"a RST leaves a flow that is just ending alone", a_rst_leaves_other_flows,
	 FLOW(.state = SW_FLOW_DEAD), 0},
	{"a RST leaves a flow alone that a cookie may complete all the same",
	 a_rst_leaves_other_flows, FLOW(.state = SW_FLOW_HALF_OPEN, .flags = SW_FLOW_COOKIE), 0},
	{"a RST leaves an adopted flow alone", a_rst_leaves_other_flows,
	 FLOW(.state = SW_FLOW_HALF_OPEN, .flags = SW_FLOW_ADOPTED), 0},
	{"where nobody listens the slot is free at once", where_nobody_listens, NULL, 0},
	{"likewise after SYNs with two numbers", where_nobody_listens_to_two_numbers, NULL, 0},
	{"where the accept queue is full it is, too", a_full_accept_queue, NULL, 0},
	{"a late ACK counts though there is no room for its source", a_late_ack_without_room, NULL,
	 0},
	{"a full table of sources ends in the chain's last lane", a_full_table_of_sources, NULL, 0},
};

int main(void)
{
	return rig_main("handshake", tests, COUNT_OF(tests));
}
