/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SYNs that wait: what the gate keeps and tells, and whom it keeps waiting.
 */
#include <string.h>
#include <unistd.h>

#include "policy/frame.h"
#include "queue.h"

#define INSIDE 8

static void the_syn_is_kept(struct rig *rig, const void *arg)
{
	struct told told;
	struct packet packet = {
		.client = CLIENT, .client_port = 7, .padding = 6, .tcp_options = 20};
	uint8_t frame[PACKET_MAX];
	int fd = queue_open(rig, 0);
	size_t bytes;

	(void)arg;
	packet.ipv6 = rig->ipv6;
	bytes = packet_build(&packet, frame) - packet.padding;
	rig_expect(rig, &packet, WAITS(BUDGET));
	assert_int_equal(rig_flow(rig, &packet).state, SW_FLOW_WAITING);
	queue_assert_waiting(rig, &packet, 1, 1);
	rig_assert_slots(rig, 0, 0, 0);
	assert_int_equal(sw_source_live_count(rig_source(rig, 0, &packet)), 0);
	told = queue_hear(rig);
	assert_int_equal(told.parks, 1);
	assert_int_equal(told.parked.length, bytes);
	assert_memory_equal(told.parked.frame, frame, bytes);
	assert_int_equal(told.parked.isn, PACKET_ISN);
	assert_int_equal(told.parked.reason, SW_REASON_BUDGET);
	assert_int_equal(told.parked.is_ipv6, rig->ipv6);
	assert_int_equal(told.parked.is_partial, 0);
	close(fd);
}

static void a_repeated_syn(struct rig *rig, const void *arg)
{
	struct told told;
	const struct packet packet = {.client = CLIENT}, other = {.client = CLIENT, .isn = 77};
	int fd = queue_open(rig, 0);
	uint64_t syn_ns;

	(void)arg;
	rig_expect(rig, &packet, WAITS(BUDGET));
	syn_ns = rig_flow(rig, &packet).syn_ns;
	rig_expect(rig, &packet, OUTCOME(.action = DROPPED, COUNTS(0, 0, WAIT_REPEATED)));
	queue_assert_waiting(rig, &packet, 1, 1);
	told = queue_hear(rig);
	assert_int_equal(told.parks, 2);
	assert_int_equal(told.parked.syn_ns, syn_ns);
	assert_true(told.parked.seen_ns > syn_ns);
	/* Another connection from the same port: the one before has ended, and this one is new. */
	rig_expect(rig, &other,
		   OUTCOME(VERDICT(DROPPED, 0, QUEUE, WAITERS), COUNTS(0, 0, WAIT_ABANDONED)));
	queue_assert_waiting(rig, &packet, 1, 1);
	assert_int_equal(rig_flow(rig, &packet).isn, 77);
	assert_true(rig_flow(rig, &packet).syn_ns > syn_ns);
	close(fd);
}

/* With copies of the SYN that nobody reads, which fill what is between gate and daemon; the last is lost. */
static void fill_wakeups(struct rig *rig, const struct packet *packet)
{
	for (size_t i = 0; i <= SW_WAKEUPS_BYTES / sizeof(struct sw_parked); i++)
		assert_int_equal(rig_send(rig, packet), DROPPED);
	assert_true(rig_counted(rig, SW_COUNTER_WAIT_COPY_LOST) > 0);
}

static void a_copy_that_is_lost(struct rig *rig, const void *arg)
{
	const struct packet first = {.client = CLIENT};
	const struct packet late = {.client = CLIENT, .client_port = 7, .isn = 77};
	int fd = queue_open(rig, 0);
	struct told told;

	(void)arg;
	fill_wakeups(rig, &first);
	rig_expect(rig, &late,
		   OUTCOME(VERDICT(DROPPED, 0, QUEUE, WAITERS), COUNTS(0, 0, WAIT_COPY_LOST)));
	assert_int_equal(rig_flow(rig, &late).state, SW_FLOW_WAITING);
	queue_assert_waiting(rig, &late, 2, 2);
	/* Nor is a repetition heard before the daemon has read. */
	rig_expect(rig, &late,
		   OUTCOME(.action = DROPPED, COUNTS(0, 0, WAIT_REPEATED),
			   COUNTS(1, 0, WAIT_COPY_LOST)));
	told = queue_hear(rig);
	assert_true(told.parks > 1);
	assert_int_equal(told.parked.isn, PACKET_ISN);
	rig_expect(rig, &late, OUTCOME(.action = DROPPED, COUNTS(0, 0, WAIT_REPEATED)));
	told = queue_hear(rig);
	assert_int_equal(told.parks, 1);
	assert_int_equal(told.parked.isn, late.isn);
	assert_int_equal(told.parked.syn_ns, rig_flow(rig, &late).syn_ns);
	queue_assert_waiting(rig, &late, 2, 2);
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 1;
	assert_int_equal(queue_release(rig, &late, SW_RELEASE_ADMIT).lane, SW_LANE_DIRECT);
	close(fd);
}

static void what_cannot_be_kept(struct rig *rig, const void *arg)
{
	struct told told;
	const struct packet data = {.client = CLIENT, .data = 3};
	const struct packet wrong = {.client = CLIENT, .client_port = 8, .checksum_off_by = 1};
	const struct packet packet = {.client = CLIENT};
	int fd = queue_open(rig, 0);

	(void)arg;
	rig_expect(rig, &data, REFUSED(UNPARKABLE));
	rig_expect(rig, &wrong, OUTCOME(VERDICT(DROPPED, 0, DROP, CHECKSUM)));
	queue_assert_waiting(rig, &packet, 0, 0);
	told = queue_hear(rig);
	assert_int_equal(told.parks, 0);
	/* Nor does it take the place of one that waits. */
	rig_expect_syn(rig, CLIENT, 9, WAITS(BUDGET));
	rig_expect(rig, &(struct packet){.client = CLIENT, .client_port = 9, .checksum_off_by = 1},
		   OUTCOME(.action = DROPPED));
	told = queue_hear(rig);
	assert_int_equal(told.parks, 1);
	close(fd);
}

/* As a veth hands it over: the sum of the pseudo header alone. */
static void a_partial_checksum(struct rig *rig, const void *arg)
{
	struct told told;
	struct packet packet = {.ipv6 = rig->ipv6, .client = CLIENT};
	uint8_t frame[PACKET_MAX], whole[PACKET_MAX];
	size_t ip_at = 14, tcp_at = ip_at + (rig->ipv6 ? 40 : 20);
	int fd = queue_open(rig, 0);
	struct sw_frame completed;
	size_t bytes;
	uint16_t sum;

	(void)arg;
	bytes = packet_build(&packet, whole);
	memcpy(frame, whole, bytes);
	memset(frame + tcp_at, 0, bytes - tcp_at);
	sum = ~packet_tcp_sum(frame + ip_at, rig->ipv6, frame + tcp_at, bytes - tcp_at);
	memcpy(frame + tcp_at, whole + tcp_at, bytes - tcp_at);
	frame[tcp_at + 16] = sum >> 8;
	frame[tcp_at + 17] = sum & 0xff;
	assert_int_equal(rig_send_frame(rig, frame, bytes), DROPPED);
	queue_assert_waiting(rig, &packet, 1, 1);
	told = queue_hear(rig);
	assert_int_equal(told.parked.is_partial, 1);
	assert_int_equal(sw_frame_complete(&told.parked, &completed), 0);
	assert_memory_equal(completed.bytes, whole, bytes);
	close(fd);
}

static void caps(struct rig *rig, const void *arg)
{
	int fd = queue_open(rig, 0);

	(void)arg;
	rig->maps->service_conf[0].queue_per_source = 1;
	rig->maps->service_conf[0].queue_max = 2;
	rig_expect_syn(rig, CLIENT, 1, WAITS(BUDGET));
	rig_expect_syn(rig, CLIENT, 2, REFUSED(QUEUE_SOURCE));
	rig_expect_syn(rig, CLIENT + 1, 1, WAITS(WAITERS));
	rig_expect_syn(rig, CLIENT + 2, 1, REFUSED(QUEUE_FULL));
	assert_int_equal(rig->maps->service_state[0].waiting, 2);
	close(fd);
}

static void nobody_overtakes(struct rig *rig, const void *arg)
{
	const struct packet first = {.client = CLIENT, .client_port = 1};
	int fd = queue_open(rig, 0);

	(void)arg;
	rig_expect(rig, &first, WAITS(BUDGET));
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 2;
	rig_expect_syn(rig, CLIENT, 2, WAITS(WAITERS));
	rig_assert_slots(rig, 0, 0, 0);
	assert_int_equal(queue_release(rig, &first, SW_RELEASE_ADMIT).lane, SW_LANE_DIRECT);
	queue_assert_waiting(rig, &first, 1, 1);
	close(fd);
}

static void nobody_listens(struct rig *rig, const void *arg)
{
	int fd = queue_open(rig, 2);

	(void)arg;
	close(fd);
	rig_expect_syn(rig, CLIENT, 1, WAITS(NO_LISTENER));
	rig->maps->service_state[0].hold = SW_HOLD_NOT_READY;
	rig_expect_syn(rig, CLIENT, 2, WAITS(NOT_READY));
	rig->maps->service_state[0].hold = SW_HOLD_PAUSED;
	rig_expect_syn(rig, CLIENT, 3, WAITS(PAUSED));
}

static void what_became_free_is_told(struct rig *rig, const void *arg)
{
	struct told told;
	const struct packet inside = {.client = CLIENT, .client_port = 1};
	int fd = queue_open(rig, 1);

	(void)arg;
	rig_expect(rig, &inside, DIRECT_FIRST);
	rig_sweep_after(rig, 6 * SECOND_NS); /* nobody waits: nobody is told */
	told = queue_hear(rig);
	assert_int_equal(told.frees, 0);
	assert_int_equal(sw_kern_beat(rig->kern), 0);
	rig_expect_syn(rig, CLIENT, 2, DIRECT_FIRST);
	rig_expect_syn(rig, CLIENT + 1, 3, WAITS(BUDGET));
	rig_sweep_after(rig, 5 * SECOND_NS + SECOND_NS / 2);
	told = queue_hear(rig);
	assert_int_equal(told.frees, 1);
	assert_int_equal(told.freed.class_id, 0);
	assert_true(told.freed.at_ns != 0);
	assert_int_equal(rig->maps->service_state[0].waiting, 1);
	close(fd);
}

/* Of those that the ring buffer is too full to tell of, which are all but a few. */
static void what_cannot_be_told_is_noted(struct rig *rig, const void *arg)
{
	const struct packet waiter = {.client = CLIENT};
	uint64_t before = *rig->maps->untold_count;
	int fd = queue_open(rig, INSIDE), noted = 0;
	struct told told;

	(void)arg;
	memset(rig->maps->untold_of, 0, SW_UNTOLD);
	for (uint32_t i = 1; i <= INSIDE; i++)
		rig_expect_syn(rig, CLIENT + i, 1, OUTCOME(VERDICT(PASSES, 0, DIRECT, FIRST)));
	fill_wakeups(rig, &waiter);
	rig_sweep_after(rig, 5 * SECOND_NS + SECOND_NS / 2);
	told = queue_hear(rig);
	assert_in_range(told.frees, 0, INSIDE - 1);
	assert_int_equal(*rig->maps->untold_count - before, INSIDE - told.frees);
	for (uint32_t i = 1; i <= INSIDE; i++) {
		const struct packet inside = {.client = CLIENT + i, .ipv6 = rig->ipv6};
		const struct sw_source_key source = {.address = packet_client(&inside)};

		noted += rig->maps->untold_of[sw_untold_place(&source)];
	}
	assert_int_equal(noted, INSIDE - told.frees);
	close(fd);
}

static void a_handshake_that_is_complete(struct rig *rig, const void *arg)
{
	struct told told;
	struct sw_service_conf *conf = &rig->maps->service_conf[0];
	int fd = queue_open(rig, 5);

	(void)arg;
	conf->half_open_max = 1;
	rig_expect_syn(rig, CLIENT, 1, DIRECT_FIRST);
	rig_expect_syn(rig, CLIENT, 2, WAITS(HALF_OPEN));
	conf->half_open_max = 2; /* not reached: nobody waits for this one */
	queue_connect(rig);
	told = queue_hear(rig);
	assert_int_equal(told.frees, 0);
	close(fd);
}

static void a_handshake_that_others_wait_for(struct rig *rig, const void *arg)
{
	struct told told;
	const bool of_source = arg;
	int fd = queue_open(rig, 5);

	if (of_source)
		rig->maps->service_conf[0].half_open_per_source = 1;
	else
		rig->maps->service_conf[0].half_open_max = 1;
	rig_expect_syn(rig, CLIENT, 1, DIRECT_FIRST);
	if (of_source)
		rig_expect_syn(rig, CLIENT, 2, WAITS(SOURCE_HALF_OPEN));
	else
		rig_expect_syn(rig, CLIENT, 2, WAITS(HALF_OPEN));
	queue_connect(rig);
	told = queue_hear(rig);
	assert_int_equal(told.frees, 1);
	assert_int_equal(told.freed.class_id, 0);
	close(fd);
}

static void without_a_daemon(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT};
	int fd = queue_open(rig, 0);

	(void)arg;
	rig_expect(rig, &packet, WAITS(BUDGET));
	rig->maps->control->heartbeat_ns = 0;
	rig_expect_syn(rig, CLIENT, 2, REFUSED(NO_QUEUE));
	rig_expect(rig, &packet, OUTCOME(.action = DROPPED, COUNTS(0, 0, WAIT_REPEATED)));
	queue_assert_waiting(rig, &packet, 1, 1);
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 1;
	rig_expect(rig, &packet,
		   OUTCOME(.action = PASSES, COUNTS(0, 0, WAIT_REPEATED),
			   COUNTS(1, 0, WAIT_ADMITTED)));
	queue_assert_waiting(rig, &packet, 0, 0);
	rig_assert_slots(rig, 0, 1, 0);
	rig_expect(rig, &packet, RETRANSMIT(PASSES));
	close(fd);
}

/* The one before has ended, and nothing is written into the flow of whoever has it by now. */
static void without_a_daemon_by_another_number(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT}, other = {.client = CLIENT, .isn = 77};
	struct sw_service_conf *conf = &rig->maps->service_conf[0];
	int fd = queue_open(rig, 0);
	struct sw_flow flow;

	(void)arg;
	rig_expect(rig, &packet, WAITS(BUDGET));
	rig->maps->control->heartbeat_ns = 0;
	flow = rig_flow(rig, &packet);
	rig_expect(rig, &other,
		   OUTCOME(VERDICT(DROPPED, 0, QUEUE, WAITERS), COUNTS(0, 0, WAIT_ABANDONED)));
	assert_int_equal(rig_flow(rig, &packet).isn, 77);
	assert_true(rig_flow(rig, &packet).syn_ns > flow.syn_ns);
	queue_assert_waiting(rig, &packet, 1, 1);
	conf->budget = conf->shared_limit = 1;
	rig_expect(rig, &packet,
		   OUTCOME(VERDICT(PASSES, 0, QUEUE, WAITERS), COUNTS(0, 0, WAIT_ABANDONED),
			   COUNTS(1, 0, WAIT_ADMITTED)));
	queue_assert_waiting(rig, &packet, 0, 0);
	rig_assert_slots(rig, 0, 1, 0);
	close(fd);
}

/* One connection in a hundred seconds, of which the first is in. */
static void without_a_daemon_over_its_rate(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT, .client_port = 2};
	struct sw_service_conf *conf = &rig->maps->service_conf[0];
	int fd = queue_open(rig, 1);

	(void)arg;
	rig->maps->class_conf[0].interval_ns = 100 * SECOND_NS;
	conf->over_limit = CHAIN2(SW_LANE_QUEUE, SW_LANE_DROP);
	rig_expect_syn(rig, CLIENT, 1, DIRECT_FIRST);
	rig_expect(rig, &packet, WAITS(RATE));
	rig->maps->control->heartbeat_ns = 0;
	rig->maps->class_conf[0].tolerance_ns = 100 * SECOND_NS;
	for (int i = 0; i < 3; i++)
		rig_expect(rig, &packet, OUTCOME(.action = DROPPED, COUNTS(0, 0, WAIT_REPEATED)));
	conf->budget = conf->shared_limit = 3;
	rig_expect(rig, &packet,
		   OUTCOME(.action = PASSES, COUNTS(0, 0, WAIT_REPEATED),
			   COUNTS(1, 0, WAIT_ADMITTED)));
	rig_expect_syn(rig, CLIENT, 3, OUTCOME(VERDICT(DROPPED, 0, DROP, NO_QUEUE)));
	close(fd);
}

static void without_a_daemon_that_closes(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT};
	int fd = queue_open(rig, 0);

	(void)arg;
	rig_expect(rig, &packet, WAITS(BUDGET));
	rig->maps->control->heartbeat_ns = 0;
	rig->maps->control->on_loss = SW_ON_LOSS_CLOSED;
	rig_expect(rig, &packet,
		   OUTCOME(.action = ANSWERED, COUNTS(0, 0, WAIT_REPEATED),
			   COUNTS(1, 0, WAIT_TIMED_OUT)));
	queue_assert_waiting(rig, &packet, 0, 0);
	close(fd);
}

static void in_monitor_mode(struct rig *rig, const void *arg)
{
	struct told told;
	const struct packet packet = {.client = CLIENT};
	int fd = queue_open(rig, 0);

	(void)arg;
	rig->maps->control->mode = SW_MODE_MONITOR;
	rig_expect(rig, &packet, OUTCOME(VERDICT(PASSES, 0, QUEUE, BUDGET)));
	queue_assert_waiting(rig, &packet, 0, 0);
	told = queue_hear(rig);
	assert_int_equal(told.parks, 0);
	close(fd);
}

static const struct rig_test tests[] = {
	{"a SYN without a slot is kept, whole, and dropped", the_syn_is_kept, NULL, 0},
	{"a repeated one brings a newer copy; another number is another connection", a_repeated_syn,
	 NULL, 0},
	{"who finds no room for a copy of his SYN keeps his place, and a repetition brings it",
	 a_copy_that_is_lost, NULL, 0},
	{"one with data or with a wrong checksum is not kept", what_cannot_be_kept, NULL, 0},
	{"a partial checksum is completed", a_partial_checksum, NULL, 0},
	{"so many may wait, in all and of a source", caps, NULL, 0},
	{"nobody overtakes who waits, though a slot is free", nobody_overtakes, NULL, 0},
	{"where nobody listens, or nobody is to be let in, it waits", nobody_listens, NULL, 0},
	{"what becomes free is told while somebody waits", what_became_free_is_told, NULL, 0},
	{"of whom there is no room to tell it is noted", what_cannot_be_told_is_noted, NULL, 0},
	{"a complete handshake is told where incomplete ones were too many",
	 a_handshake_that_others_wait_for, NULL, 0},
	{"likewise where too many were its source's", a_handshake_that_others_wait_for, "", 0},
	{"elsewhere it is not", a_handshake_that_is_complete, NULL, 0},
	{"without a daemon it gets in by its own next SYN", without_a_daemon, NULL, 0},
	{"without a daemon, too, another number is another connection",
	 without_a_daemon_by_another_number, NULL, 0},
	{"without a daemon it takes its arrival when it gets in, not with each SYN",
	 without_a_daemon_over_its_rate, NULL, 0},
	{"without a daemon, closed, it is refused", without_a_daemon_that_closes, NULL, 0},
	{"in monitor mode nobody is kept waiting", in_monitor_mode, NULL, 0},
};

int main(void)
{
	return rig_main("waiting", tests, COUNT_OF(tests));
}
