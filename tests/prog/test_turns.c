/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The turns of those that wait, and every way in which a wait ends.
 */
#include <bpf/bpf.h>
#include <unistd.h>

#include "queue.h"

static void a_turn(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT};
	int fd = queue_open(rig, 0);
	struct sw_released out;

	(void)arg;
	rig_expect(rig, &packet, WAITS(BUDGET));
	out = queue_release(rig, &packet, SW_RELEASE_ADMIT);
	assert_int_equal(out.lane, SW_LANE_QUEUE);
	assert_int_equal(out.reason, SW_REASON_BUDGET);
	assert_false(out.flags & SW_RELEASED_OF_SOURCE);
	queue_assert_waiting(rig, &packet, 1, 1);
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 1;
	out = queue_release(rig, &(struct packet){.client = CLIENT, .isn = 77}, SW_RELEASE_ADMIT);
	assert_int_equal(out.lane, SW_LANE_NONE); /* not the SYN that waits */
	out = queue_release(rig, &packet, SW_RELEASE_ADMIT);
	assert_int_equal(out.lane, SW_LANE_DIRECT);
	assert_int_equal(out.flags, 0);
	assert_int_equal(rig_flow(rig, &packet).lane, SW_LANE_DIRECT);
	queue_assert_waiting(rig, &packet, 0, 0);
	rig_assert_slots(rig, 0, 1, 0);
	assert_int_equal(sw_source_live_count(rig_source(rig, 0, &packet)), 1);
	assert_int_equal(rig_counted(rig, SW_COUNTER_WAIT_ADMITTED), 1);
	assert_int_equal(queue_release(rig, &packet, SW_RELEASE_ADMIT).lane, SW_LANE_NONE);
	rig_assert_slots(rig, 0, 1, 0);
	close(fd);
}

/* The interface that it came by is gone. */
static void a_turn_whose_syn_cannot_be_sent(struct rig *rig, const void *arg)
{
	struct packet packet = {.ipv6 = rig->ipv6, .client = CLIENT};
	struct sw_release what = {.op = SW_RELEASE_ADMIT};
	int fd = queue_open(rig, 0);
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
	queue_assert_waiting(rig, &packet, 0, 0);
	rig_assert_slots(rig, 0, 1, 0);
	rig_expect(rig, &packet, RETRANSMIT(PASSES));
	close(fd);
}

static void a_limit_of_its_source(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT, .client_port = 2};
	int fd = queue_open(rig, 5);
	struct sw_released out;

	(void)arg;
	rig->maps->class_conf[0].direct_per_source = 1;
	rig_expect_syn(rig, CLIENT, 1, DIRECT_FIRST);
	rig_expect(rig, &packet, WAITS(SOURCE_DIRECT));
	out = queue_release(rig, &packet, SW_RELEASE_ADMIT);
	assert_int_equal(out.lane, SW_LANE_QUEUE);
	assert_int_equal(out.reason, SW_REASON_SOURCE_DIRECT);
	assert_true(out.flags & SW_RELEASED_OF_SOURCE);
	rig_assert_slots(rig, 0, 1, 0);
	close(fd);
}

/* As long as its source is new; one that has completed a handshake lately passes it. */
static void too_many_are_incomplete(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT};
	int fd = queue_open(rig, 6);
	struct sw_released out;
	struct sw_source_key key;
	struct sw_source_live live;

	(void)arg;
	rig->maps->service_conf[0].half_open_max = 3;
	for (int i = 1; i <= 4; i++)
		rig_expect_syn(rig, CLIENT + i, 1, DIRECT_FIRST);
	rig_expect(rig, &packet, WAITS(HALF_OPEN));
	out = queue_release(rig, &packet, SW_RELEASE_ADMIT);
	assert_int_equal(out.lane, SW_LANE_QUEUE);
	assert_int_equal(out.reason, SW_REASON_HALF_OPEN);
	assert_int_equal(out.flags,
			 SW_RELEASED_OF_SOURCE | SW_RELEASED_OF_ALL | SW_RELEASED_SILENTLY);
	key = (struct sw_source_key){
		.address = packet_client(&(struct packet){.ipv6 = rig->ipv6, .client = CLIENT})};
	assert_int_equal(bpf_map_lookup_elem(rig->maps->source_live_fd, &key, &live), 0);
	live.is_proven = 1;
	assert_int_equal(bpf_map_update_elem(rig->maps->source_live_fd, &key, &live, 0), 0);
	assert_int_equal(queue_release(rig, &packet, SW_RELEASE_ADMIT).lane, SW_LANE_DIRECT);
	close(fd);
}

static void its_end(struct rig *rig, const void *arg)
{
	const struct packet late = {.client = CLIENT, .client_port = 1};
	const struct packet gone = {.client = CLIENT, .client_port = 2};
	int fd = queue_open(rig, 0);

	(void)arg;
	rig_expect(rig, &late, WAITS(BUDGET));
	rig_expect(rig, &gone, WAITS(WAITERS));
	assert_int_equal(queue_release(rig, &late, SW_RELEASE_TIME_OUT).lane, SW_LANE_REFUSE);
	assert_false(rig_has_flow(rig, &late));
	queue_assert_waiting(rig, &late, 1, 1);
	rig_expect(rig, &late, RETRANSMIT(ANSWERED));
	queue_release_since(rig, &gone, SW_RELEASE_ABANDON, rig_flow(rig, &gone).state_ns);
	assert_false(rig_has_flow(rig, &gone));
	queue_assert_waiting(rig, &late, 0, 0);
	assert_int_equal(rig_counted(rig, SW_COUNTER_WAIT_TIMED_OUT), 1);
	assert_int_equal(rig_counted(rig, SW_COUNTER_WAIT_ABANDONED), 1);
	close(fd);
}

static void heard_of_since(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT};
	struct packet other = packet;
	int fd = queue_open(rig, 0);
	uint64_t seen_ns;

	(void)arg;
	rig_expect(rig, &packet, WAITS(BUDGET));
	seen_ns = rig_flow(rig, &packet).state_ns;
	assert_int_equal(
		queue_release_since(rig, &packet, SW_RELEASE_ABANDON, seen_ns - SECOND_NS).flags,
		SW_RELEASED_ALIVE);
	queue_assert_waiting(rig, &packet, 1, 1);
	other.isn = 1 + packet.isn;
	queue_release_since(rig, &other, SW_RELEASE_ABANDON, seen_ns);
	queue_assert_waiting(rig, &packet, 1, 1);
	queue_release_since(rig, &packet, SW_RELEASE_ABANDON, seen_ns);
	queue_assert_waiting(rig, &packet, 0, 0);
	close(fd);
}

/* One connection in a hundred seconds: the second of a source is over it, and may wait. */
static int set_over_rate(struct rig *rig, uint32_t budget)
{
	int fd = queue_open(rig, budget);

	rig->maps->class_conf[0].interval_ns = 100 * SECOND_NS;
	rig->maps->service_conf[0].over_limit = CHAIN2(SW_LANE_QUEUE, SW_LANE_DROP);
	rig_expect_syn(rig, CLIENT, 1, DIRECT_FIRST);
	rig_expect_syn(rig, CLIENT, 2, WAITS(RATE));
	return fd;
}

/* Whether the source may come again. */
static bool conforms(struct rig *rig)
{
	return rig_send(rig, &(struct packet){.client = CLIENT, .client_port = 99}) == PASSES;
}

static void over_its_rate(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT, .client_port = 2};
	int fd = set_over_rate(rig, 5);
	struct sw_released out = queue_release(rig, &packet, SW_RELEASE_ADMIT);

	(void)arg;
	assert_int_equal(out.lane, SW_LANE_QUEUE);
	assert_int_equal(out.reason, SW_REASON_RATE);
	assert_int_equal(out.flags, SW_RELEASED_OF_SOURCE | SW_RELEASED_SILENTLY);
	rig->maps->class_conf[0].tolerance_ns = 100 * SECOND_NS;
	assert_int_equal(queue_release(rig, &packet, SW_RELEASE_ADMIT).lane, SW_LANE_DIRECT);
	/* It has taken its arrival. */
	assert_false(conforms(rig));
	close(fd);
}

static void over_its_rate_in_vain(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT, .client_port = 2};
	int fd = set_over_rate(rig, 1);

	(void)arg;
	rig->maps->class_conf[0].tolerance_ns = 100 * SECOND_NS;
	for (int i = 0; i < 5; i++)
		assert_int_equal(queue_release(rig, &packet, SW_RELEASE_ADMIT).reason,
				 SW_REASON_BUDGET);
	queue_release_since(rig, &packet, SW_RELEASE_ABANDON, rig_flow(rig, &packet).state_ns);
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 2;
	assert_true(conforms(rig));
	close(fd);
}

static void over_its_rate_too_long(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT, .client_port = 2};
	int fd = set_over_rate(rig, 5);

	(void)arg;
	assert_int_equal(queue_release(rig, &packet, SW_RELEASE_TIME_OUT).lane, SW_LANE_DROP);
	queue_assert_waiting(rig, &packet, 0, 0);
	close(fd);
}

/* The source's rate lets one more arrive. */
static void let_one_more(struct rig *rig)
{
	rig->maps->class_conf[0].tolerance_ns += 100 * SECOND_NS;
}

static void those_behind_take_nothing(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT, .client_port = 2};
	const struct packet behind = {.client = CLIENT, .client_port = 3};
	int fd = set_over_rate(rig, 5);

	(void)arg;
	let_one_more(rig);
	rig_expect(rig, &behind, WAITS(WAITERS));
	rig->maps->service_conf[0].queue_per_source = 2;
	for (int port = 4; port < 8; port++)
		rig_expect_syn(rig, CLIENT, port,
			       OUTCOME(VERDICT(ANSWERED, 0, REFUSE, QUEUE_SOURCE)));
	assert_int_equal(queue_release(rig, &packet, SW_RELEASE_ADMIT).lane, SW_LANE_DIRECT);
	/* Each takes its own at its turn. */
	assert_int_equal(queue_release(rig, &behind, SW_RELEASE_ADMIT).reason, SW_REASON_RATE);
	assert_int_equal(queue_release(rig, &behind, SW_RELEASE_ADMIT).flags,
			 SW_RELEASED_OF_SOURCE | SW_RELEASED_SILENTLY);
	let_one_more(rig);
	assert_int_equal(queue_release(rig, &behind, SW_RELEASE_ADMIT).lane, SW_LANE_DIRECT);
	assert_false(conforms(rig));
	close(fd);
}

/* Its chain is still its class's, unless its source is over the rate when its time is out. */
static void who_waited_behind_too_long(struct rig *rig, const void *arg)
{
	const struct packet one = {.client = CLIENT, .client_port = 3};
	const struct packet other = {.client = CLIENT, .client_port = 4};
	int fd = set_over_rate(rig, 5);

	(void)arg;
	let_one_more(rig);
	rig_expect(rig, &one, WAITS(WAITERS));
	rig_expect(rig, &other, WAITS(WAITERS));
	assert_int_equal(queue_release(rig, &one, SW_RELEASE_TIME_OUT).lane, SW_LANE_REFUSE);
	rig->maps->class_conf[0].tolerance_ns = 0;
	assert_int_equal(queue_release(rig, &other, SW_RELEASE_TIME_OUT).lane, SW_LANE_DROP);
	close(fd);
}

/* Where only those within their rate may wait, no more come to than that lets. */
static void the_rate_bounds_who_waits(struct rig *rig, const void *arg)
{
	int fd = queue_open(rig, 0);

	(void)arg;
	rig->maps->class_conf[0].interval_ns = 100 * SECOND_NS;
	rig_expect_syn(rig, CLIENT, 1, WAITS(BUDGET));
	rig_expect_syn(rig, CLIENT, 2, OUTCOME(VERDICT(DROPPED, 0, DROP, RATE)));
	/* It has taken its arrival. */
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 1;
	assert_int_equal(queue_release(rig, &(struct packet){.client = CLIENT, .client_port = 1},
				       SW_RELEASE_ADMIT)
				 .lane,
			 SW_LANE_DIRECT);
	close(fd);
}

static void allowed_in_a_pause(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT};
	int fd = queue_open(rig, 0);

	(void)arg;
	rig->maps->class_conf[0].action = SW_ACTION_ALLOW;
	rig->maps->service_state[0].hold = SW_HOLD_PAUSED;
	rig_expect(rig, &packet, WAITS(PAUSED));
	assert_int_equal(queue_release(rig, &packet, SW_RELEASE_ADMIT).reason, SW_REASON_PAUSED);
	rig->maps->service_state[0].hold = 0;
	assert_int_equal(queue_release(rig, &packet, SW_RELEASE_ADMIT).lane, SW_LANE_DIRECT);
	rig_assert_slots(rig, 0, 1, 0);
	close(fd);
}

static void allowed_meanwhile(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT};
	int fd = queue_open(rig, 0);

	(void)arg;
	rig_expect(rig, &packet, WAITS(BUDGET));
	rig_add_prefix(rig, 0, 3, CLIENT, 0);
	rig->maps->class_conf[3].action = SW_ACTION_ALLOW;
	assert_int_equal(queue_release(rig, &packet, SW_RELEASE_ADMIT).lane, SW_LANE_DIRECT);
	queue_assert_waiting(rig, &packet, 0, 0);
	rig_assert_slots(rig, 0, 1, 0);
	close(fd);
}

static void denied_meanwhile(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT};
	int fd = queue_open(rig, 0);

	(void)arg;
	rig_expect(rig, &packet, WAITS(BUDGET));
	rig_add_prefix(rig, 0, 3, CLIENT, 0);
	rig->maps->class_conf[3].action = SW_ACTION_DROP;
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 1;
	assert_int_equal(queue_release(rig, &packet, SW_RELEASE_ADMIT).lane, SW_LANE_DROP);
	queue_assert_waiting(rig, &packet, 0, 0);
	rig_assert_slots(rig, 0, 0, 0);
	close(fd);
}

static void silence(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT};
	int fd = queue_open(rig, 0);

	(void)arg;
	rig_expect(rig, &packet, WAITS(BUDGET));
	rig_sweep_after(rig, 5 * SECOND_NS);
	queue_assert_waiting(rig, &packet, 1, 1);
	rig_sweep_after(rig, 2 * SECOND_NS);
	queue_assert_waiting(rig, &packet, 0, 0);
	assert_false(rig_has_flow(rig, &packet));
	assert_int_equal(rig_counted(rig, SW_COUNTER_WAIT_ABANDONED), 1);
	close(fd);
}

/* Last heard of 3 s after its first SYN, so one 4 s later may be lost, and the next comes after 8 more. */
static void silence_after_a_loss(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT};
	int fd = queue_open(rig, 0);
	struct sw_flow flow;

	(void)arg;
	rig_expect(rig, &packet, WAITS(BUDGET));
	flow = rig_flow(rig, &packet);
	flow.syn_ns -= 3 * SECOND_NS;
	rig_put_flow(rig, &packet, &flow);
	rig_sweep_after(rig, 17 * SECOND_NS);
	queue_assert_waiting(rig, &packet, 1, 1);
	rig_sweep_after(rig, 2 * SECOND_NS);
	queue_assert_waiting(rig, &packet, 0, 0);
	close(fd);
}

static const struct rig_test tests[] = {
	{"its turn takes a slot, once, or leaves it waiting", a_turn, NULL, 0},
	{"where its SYN cannot be sent again its own next one gets in",
	 a_turn_whose_syn_cannot_be_sent, NULL, 0},
	{"a limit of its source keeps it, and says so", a_limit_of_its_source, NULL, 0},
	{"too many incomplete handshakes keep a new source, and not one that is known",
	 too_many_are_incomplete, NULL, 0},
	{"timed out it is refused, abandoned it is forgotten", its_end, NULL, 0},
	{"whose client was heard of since is not abandoned, nor is another connection for it",
	 heard_of_since, NULL, 0},
	{"over its rate it stays until that lets it in, and takes its arrival then", over_its_rate,
	 NULL, 0},
	{"trying in vain takes no arrival from its rate", over_its_rate_in_vain, NULL, 0},
	{"over its rate too long it goes on in that chain", over_its_rate_too_long, NULL, 0},
	{"who only comes to wait behind it, or cannot even do that, takes no arrival",
	 those_behind_take_nothing, NULL, 0},
	{"who waited behind it too long goes on in its own chain while its rate lets it",
	 who_waited_behind_too_long, NULL, 0},
	{"where those over their rate do not wait, the rate bounds how many do",
	 the_rate_bounds_who_waits, NULL, 0},
	{"a class that allows waits in a pause, and then gets in", allowed_in_a_pause, NULL, 0},
	{"who was allowed meanwhile gets in, over the budget", allowed_meanwhile, NULL, 0},
	{"who was denied meanwhile does not get in", denied_meanwhile, NULL, 0},
	{"who falls silent is forgotten by the sweep", silence, NULL, 0},
	{"who may have lost a SYN keeps his place until the one after it is overdue",
	 silence_after_a_loss, NULL, 0},
};

int main(void)
{
	return rig_main("turns", tests, COUNT_OF(tests));
}
