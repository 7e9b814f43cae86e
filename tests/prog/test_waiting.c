/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SYNs that wait: what the gate keeps and tells, whom it keeps waiting, and every way in which a wait ends.
 */
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "kern/release.h"
#include "kern/wakeups.h"
#include "listener.h"
#include "policy/frame.h"

#define CLIENT	   0x010001
#define SECOND_NS  1000000000ull
#define WAITS(why) OUTCOME(VERDICT(DROPPED, 0, QUEUE, why))

/* The last of each kind that the gate told, and how many. */
static struct told {
	struct sw_parked parked;
	struct sw_freed freed;
	int parks;
	int frees;
} told;

static void on_parked(void *arg, const struct sw_parked *parked)
{
	(void)arg;
	told.parked = *parked;
	told.parks++;
}

static void on_freed(void *arg, const struct sw_freed *freed)
{
	(void)arg;
	told.freed = *freed;
	told.frees++;
}

static void hear(struct rig *rig)
{
	static const struct sw_wakeups_handlers handlers = {on_parked, on_freed};
	struct sw_wakeups *wakeups;

	memset(&told, 0, sizeof(told));
	assert_int_equal(sw_wakeups_open(rig->maps, &handlers, NULL, &wakeups), 0);
	while (!sw_wakeups_read(wakeups, 100))
		;
	sw_wakeups_close(wakeups);
}

/* Everybody who comes to the service's address may wait for one of so many slots. The listener there. */
static int set_queue(struct rig *rig, uint32_t budget)
{
	const struct packet packet = {.client = CLIENT};
	struct sw_service_conf *conf = &rig->maps->service_conf[0];

	conf->budget = conf->shared_limit = budget;
	rig->maps->class_conf[0].lanes = CHAIN3(SW_LANE_DIRECT, SW_LANE_QUEUE, SW_LANE_REFUSE);
	assert_int_equal(sw_kern_beat(rig->kern), 0);
	hear(rig);
	return listener_open_at(rig, &packet);
}

static void assert_waiting(const struct rig *rig, const struct packet *packet, uint32_t in_all,
			   uint32_t own)
{
	assert_int_equal(rig->maps->service_state[0].waiting, in_all);
	assert_int_equal(rig->maps->class_state[0].waiting, in_all);
	assert_int_equal(sw_source_waiting_count(rig_source(rig, 0, packet)), own);
}

static struct sw_released release(struct rig *rig, const struct packet *packet,
				  enum sw_release_op op)
{
	struct packet whole = *packet;
	uint8_t frame[PACKET_MAX];
	struct sw_released out;
	struct sw_release what = {.op = op, .ifindex = if_nametoindex("lo"), .frame = frame};

	whole.ipv6 = rig->ipv6;
	what.bytes = packet_build(&whole, frame);
	assert_int_equal(sw_kern_release(rig->kern, &what, &out), 0);
	return out;
}

static void the_syn_is_kept(struct rig *rig, const void *arg)
{
	struct packet packet = {
		.client = CLIENT, .client_port = 7, .padding = 6, .tcp_options = 20};
	uint8_t frame[PACKET_MAX];
	int fd = set_queue(rig, 0);
	size_t bytes;

	(void)arg;
	packet.ipv6 = rig->ipv6;
	bytes = packet_build(&packet, frame) - packet.padding;
	rig_expect(rig, &packet, WAITS(BUDGET));
	assert_int_equal(rig_flow(rig, &packet).state, SW_FLOW_WAITING);
	assert_waiting(rig, &packet, 1, 1);
	rig_assert_slots(rig, 0, 0, 0);
	assert_int_equal(sw_source_live_count(rig_source(rig, 0, &packet)), 0);
	hear(rig);
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
	const struct packet packet = {.client = CLIENT}, other = {.client = CLIENT, .isn = 77};
	int fd = set_queue(rig, 0);
	uint64_t syn_ns;

	(void)arg;
	rig_expect(rig, &packet, WAITS(BUDGET));
	syn_ns = rig_flow(rig, &packet).syn_ns;
	rig_expect(rig, &packet, OUTCOME(.action = DROPPED, COUNTS(0, 0, WAIT_REPEATED)));
	assert_waiting(rig, &packet, 1, 1);
	hear(rig);
	assert_int_equal(told.parks, 2);
	assert_int_equal(told.parked.syn_ns, syn_ns);
	assert_true(told.parked.seen_ns > syn_ns);
	/* Another connection from the same port: the one before has ended, and this one is new. */
	rig_expect(rig, &other,
		   OUTCOME(VERDICT(DROPPED, 0, QUEUE, WAITERS), COUNTS(0, 0, WAIT_ABANDONED)));
	assert_waiting(rig, &packet, 1, 1);
	assert_int_equal(rig_flow(rig, &packet).isn, 77);
	assert_true(rig_flow(rig, &packet).syn_ns > syn_ns);
	close(fd);
}

static void what_cannot_be_kept(struct rig *rig, const void *arg)
{
	const struct packet data = {.client = CLIENT, .data = 3};
	const struct packet wrong = {.client = CLIENT, .client_port = 8, .checksum_off_by = 1};
	const struct packet packet = {.client = CLIENT};
	int fd = set_queue(rig, 0);

	(void)arg;
	rig_expect(rig, &data, REFUSED(UNPARKABLE));
	rig_expect(rig, &wrong, OUTCOME(VERDICT(DROPPED, 0, DROP, CHECKSUM)));
	assert_waiting(rig, &packet, 0, 0);
	hear(rig);
	assert_int_equal(told.parks, 0);
	/* Nor does it take the place of one that waits. */
	rig_expect_syn(rig, CLIENT, 9, WAITS(BUDGET));
	rig_expect(rig, &(struct packet){.client = CLIENT, .client_port = 9, .checksum_off_by = 1},
		   OUTCOME(.action = DROPPED));
	hear(rig);
	assert_int_equal(told.parks, 1);
	close(fd);
}

/* As a veth hands it over: the sum of the pseudo header alone. */
static void a_partial_checksum(struct rig *rig, const void *arg)
{
	struct packet packet = {.ipv6 = rig->ipv6, .client = CLIENT};
	uint8_t frame[PACKET_MAX], whole[PACKET_MAX];
	size_t ip_at = 14, tcp_at = ip_at + (rig->ipv6 ? 40 : 20);
	int fd = set_queue(rig, 0);
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
	assert_waiting(rig, &packet, 1, 1);
	hear(rig);
	assert_int_equal(told.parked.is_partial, 1);
	assert_int_equal(sw_frame_complete(&told.parked, &completed), 0);
	assert_memory_equal(completed.bytes, whole, bytes);
	close(fd);
}

static void caps(struct rig *rig, const void *arg)
{
	int fd = set_queue(rig, 0);

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
	int fd = set_queue(rig, 0);

	(void)arg;
	rig_expect(rig, &first, WAITS(BUDGET));
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 2;
	rig_expect_syn(rig, CLIENT, 2, WAITS(WAITERS));
	rig_assert_slots(rig, 0, 0, 0);
	assert_int_equal(release(rig, &first, SW_RELEASE_ADMIT).lane, SW_LANE_DIRECT);
	assert_waiting(rig, &first, 1, 1);
	close(fd);
}

static void nobody_listens(struct rig *rig, const void *arg)
{
	int fd = set_queue(rig, 2);

	(void)arg;
	close(fd);
	rig_expect_syn(rig, CLIENT, 1, WAITS(NO_LISTENER));
	rig->maps->service_state[0].hold = SW_HOLD_NOT_READY;
	rig_expect_syn(rig, CLIENT, 2, WAITS(NOT_READY));
	rig->maps->service_state[0].hold = SW_HOLD_PAUSED;
	rig_expect_syn(rig, CLIENT, 3, WAITS(PAUSED));
}

static void a_turn(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT};
	int fd = set_queue(rig, 0);
	struct sw_released out;

	(void)arg;
	rig_expect(rig, &packet, WAITS(BUDGET));
	out = release(rig, &packet, SW_RELEASE_ADMIT);
	assert_int_equal(out.lane, SW_LANE_QUEUE);
	assert_int_equal(out.reason, SW_REASON_BUDGET);
	assert_false(out.flags & SW_RELEASED_OF_SOURCE);
	assert_waiting(rig, &packet, 1, 1);
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 1;
	out = release(rig, &(struct packet){.client = CLIENT, .isn = 77}, SW_RELEASE_ADMIT);
	assert_int_equal(out.lane, SW_LANE_NONE); /* not the SYN that waits */
	out = release(rig, &packet, SW_RELEASE_ADMIT);
	assert_int_equal(out.lane, SW_LANE_DIRECT);
	assert_int_equal(out.flags, 0);
	assert_int_equal(rig_flow(rig, &packet).lane, SW_LANE_DIRECT);
	assert_waiting(rig, &packet, 0, 0);
	rig_assert_slots(rig, 0, 1, 0);
	assert_int_equal(sw_source_live_count(rig_source(rig, 0, &packet)), 1);
	assert_int_equal(rig_counted(rig, SW_COUNTER_WAIT_ADMITTED), 1);
	assert_int_equal(release(rig, &packet, SW_RELEASE_ADMIT).lane, SW_LANE_NONE);
	rig_assert_slots(rig, 0, 1, 0);
	close(fd);
}

/* The interface that it came by is gone. */
static void a_turn_whose_syn_cannot_be_sent(struct rig *rig, const void *arg)
{
	struct packet packet = {.ipv6 = rig->ipv6, .client = CLIENT};
	struct sw_release what = {.op = SW_RELEASE_ADMIT};
	int fd = set_queue(rig, 0);
	uint8_t frame[PACKET_MAX];
	struct sw_released out;

	(void)arg;
	rig_expect(rig, &packet, WAITS(BUDGET));
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 1;
	what.frame = frame;
	what.bytes = packet_build(&packet, frame);
	assert_int_equal(sw_kern_release(rig->kern, &what, &out), 0);
	assert_int_equal(out.lane, SW_LANE_DIRECT);
	assert_int_equal(out.flags, SW_RELEASED_UNSENT);
	assert_int_equal(rig_counted(rig, SW_COUNTER_RELEASED_UNSENT), 1);
	assert_waiting(rig, &packet, 0, 0);
	rig_assert_slots(rig, 0, 1, 0);
	rig_expect(rig, &packet, RETRANSMIT(PASSES));
	close(fd);
}

static void a_limit_of_its_source(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT, .client_port = 2};
	int fd = set_queue(rig, 5);
	struct sw_released out;

	(void)arg;
	rig->maps->class_conf[0].direct_per_source = 1;
	rig_expect_syn(rig, CLIENT, 1, DIRECT_FIRST);
	rig_expect(rig, &packet, WAITS(SOURCE_DIRECT));
	out = release(rig, &packet, SW_RELEASE_ADMIT);
	assert_int_equal(out.lane, SW_LANE_QUEUE);
	assert_int_equal(out.reason, SW_REASON_SOURCE_DIRECT);
	assert_true(out.flags & SW_RELEASED_OF_SOURCE);
	rig_assert_slots(rig, 0, 1, 0);
	close(fd);
}

static void its_end(struct rig *rig, const void *arg)
{
	const struct packet late = {.client = CLIENT, .client_port = 1};
	const struct packet gone = {.client = CLIENT, .client_port = 2};
	int fd = set_queue(rig, 0);

	(void)arg;
	rig_expect(rig, &late, WAITS(BUDGET));
	rig_expect(rig, &gone, WAITS(WAITERS));
	assert_int_equal(release(rig, &late, SW_RELEASE_TIME_OUT).lane, SW_LANE_REFUSE);
	assert_false(rig_has_flow(rig, &late));
	assert_waiting(rig, &late, 1, 1);
	rig_expect(rig, &late, RETRANSMIT(ANSWERED));
	release(rig, &gone, SW_RELEASE_ABANDON);
	assert_false(rig_has_flow(rig, &gone));
	assert_waiting(rig, &late, 0, 0);
	assert_int_equal(rig_counted(rig, SW_COUNTER_WAIT_TIMED_OUT), 1);
	assert_int_equal(rig_counted(rig, SW_COUNTER_WAIT_ABANDONED), 1);
	close(fd);
}

static void denied_meanwhile(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT};
	int fd = set_queue(rig, 0);

	(void)arg;
	rig_expect(rig, &packet, WAITS(BUDGET));
	rig_add_prefix(rig, 0, 3, CLIENT, 0);
	rig->maps->class_conf[3].action = SW_ACTION_DROP;
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 1;
	assert_int_equal(release(rig, &packet, SW_RELEASE_ADMIT).lane, SW_LANE_DROP);
	assert_waiting(rig, &packet, 0, 0);
	rig_assert_slots(rig, 0, 0, 0);
	close(fd);
}

static void what_became_free_is_told(struct rig *rig, const void *arg)
{
	const struct packet inside = {.client = CLIENT, .client_port = 1};
	int fd = set_queue(rig, 1);

	(void)arg;
	rig_expect(rig, &inside, DIRECT_FIRST);
	rig_sweep_after(rig, 6 * SECOND_NS); /* nobody waits: nobody is told */
	hear(rig);
	assert_int_equal(told.frees, 0);
	assert_int_equal(sw_kern_beat(rig->kern), 0);
	rig_expect_syn(rig, CLIENT, 2, DIRECT_FIRST);
	rig_expect_syn(rig, CLIENT + 1, 3, WAITS(BUDGET));
	rig_sweep_after(rig, 5 * SECOND_NS + SECOND_NS / 2);
	hear(rig);
	assert_int_equal(told.frees, 1);
	assert_int_equal(told.freed.class_id, 0);
	assert_true(told.freed.at_ns != 0);
	assert_int_equal(rig->maps->service_state[0].waiting, 1);
	close(fd);
}

/* The handshake of the client from port 1 is complete. */
static void complete(struct rig *rig)
{
	const struct packet inside = {.client = CLIENT, .client_port = 1, .ipv6 = rig->ipv6};
	struct sw_flow_op op = {
		.key = packet_flow(&inside),
		.kind = SW_FLOW_OP_ADOPT,
		.lane = SW_LANE_DIRECT,
		.state = SW_FLOW_OPEN,
	};

	assert_int_equal(sw_kern_reconcile(rig->kern, &op), 0);
	assert_int_equal(op.result, SW_FLOW_OP_CONFIRMED);
	hear(rig);
}

static void a_handshake_that_is_complete(struct rig *rig, const void *arg)
{
	struct sw_service_conf *conf = &rig->maps->service_conf[0];
	int fd = set_queue(rig, 5);

	(void)arg;
	conf->half_open_max = 1;
	rig_expect_syn(rig, CLIENT, 1, DIRECT_FIRST);
	rig_expect_syn(rig, CLIENT, 2, WAITS(HALF_OPEN));
	conf->half_open_max = 2; /* not reached: nobody waits for this one */
	complete(rig);
	assert_int_equal(told.frees, 0);
	close(fd);
}

static void a_handshake_that_others_wait_for(struct rig *rig, const void *arg)
{
	const bool of_source = arg;
	int fd = set_queue(rig, 5);

	if (of_source)
		rig->maps->service_conf[0].half_open_per_source = 1;
	else
		rig->maps->service_conf[0].half_open_max = 1;
	rig_expect_syn(rig, CLIENT, 1, DIRECT_FIRST);
	if (of_source)
		rig_expect_syn(rig, CLIENT, 2, WAITS(SOURCE_HALF_OPEN));
	else
		rig_expect_syn(rig, CLIENT, 2, WAITS(HALF_OPEN));
	complete(rig);
	assert_int_equal(told.frees, 1);
	assert_int_equal(told.freed.class_id, 0);
	close(fd);
}

static void silence(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT};
	int fd = set_queue(rig, 0);

	(void)arg;
	rig_expect(rig, &packet, WAITS(BUDGET));
	rig_sweep_after(rig, 5 * SECOND_NS);
	assert_waiting(rig, &packet, 1, 1);
	rig_sweep_after(rig, 2 * SECOND_NS);
	assert_waiting(rig, &packet, 0, 0);
	assert_false(rig_has_flow(rig, &packet));
	assert_int_equal(rig_counted(rig, SW_COUNTER_WAIT_ABANDONED), 1);
	close(fd);
}

static void without_a_daemon(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT};
	int fd = set_queue(rig, 0);

	(void)arg;
	rig_expect(rig, &packet, WAITS(BUDGET));
	rig->maps->control->heartbeat_ns = 0;
	rig_expect_syn(rig, CLIENT, 2, REFUSED(NO_QUEUE));
	rig_expect(rig, &packet, OUTCOME(.action = DROPPED, COUNTS(0, 0, WAIT_REPEATED)));
	assert_waiting(rig, &packet, 1, 1);
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 1;
	rig_expect(rig, &packet,
		   OUTCOME(.action = PASSES, COUNTS(0, 0, WAIT_REPEATED),
			   COUNTS(1, 0, WAIT_ADMITTED)));
	assert_waiting(rig, &packet, 0, 0);
	rig_assert_slots(rig, 0, 1, 0);
	rig_expect(rig, &packet, RETRANSMIT(PASSES));
	close(fd);
}

static void without_a_daemon_that_closes(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT};
	int fd = set_queue(rig, 0);

	(void)arg;
	rig_expect(rig, &packet, WAITS(BUDGET));
	rig->maps->control->heartbeat_ns = 0;
	rig->maps->control->on_loss = SW_ON_LOSS_CLOSED;
	rig_expect(rig, &packet,
		   OUTCOME(.action = ANSWERED, COUNTS(0, 0, WAIT_REPEATED),
			   COUNTS(1, 0, WAIT_TIMED_OUT)));
	assert_waiting(rig, &packet, 0, 0);
	close(fd);
}

static void in_monitor_mode(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT};
	int fd = set_queue(rig, 0);

	(void)arg;
	rig->maps->control->mode = SW_MODE_MONITOR;
	rig_expect(rig, &packet, OUTCOME(VERDICT(PASSES, 0, QUEUE, BUDGET)));
	assert_waiting(rig, &packet, 0, 0);
	hear(rig);
	assert_int_equal(told.parks, 0);
	close(fd);
}

static const struct rig_test tests[] = {
	{"a SYN without a slot is kept, whole, and dropped", the_syn_is_kept, NULL, 0},
	{"a repeated one brings a newer copy; another number is another connection", a_repeated_syn,
	 NULL, 0},
	{"one with data or with a wrong checksum is not kept", what_cannot_be_kept, NULL, 0},
	{"a partial checksum is completed", a_partial_checksum, NULL, 0},
	{"so many may wait, in all and of a source", caps, NULL, 0},
	{"nobody overtakes who waits, though a slot is free", nobody_overtakes, NULL, 0},
	{"where nobody listens, or nobody is to be let in, it waits", nobody_listens, NULL, 0},
	{"its turn takes a slot, once, or leaves it waiting", a_turn, NULL, 0},
	{"where its SYN cannot be sent again its own next one gets in",
	 a_turn_whose_syn_cannot_be_sent, NULL, 0},
	{"a limit of its source keeps it, and says so", a_limit_of_its_source, NULL, 0},
	{"timed out it is refused, abandoned it is forgotten", its_end, NULL, 0},
	{"who was denied meanwhile does not get in", denied_meanwhile, NULL, 0},
	{"what becomes free is told while somebody waits", what_became_free_is_told, NULL, 0},
	{"a complete handshake is told where incomplete ones were too many",
	 a_handshake_that_others_wait_for, NULL, 0},
	{"likewise where too many were its source's", a_handshake_that_others_wait_for, "", 0},
	{"elsewhere it is not", a_handshake_that_is_complete, NULL, 0},
	{"who falls silent is forgotten by the sweep", silence, NULL, 0},
	{"without a daemon it gets in by its own next SYN", without_a_daemon, NULL, 0},
	{"without a daemon, closed, it is refused", without_a_daemon_that_closes, NULL, 0},
	{"in monitor mode nobody is kept waiting", in_monitor_mode, NULL, 0},
};

int main(void)
{
	return rig_main("waiting", tests, COUNT_OF(tests));
}
