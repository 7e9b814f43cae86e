/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which data is taken for a CancelRequest that the service's other listener should get, and what the daemon is
 * told of it. Whatever it is, it passes.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <string.h>
#include <time.h>

#include "queue.h"

#define WORDS(...)                                                                                 \
	(const uint32_t[SW_CANCEL_BYTES_MAX / 4 + 1])                                              \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define CODE 80877102
#define NEXT (PACKET_ISN + 1)

/* In host byte order: its length, its code, the process and the first word of the key. */
struct row {
	const char *sentence;
	struct packet packet; /* data, PACKET_ISN + 1 and ACK if it does not say */
	const uint32_t *says;
	bool is_told;
	int only;
};

/* clang-format off */
static const struct row rows[] = {
	{"a CancelRequest is told of", {.data = 16}, WORDS(16, CODE, 7, 9), true, 0},
	{"one with PSH and FIN is told of", {.data = 16, .flags = ACK | PSH | FIN},
	 WORDS(16, CODE, 7, 9), true, 0},
	{"one behind TCP options is told of", {.data = 16, .tcp_options = 12},
	 WORDS(16, CODE, 7, 9), true, 0},
	{"one behind all TCP options that fit is told of", {.data = 16, .tcp_options = 40},
	 WORDS(16, CODE, 7, 9), true, 0},
	{"one in a frame with padding is told of", {.data = 16, .padding = 6},
	 WORDS(16, CODE, 7, 9), true, 0},
	{"one in an 802.1Q tag is told of", {.data = 16, .tags = {ETH_P_8021Q}},
	 WORDS(16, CODE, 7, 9), true, 0},
	{"one in two tags is told of", {.data = 16, .tags = {ETH_P_8021AD, ETH_P_8021Q}},
	 WORDS(16, CODE, 7, 9), true, 0},
	{"one behind IP options or extension headers is told of", {.data = 16, .options = 3},
	 WORDS(16, CODE, 7, 9), true, 0},
	{"one with a key of 32 bytes is told of", {.data = 44}, WORDS(44, CODE, 7, 9), true, 0},
	{"one with a key of 5 bytes is told of", {.data = 17}, WORDS(17, CODE, 7, 9), true, 0},
	{"one with a key of 256 bytes is told of", {.data = 268}, WORDS(268, CODE, 7, 9), true, 0},
	{"one after a refused request for encryption is told of", {.data = 16, .isn = NEXT + 8},
	 WORDS(16, CODE, 7, 9), true, 0},
	{"one after two of them is told of", {.data = 16, .isn = NEXT + 16},
	 WORDS(16, CODE, 7, 9), true, 0},

	{"another code is nothing", {.data = 16}, WORDS(16, CODE + 1, 7, 9), false, 0},
	{"a request for TLS is nothing", {.data = 8}, WORDS(8, 80877103), false, 0},
	{"a code without a key is nothing", {.data = 12}, WORDS(12, CODE, 7), false, 0},
	{"a key of 3 bytes is nothing", {.data = 15}, WORDS(15, CODE, 7, 9), false, 0},
	{"a key of 257 bytes is nothing", {.data = 269}, WORDS(269, CODE, 7, 9), false, 0},
	{"a length beyond the data is nothing", {.data = 16}, WORDS(20, CODE, 7, 9), false, 0},
	{"a length short of the data is nothing", {.data = 20}, WORDS(16, CODE, 7, 9), false, 0},
	{"a length in the other byte order is nothing", {.data = 16},
	 WORDS(0x10000000, CODE, 7, 9), false, 0},
	{"data beyond the frame is nothing", {.data = 16, .cut = 1}, WORDS(16, CODE, 7, 9), false, 0},
	{"what is not the first data is nothing", {.data = 16, .isn = NEXT + 40},
	 WORDS(16, CODE, 7, 9), false, 0},
	{"what comes after three requests is nothing", {.data = 16, .isn = NEXT + 24},
	 WORDS(16, CODE, 7, 9), false, 0},
	{"what is before the first data is nothing", {.data = 16, .isn = NEXT - 8},
	 WORDS(16, CODE, 7, 9), false, 0},
	{"data without an acknowledgement is nothing", {.data = 16, .flags = PSH},
	 WORDS(16, CODE, 7, 9), false, 0},
	{"a first fragment is nothing", {.data = 16, .more_fragments = true},
	 WORDS(16, CODE, 7, 9), false, 0},
	{"another port is nothing", {.data = 16, .server_port = 5433},
	 WORDS(16, CODE, 7, 9), false, 0},
	{"another client's is nothing", {.data = 16, .client = 7},
	 WORDS(16, CODE, 7, 9), false, 0},
};
/* clang-format on */

static const struct packet ordinary = {.flags = ACK | PSH, .isn = NEXT, .data = 16};

/* Client 0 is in, and its service has two listeners. */
static void let_in(struct rig *rig)
{
	rig->maps->service_conf[0].has_cancels = 1;
	assert_int_equal(sw_kern_beat(rig->kern), 0);
	queue_hear(rig);
	rig_expect(rig, &(struct packet){0}, DIRECT_FIRST);
}

/* The packet, with what it says in network byte order. */
static struct packet saying(const struct packet *packet, const uint32_t *says,
			    uint32_t words_be[SW_CANCEL_BYTES_MAX / 4 + 1])
{
	struct packet whole = *packet;

	for (size_t i = 0; i <= SW_CANCEL_BYTES_MAX / 4; i++)
		words_be[i] = htonl(says[i]);
	whole.says = words_be;
	whole.isn = packet->isn ? packet->isn : NEXT;
	whole.flags = packet->flags ? packet->flags : ACK;
	return whole;
}

static struct packet a_cancel(void)
{
	static uint32_t words_be[SW_CANCEL_BYTES_MAX / 4 + 1];

	return saying(&ordinary, WORDS(16, CODE, 7, 9), words_be);
}

static void check_row(struct rig *rig, const void *arg)
{
	const struct row *row = arg;
	uint32_t words_be[SW_CANCEL_BYTES_MAX / 4 + 1];
	struct packet packet = saying(&row->packet, row->says, words_be);
	struct sw_flow_key key;
	uint64_t before;
	struct told told;

	let_in(rig);
	before = rig_fingerprint(rig);
	rig_expect(rig, &packet, OUTCOME(.action = PASSES));
	told = queue_hear(rig);
	assert_int_equal(told.cancels, row->is_told);
	if (!row->is_told) {
		assert_int_equal(rig_fingerprint(rig), before);
		return;
	}
	packet.ipv6 = rig->ipv6;
	key = packet_flow(&packet);
	assert_memory_equal(&told.cancel.flow, &key, sizeof(key));
	assert_int_equal(told.cancel.service, 0);
	assert_int_equal(told.cancel.lane, SW_LANE_DIRECT);
	assert_int_equal(told.cancel.sequence, packet.isn);
	assert_int_equal(told.cancel.bytes, packet.data);
	assert_memory_equal(told.cancel.request, words_be, packet.data);
}

static int cancels_told(struct rig *rig, const struct packet *packet)
{
	assert_int_equal(rig_send(rig, packet), PASSES);
	return queue_hear(rig).cancels;
}

static void ordinary_data_is_nothing(struct rig *rig, const void *arg)
{
	static const uint16_t lengths[] = {0, 1, 8, 12, 16, 17, 20, 44, 268, 269, 1400};
	uint64_t before;

	(void)arg;
	let_in(rig);
	before = rig_fingerprint(rig);
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		struct packet packet = ordinary;

		packet.data = lengths[i];
		assert_int_equal(cancels_told(rig, &packet), 0);
	}
	assert_int_equal(rig_fingerprint(rig), before);
}

static void put_flow(struct rig *rig, uint8_t state, uint8_t lane, uint8_t flags, uint32_t isn)
{
	const struct packet packet = {.ipv6 = rig->ipv6};
	const struct sw_flow_key key = packet_flow(&packet);
	const struct sw_flow flow = {
		.tag = sw_flow_tag(&key),
		.state = state,
		.lane = lane,
		.flags = flags,
		.isn = isn,
	};

	rig_put_flow(rig, &packet, &flow);
}

static void lane_and_state_say_whose_it_is(struct rig *rig, const void *arg)
{
	static const struct {
		uint8_t state, lane, flags;
		uint32_t isn;
		bool is_told;
	} flows[] = {
		{SW_FLOW_HALF_OPEN, SW_LANE_DIRECT, 0, PACKET_ISN, true},
		{SW_FLOW_OPEN, SW_LANE_DIRECT, 0, PACKET_ISN, true},
		{SW_FLOW_OPEN, SW_LANE_POOLER, SW_FLOW_STEERED, PACKET_ISN, true},
		{SW_FLOW_OPEN, SW_LANE_POOLER, SW_FLOW_ADOPTED, 0, true},
		{SW_FLOW_OPEN, SW_LANE_DIRECT, SW_FLOW_RENUMBERED, 5, true},
		{SW_FLOW_OPEN, SW_LANE_DIRECT, 0, 5, false},
		{SW_FLOW_OPEN, SW_LANE_POOLER, SW_FLOW_SHADOW, PACKET_ISN, false},
		{SW_FLOW_WAITING, SW_LANE_QUEUE, 0, PACKET_ISN, false},
		{SW_FLOW_EXPIRED, SW_LANE_DIRECT, 0, PACKET_ISN, false},
		{SW_FLOW_DEAD, SW_LANE_DIRECT, 0, PACKET_ISN, false},
	};
	const struct packet cancel = a_cancel();

	(void)arg;
	let_in(rig);
	for (size_t i = 0; i < COUNT_OF(flows); i++) {
		struct told told;

		put_flow(rig, flows[i].state, flows[i].lane, flows[i].flags, flows[i].isn);
		rig_expect(rig, &cancel, OUTCOME(.action = PASSES));
		told = queue_hear(rig);
		if (told.cancels != flows[i].is_told)
			fail_msg("flow %zu: told %d times", i, told.cancels);
		if (told.cancels)
			assert_int_equal(told.cancel.lane, flows[i].lane);
	}
}

static void another_flow_s_memory_says_nothing(struct rig *rig, const void *arg)
{
	const struct packet packet = {.ipv6 = rig->ipv6}, cancel = a_cancel();
	struct sw_flow flow;

	(void)arg;
	let_in(rig);
	flow = rig_flow(rig, &packet);
	flow.tag++;
	rig_put_flow(rig, &packet, &flow);
	assert_int_equal(cancels_told(rig, &cancel), 0);
}

static void a_service_with_one_listener_keeps_its_own(struct rig *rig, const void *arg)
{
	const struct packet cancel = a_cancel();

	(void)arg;
	let_in(rig);
	rig->maps->service_conf[0].has_cancels = 0;
	rig_expect(rig, &cancel, OUTCOME(.action = PASSES));
	assert_int_equal(queue_hear(rig).cancels, 0);
}

static void in_monitor_mode_nothing_is_told(struct rig *rig, const void *arg)
{
	const struct packet cancel = a_cancel();

	(void)arg;
	let_in(rig);
	rig->maps->control->mode = SW_MODE_MONITOR;
	rig_expect(rig, &cancel, OUTCOME(.action = PASSES));
	assert_int_equal(queue_hear(rig).cancels, 0);
}

static void without_a_daemon_it_is_lost(struct rig *rig, const void *arg)
{
	const struct packet cancel = a_cancel();

	(void)arg;
	let_in(rig);
	rig->maps->control->heartbeat_ns = 1;
	rig_expect(rig, &cancel, OUTCOME(.action = PASSES, COUNTS(0, 0, CANCELS_LOST)));
	assert_int_equal(queue_hear(rig).cancels, 0);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void beyond_the_rate_they_are_lost(struct rig *rig, const void *arg)
{
	enum { BURST = 100, SENT = 300 };
	const struct packet cancel = a_cancel();
	uint64_t began_ns = now_ns(), passed;
	int told;

	(void)arg;
	let_in(rig);
	for (int i = 0; i < SENT; i++)
		assert_int_equal(rig_send(rig, &cancel), PASSES);
	passed = (now_ns() - began_ns) / SW_CANCEL_INTERVAL_NS;
	told = queue_hear(rig).cancels;
	assert_in_range(told, BURST, BURST + passed + 1);
	assert_int_equal(rig_counted(rig, SW_COUNTER_CANCELS_LOST), SENT - told);
	/* Each service has its own. */
	rig->maps->service_conf[1] = rig->maps->service_conf[0];
	rig->maps->ports->service[5432] = 2;
	assert_int_equal(cancels_told(rig, &cancel), 1);
}

static void a_full_ring_loses_it(struct rig *rig, const void *arg)
{
	const struct packet cancel = a_cancel();
	int sent = 0;

	(void)arg;
	let_in(rig);
	while (!rig_counted(rig, SW_COUNTER_CANCELS_LOST)) {
		rig->maps->service_state[0].cancel_ns = 0;
		assert_int_equal(rig_send(rig, &cancel), PASSES);
		assert_true(++sent <= (int)(SW_WAKEUPS_BYTES) / (int)sizeof(struct sw_cancel) + 1);
	}
	assert_int_equal(queue_hear(rig).cancels, sent - 1);
	assert_int_equal(cancels_told(rig, &cancel), 1);
}

#define OTHER(what, run)                                                                           \
	{                                                                                          \
		what, run, NULL, 0                                                                 \
	}

int main(void)
{
	static const struct rig_test others[] = {
		OTHER("data of other lengths and contents touches nothing",
		      ordinary_data_is_nothing),
		OTHER("it is told of on either lane, of a flow that is in and was there for it",
		      lane_and_state_say_whose_it_is),
		OTHER("memory that another flow has by now says nothing",
		      another_flow_s_memory_says_nothing),
		OTHER("of a service with one listener nothing is told",
		      a_service_with_one_listener_keeps_its_own),
		OTHER("in monitor mode nothing is told", in_monitor_mode_nothing_is_told),
		OTHER("without a daemon it is lost, and waits for none",
		      without_a_daemon_it_is_lost),
		OTHER("beyond the rate they are lost, and counted", beyond_the_rate_they_are_lost),
		OTHER("what the ring has no room for is lost, and counted", a_full_ring_loses_it),
	};
	struct rig_test tests[COUNT_OF(rows) + COUNT_OF(others)];

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		tests[i] = (struct rig_test){rows[i].sentence, check_row, &rows[i], rows[i].only};
	memcpy(tests + COUNT_OF(rows), others, sizeof(others));
	return rig_main("cancel", tests, COUNT_OF(tests));
}
