/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turns that meet something on another CPU: of two of one source for whom one arrival conforms to its rate one gets
 * in, and the other gives back what it took; who takes the port of one whose turn it is gets nothing of his; and who
 * is given up, or hangs up, in the moment of his turn is in or gone, but not both.
 */
#include <bpf/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "queue.h"

#define TURNS	     500
#define REPLACEMENTS 5000
#define GIVEN_UP     500

/* What is done on a CPU of its own. */
struct hand {
	struct rig *rig;
	pthread_t thread;
	int *ready; /* how many are; both go when it is 2, in the same moment */
	int number;
	uint16_t port;
	uint32_t isn; /* 0: the packet's own */
	struct sw_released out;
};

static void meet_the_other(struct hand *hand)
{
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(hand->number % sysconf(_SC_NPROCESSORS_ONLN), &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	__atomic_add_fetch(hand->ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(hand->ready, __ATOMIC_SEQ_CST) < 2)
		;
}

/* One who waits is let in. */
static void *let_in(void *arg)
{
	struct hand *hand = arg;
	const struct packet packet = {
		.client = CLIENT, .client_port = hand->port, .isn = hand->isn};

	meet_the_other(hand);
	hand->out = queue_release(hand->rig, &packet, SW_RELEASE_ADMIT);
	return NULL;
}

/* A SYN comes by the gate. */
static void *come(void *arg)
{
	struct hand *hand = arg;
	const struct packet packet = {
		.client = CLIENT, .client_port = hand->port, .isn = hand->isn};

	meet_the_other(hand);
	rig_send(hand->rig, &packet);
	return NULL;
}

/* Each its own, in the same moment. */
static void run_both(struct hand hands[2], void *(*first)(void *), void *(*second)(void *))
{
	int ready = 0;

	hands[0].ready = hands[1].ready = &ready;
	assert_int_equal(pthread_create(&hands[0].thread, NULL, first, &hands[0]), 0);
	assert_int_equal(pthread_create(&hands[1].thread, NULL, second, &hands[1]), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(hands[i].thread, NULL);
}

static void wait_over_its_rate(struct rig *rig, uint16_t port)
{
	rig_expect_syn(rig, CLIENT, port, WAITS(RATE));
}

/* Both at once: whose turn it was, by hand. */
static int one_gets_in(struct hand hands[2])
{
	run_both(hands, let_in, let_in);
	for (int i = 0; i < 2; i++) {
		if (hands[i].out.lane != SW_LANE_DIRECT)
			continue;
		assert_int_equal(hands[!i].out.lane, SW_LANE_QUEUE);
		assert_int_equal(hands[!i].out.reason, SW_REASON_RATE);
		return i;
	}
	fail_msg("nobody got in");
	return 0;
}

static void one_arrival_for_two(struct rig *rig, const void *arg)
{
	struct hand hands[2] = {{.rig = rig, .number = 0, .port = 2},
				{.rig = rig, .number = 1, .port = 3}};
	int fd = queue_open(rig, TURNS + 2);

	(void)arg;
	/* It takes longer than that on a busy machine. */
	rig->maps->control->heartbeat_timeout_ns = 600 * SECOND_NS;
	rig->maps->class_conf[0].interval_ns = 100 * SECOND_NS;
	rig->maps->service_conf[0].over_limit = CHAIN2(SW_LANE_QUEUE, SW_LANE_DROP);
	rig_expect_syn(rig, CLIENT, 1, DIRECT_FIRST);
	wait_over_its_rate(rig, 2);
	wait_over_its_rate(rig, 3);
	for (uint16_t turn = 1; turn <= TURNS; turn++) {
		int winner;

		rig->maps->class_conf[0].tolerance_ns += 100 * SECOND_NS;
		winner = one_gets_in(hands);
		assert_int_equal(rig->maps->service_state[0].direct >> 32, turn + 1);
		hands[winner].port = 3 + turn;
		wait_over_its_rate(rig, hands[winner].port);
	}
	close(fd);
}

/* What was decided about the first connection of a port is carried out on that, or not at all. */
static void another_of_the_same_port(struct rig *rig, const void *arg)
{
	struct hand hands[2] = {{.rig = rig, .number = 0, .isn = 100},
				{.rig = rig, .number = 1, .isn = 200}};
	int fd = queue_open(rig, 0);
	uint32_t turns = 0;

	(void)arg;
	rig->maps->control->heartbeat_timeout_ns = 600 * SECOND_NS;
	for (uint16_t port = 1; port <= REPLACEMENTS; port++) {
		const struct packet first = {
			.client = CLIENT, .client_port = port, .isn = hands[0].isn};
		struct sw_flow flow;

		rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 0;
		rig_send(rig, &first);
		rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit =
			REPLACEMENTS;
		hands[0].port = hands[1].port = port;
		run_both(hands, let_in, come);
		flow = rig_flow(rig, &first);
		turns += hands[0].out.lane == SW_LANE_DIRECT;
		assert_int_equal(flow.state, hands[0].out.lane == SW_LANE_DIRECT ? SW_FLOW_HALF_OPEN
										 : SW_FLOW_WAITING);
		if (flow.state == SW_FLOW_HALF_OPEN)
			assert_int_equal(flow.isn, hands[0].isn);
		assert_int_equal(rig->maps->service_state[0].direct >> 32, turns);
	}
	close(fd);
}

/* As who has been silent for too long. */
static void *sweep(void *arg)
{
	struct hand *hand = arg;
	struct sw_sweep swept;

	meet_the_other(hand);
	assert_int_equal(sw_kern_sweep(hand->rig->kern, &swept), 0);
	return NULL;
}

/* By a daemon that has heard of all his SYNs, as this one says. */
static void *abandon(void *arg)
{
	struct hand *hand = arg;
	const struct packet packet = {
		.client = CLIENT, .client_port = hand->port, .isn = hand->isn};

	meet_the_other(hand);
	queue_release_since(hand->rig, &packet, SW_RELEASE_ABANDON, UINT64_MAX / 2);
	return NULL;
}

static enum action hang_up(struct rig *rig, uint16_t port, uint32_t isn)
{
	return rig_send(
		rig, &(struct packet){
			     .client = CLIENT, .client_port = port, .isn = isn + 1, .flags = RST});
}

/* His RST, which may be on its way before he is let in. */
static void *close_at_once(void *arg)
{
	struct hand *hand = arg;

	meet_the_other(hand);
	assert_int_equal(hang_up(hand->rig, hand->port, hand->isn), PASSES);
	return NULL;
}

/* One waits for a slot; then there is one, and it is as if he had been silent for long. */
static void wait_in_silence(struct rig *rig, const struct packet *packet)
{
	struct sw_flow flow;

	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 0;
	assert_int_equal(rig_send(rig, packet), DROPPED);
	flow = rig_flow(rig, packet);
	assert_int_equal(flow.state, SW_FLOW_WAITING);
	flow.syn_ns -= 10 * SECOND_NS;
	flow.state_ns -= 10 * SECOND_NS;
	rig_put_flow(rig, packet, &flow);
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 1;
}

/* One turn beside the other thing: whether he is in, holding his slot. The next finds it free. */
static bool is_let_in(struct hand hands[2], void *(*beside)(void *))
{
	const struct packet packet = {
		.client = CLIENT, .client_port = hands[0].port, .isn = hands[0].isn};
	struct rig *rig = hands[0].rig;
	bool is_in;

	wait_in_silence(rig, &packet);
	run_both(hands, let_in, beside);
	is_in = rig_has_flow(rig, &packet) && rig_flow(rig, &packet).state == SW_FLOW_HALF_OPEN;
	queue_assert_waiting(rig, &packet, 0, 0);
	rig_assert_slots(rig, 0, is_in, 0);
	rig_assert_half_open(rig, &packet, is_in, is_in);
	assert_int_equal(sw_source_live_count(rig_source(rig, 0, &packet)), is_in);
	hang_up(rig, packet.client_port, packet.isn);
	rig_assert_slots(rig, 0, 0, 0);
	return is_in;
}

struct beside {
	void *(*what)(void *);
};

static void given_up_in_the_moment(struct rig *rig, const void *arg)
{
	const struct beside *beside = arg;
	struct hand hands[2] = {{.rig = rig, .number = 0, .isn = 100},
				{.rig = rig, .number = 1, .isn = 100}};
	uint64_t inside = 0;
	int fd = queue_open(rig, 0);

	rig->maps->control->heartbeat_timeout_ns = 600 * SECOND_NS;
	for (uint16_t port = 1; port <= GIVEN_UP; port++) {
		bool is_in;

		hands[0].port = hands[1].port = port;
		is_in = is_let_in(hands, beside->what);
		assert_int_equal(hands[0].out.lane, is_in ? SW_LANE_DIRECT : SW_LANE_NONE);
		inside += is_in;
		assert_int_equal(rig_counted(rig, SW_COUNTER_WAIT_ADMITTED), inside);
		assert_int_equal(rig_counted(rig, SW_COUNTER_WAIT_ABANDONED), port - inside);
	}
	close(fd);
}

/* Where the RST is too early, it is the handshake's time that ends it; nobody is left in the queue, or half in. */
static void hung_up_in_the_moment(struct rig *rig, const void *arg)
{
	struct hand hands[2] = {{.rig = rig, .number = 0, .isn = 100},
				{.rig = rig, .number = 1, .isn = 100}};
	int fd = queue_open(rig, 0);

	(void)arg;
	rig->maps->control->heartbeat_timeout_ns = 600 * SECOND_NS;
	for (uint16_t port = 1; port <= GIVEN_UP; port++) {
		hands[0].port = hands[1].port = port;
		is_let_in(hands, close_at_once);
		assert_int_equal(hands[0].out.lane, SW_LANE_DIRECT);
		assert_int_equal(rig_counted(rig, SW_COUNTER_WAIT_ADMITTED), port);
		assert_int_equal(rig_counted(rig, SW_COUNTER_HANDSHAKE_RESETS), port);
	}
	close(fd);
}

static const struct beside by_sweep = {sweep}, by_daemon = {abandon};

static const struct rig_test tests[] = {
	{"who is let in while the sweep takes him for gone is in or gone, and holds a slot if he is in",
	 given_up_in_the_moment, &by_sweep, 0},
	{"who is let in while he is given up is in or gone, and holds a slot if he is in",
	 given_up_in_the_moment, &by_daemon, 0},
	{"who hangs up while he is let in holds no slot for longer than a handshake may take",
	 hung_up_in_the_moment, NULL, 0},
	{"who takes the port of one whose turn it is waits on, and costs no slot",
	 another_of_the_same_port, NULL, 0},
	{"of two whose source may come once more one gets in, and it costs one slot",
	 one_arrival_for_two, NULL, 0},
};

int main(void)
{
	return rig_main("turns_race", tests, COUNT_OF(tests));
}
