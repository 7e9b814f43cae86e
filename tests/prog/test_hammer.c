/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that changes a count at once, on a few flows of a few sources, as fast as it goes:
 * afterwards each count is what the flows make it, and zero when they are gone.
 * runs alone: the CPUs are to meet.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "kern/read.h"
#include "kern/release.h"
#include "listener.h"
#include "spillway/source.h"

#define THREADS	    6
#define SOURCES	    4
#define PORTS	    12
#define CLIENT	    0x010000
#define CALLS_FROM  43000
#define BUDGET	    20
#define RESERVED    6
#define PER_SOURCE  5
#define RUN_NS	    UINT64_C(700000000)
#define LONG_RUN_NS (3 * RUN_NS)
#define ROUNDS	    5
/* The hands that connect in earnest, each from a port of its own. */
#define IS_CALLER(number) ((number) == 1 || (number) == 3)
#define SECOND_NS	  UINT64_C(1000000000)
#define COUNTS_OF	  SW_SOURCE_GONE

struct hand {
	struct rig rig;
	pthread_t thread;
	uint64_t random;
	uint64_t end_ns;
	int number;
	int done; /* steps that changed something */
};

/* xorshift64* (Marsaglia, Vigna): the same blows in each run. */
static uint32_t draw(struct hand *hand, uint32_t below)
{
	hand->random ^= hand->random >> 12;
	hand->random ^= hand->random << 25;
	hand->random ^= hand->random >> 27;
	return (hand->random * 0x2545f4914f6cdd1dull >> 32) % below;
}

static uint16_t port_of_caller(const struct hand *hand, int number)
{
	return CALLS_FROM + 10 * hand->rig.tc + number;
}

/* One in eight is where a connection may be, or come and go just now. */
static uint16_t any_port(struct hand *hand)
{
	if (draw(hand, 8))
		return 1 + draw(hand, PORTS);
	return port_of_caller(hand, draw(hand, 2) ? 1 : 3);
}

/* A few numbers: a SYN with the one that was refused last would only hear that again. */
static struct packet any_flow(struct hand *hand)
{
	return (struct packet){.ipv6 = hand->rig.ipv6,
			       .client = CLIENT + draw(hand, SOURCES),
			       .client_port = any_port(hand),
			       .isn = PACKET_ISN + 2 * draw(hand, 3)};
}

static void send_syn(struct hand *hand)
{
	struct packet packet = any_flow(hand);

	hand->done += rig_send(&hand->rig, &packet) == PASSES;
}

static void send_rst(struct hand *hand)
{
	struct packet packet = any_flow(hand);

	packet.flags = RST;
	packet.isn++;
	rig_send(&hand->rig, &packet);
}

static void reconcile(struct hand *hand)
{
	const struct packet packet = any_flow(hand);
	struct sw_flow_op op = {.key = packet_flow(&packet)};
	struct sw_flow flow;

	op.kind = SW_FLOW_OP_ADOPT + draw(hand, 3);
	op.class_id = packet.client & 1;
	op.source_bits = packet.ipv6 ? 128 : 32;
	op.lane = draw(hand, 4) ? SW_LANE_DIRECT : SW_LANE_POOLER;
	op.state = draw(hand, 3) ? SW_FLOW_OPEN : SW_FLOW_HALF_OPEN;
	if (!bpf_map_lookup_elem(hand->rig.maps->flows_fd, &op.key, &flow))
		op.seen_word = flow.word;
	hand->done += !sw_kern_reconcile(hand->rig.kern, &op) && op.result != SW_FLOW_OP_KEPT;
}

/* A connection with all that the kernel says of it, which ends by a RST so that its port is free. */
static void call(struct hand *hand)
{
	const struct packet packet = {.ipv6 = hand->rig.ipv6,
				      .client = CLIENT + draw(hand, SOURCES),
				      .client_port = port_of_caller(hand, hand->number),
				      .isn = 1 + draw(hand, 1000000)};
	const struct linger at_once = {.l_onoff = 1};
	int fd;

	if (rig_send(&hand->rig, &packet) != PASSES)
		return;
	fd = listener_try(&hand->rig, &packet);
	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
	hand->done++;
}

/* The daemon's part with somebody who may wait; where the SYN then goes is none of these tests' business. */
static void take_turn(struct hand *hand)
{
	static const enum sw_release_op ops[] = {SW_RELEASE_ADMIT, SW_RELEASE_ADMIT,
						 SW_RELEASE_TIME_OUT, SW_RELEASE_ABANDON};
	const struct packet packet = any_flow(hand);
	uint8_t frame[PACKET_MAX];
	struct sw_release what = {.op = ops[draw(hand, COUNT_OF(ops))], .frame = frame};
	struct sw_released out;

	what.bytes = packet_build(&packet, frame);
	hand->done += !sw_kern_release(hand->rig.kern, &what, &out) && out.lane != SW_LANE_NONE;
}

static void sweep(struct hand *hand)
{
	struct sw_sweep swept;

	if (!sw_kern_sweep(hand->rig.kern, &swept))
		hand->done += swept.flows_expired + swept.sources_removed;
}

static void *strike_limits(void *arg)
{
	struct hand *hand = arg;

	while (sw_clock_monotonic_ns() < hand->end_ns) {
		if (!hand->number)
			sweep(hand);
		else if (draw(hand, 3))
			send_syn(hand);
		else
			send_rst(hand);
	}
	return NULL;
}

static void *strike_all(void *arg)
{
	struct hand *hand = arg;

	while (sw_clock_monotonic_ns() < hand->end_ns) {
		if (!hand->number)
			sweep(hand);
		else if (IS_CALLER(hand->number))
			call(hand);
		else if (hand->number == 2 || !draw(hand, 8))
			reconcile(hand);
		else if (draw(hand, 4))
			send_syn(hand);
		else
			send_rst(hand);
	}
	return NULL;
}

/* The daemon lives, and every now and then it seems not to: then the gate lets waiters in as well. */
static void reconfigure(struct hand *hand)
{
	const struct sw_maps *maps = hand->rig.maps;

	maps->control->heartbeat_timeout_ns = draw(hand, 4) ? UINT64_C(1) << 60 : 1;
	/* Without a limit who waits has an entry of his source only where there is one already. */
	maps->service_conf[0].queue_per_source = draw(hand, 2) ? PER_SOURCE : 0;
}

static void *strike_queue(void *arg)
{
	struct hand *hand = arg;

	while (sw_clock_monotonic_ns() < hand->end_ns) {
		if (!hand->number) {
			sweep(hand);
			reconfigure(hand);
		} else if (hand->number == 1 || !draw(hand, 4)) {
			take_turn(hand);
		} else if (draw(hand, 4)) {
			send_syn(hand);
			hand->done++;
		} else {
			send_rst(hand);
		}
	}
	return NULL;
}

static void start(const struct rig *rig, struct hand hands[THREADS], void *(*strike)(void *),
		  uint64_t run_ns)
{
	memset(hands, 0, THREADS * sizeof(*hands));
	for (int i = 0; i < THREADS; i++) {
		hands[i].rig = *rig;
		hands[i].number = i;
		hands[i].random = 0x9e3779b97f4a7c15ull * (i + 1);
		hands[i].end_ns = sw_clock_monotonic_ns() + run_ns;
		assert_int_equal(pthread_create(&hands[i].thread, NULL, strike, &hands[i]), 0);
	}
}

/* Fails unless every hand has done something. */
static void stop(struct hand hands[THREADS])
{
	for (int i = 0; i < THREADS; i++) {
		pthread_join(hands[i].thread, NULL);
		if (!hands[i].done)
			fail_msg("hand %d did nothing", i);
	}
}

/* What the flows in the table add up to, of the service and of each class and source. */
struct sums {
	uint64_t direct, pooler, half_open, waiting, unlisted;
	uint64_t of_class[2][2], waiting_of_class[2];
	uint64_t of_source[SOURCES], half_open_of_source[SOURCES];
};

static void add_flow(struct sums *sums, const struct sw_flow_key *key, const struct sw_flow *flow)
{
	uint32_t source = key->client.bytes[15] % SOURCES;
	int direct = flow->lane == SW_LANE_DIRECT;
	int half_open = direct && flow->state == SW_FLOW_HALF_OPEN;

	if (flow->state == SW_FLOW_WAITING) {
		sums->waiting++;
		sums->waiting_of_class[flow->class_id]++;
		sums->unlisted += !!(flow->flags & SW_FLOW_UNLISTED);
		sums->of_source[source] += flow->flags & SW_FLOW_UNLISTED ? 0 : SW_SOURCE_WAITING;
		return;
	}
	assert_in_range(flow->state, SW_FLOW_HALF_OPEN, SW_FLOW_EXPIRED);
	if (flow->state == SW_FLOW_EXPIRED)
		return;
	sums->direct += direct;
	sums->pooler += !direct;
	sums->half_open += half_open;
	sums->of_class[flow->class_id][direct]++;
	sums->of_source[source] += SW_SOURCE_LIVE + (direct ? SW_SOURCE_DIRECT : 0);
	sums->half_open_of_source[source] += half_open;
}

static struct sums sums_of_flows(const struct rig *rig)
{
	struct sw_flow_key key, *last = NULL;
	struct sums sums = {0};
	struct sw_flow flow;

	for (; !bpf_map_get_next_key(rig->maps->flows_fd, last, &key); last = &key) {
		assert_int_equal(bpf_map_lookup_elem(rig->maps->flows_fd, &key, &flow), 0);
		add_flow(&sums, &key, &flow);
	}
	return sums;
}

/* Each count is what the flows make it. */
static void expect_exact(const struct rig *rig)
{
	const struct sw_service_state *service = &rig->maps->service_state[0];
	struct sums sums = sums_of_flows(rig);

	assert_int_equal(service->direct >> 32, sums.direct);
	assert_int_equal(service->pooler, sums.pooler);
	assert_int_equal(service->half_open, sums.half_open);
	assert_int_equal(service->waiting, sums.waiting);
	assert_int_equal(service->cookie_watch, 0);
	assert_int_equal(rig->maps->control->cookie_watch, 0);
	for (int i = 0; i < 2; i++) {
		uint64_t direct = rig->maps->class_state[i].direct;

		assert_int_equal((direct >> 32) + (uint32_t)direct, sums.of_class[i][1]);
		assert_int_equal(rig->maps->class_state[i].pooler, sums.of_class[i][0]);
		assert_int_equal(rig->maps->class_state[i].waiting, sums.waiting_of_class[i]);
	}
	for (int i = 0; i < SOURCES; i++) {
		const struct packet packet = {.client = CLIENT + i};

		assert_int_equal(rig_source(rig, 0, &packet) & COUNTS_OF, sums.of_source[i]);
		rig_assert_half_open(rig, &packet, sums.half_open, sums.half_open_of_source[i]);
	}
}

static void release_all(struct rig *rig)
{
	enum { MOST = SOURCES * (PORTS + THREADS) };
	struct sw_flow_key keys[MOST + 1];
	struct sw_flow_op op;
	struct sw_flow flow;
	int count = 0;

	while (!bpf_map_get_next_key(rig->maps->flows_fd, count ? &keys[count - 1] : NULL,
				     &keys[count]))
		assert_in_range(++count, 1, MOST);
	while (count--) {
		op = (struct sw_flow_op){.key = keys[count]};
		for (op.kind = SW_FLOW_OP_SUSPECT; op.kind <= SW_FLOW_OP_RELEASE; op.kind++) {
			if (bpf_map_lookup_elem(rig->maps->flows_fd, &op.key, &flow))
				break;
			op.seen_word = flow.word;
			assert_int_equal(sw_kern_reconcile(rig->kern, &op), 0);
		}
	}
}

static void expect_nothing_left(struct rig *rig)
{
	const struct sw_maps *maps = rig->maps;

	release_all(rig);
	rig_sweep_after(rig, SECOND_NS);
	expect_exact(rig);
	rig_sweep_after(rig, 70 * SECOND_NS);
	assert_int_equal(rig_entries(maps->flows_fd, sizeof(struct sw_flow_key)), 0);
	assert_int_equal(rig_entries(maps->source_live_fd, sizeof(struct sw_source_key)), 0);
	assert_int_equal(maps->service_state[0].direct, 0);
	assert_int_equal(maps->class_state[0].direct, 0);
	assert_int_equal(maps->class_state[1].direct, 0);
	expect_exact(rig);
}

static void prepare(struct rig *rig)
{
	struct sw_service_conf *conf = &rig->maps->service_conf[0];

	conf->budget = BUDGET;
	conf->shared_limit = BUDGET - RESERVED;
	conf->half_open_max = BUDGET / 2;
	conf->half_open_per_source = PER_SOURCE;
	rig->maps->class_conf[0].connections_per_source = PORTS;
	rig->maps->class_conf[0].direct_per_source = PORTS / 2;
	for (int i = 1; i < SOURCES; i += 2)
		rig_add_prefix(rig, 0, 1, CLIENT + i, 0);
	rig->maps->class_conf[1].reserved = RESERVED;
	rig->maps->control->handshake_timeout_ns = 300000;
}

static void no_limit_is_ever_passed(struct rig *rig, const void *arg)
{
	const struct sw_service_state *service = &rig->maps->service_state[0];
	struct hand hands[THREADS];
	uint32_t most = 0;
	struct sums sums;

	(void)arg;
	prepare(rig);
	start(rig, hands, strike_limits, RUN_NS);
	while (sw_clock_monotonic_ns() < hands[THREADS - 1].end_ns) {
		uint32_t direct = *(const volatile __u64 *)&service->direct >> 32;

		most = direct > most ? direct : most;
	}
	stop(hands);
	assert_in_range(most, 1, BUDGET);
	expect_exact(rig);
	sums = sums_of_flows(rig);
	for (int i = 0; i < SOURCES; i++)
		assert_in_range(sums.half_open_of_source[i], 0, PER_SOURCE);
	expect_nothing_left(rig);
}

static void *accept_all(void *arg)
{
	int listener = *(int *)arg, fd;

	while ((fd = accept(listener, NULL, NULL)) >= 0)
		close(fd);
	return NULL;
}

static void every_count_stays_exact(struct rig *rig, const void *arg)
{
	int listener = listener_open_at(rig, &(struct packet){.client = CLIENT});
	struct hand hands[THREADS];
	pthread_t acceptor;

	(void)arg;
	prepare(rig);
	for (int i = 1; i < SOURCES; i++)
		listener_add_client(rig, &(struct packet){.client = CLIENT + i}, i);
	/* Adopted flows, which no limit stops, would leave no room for the connections. */
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 10 * BUDGET;
	rig->maps->class_conf[0].connections_per_source = 0;
	rig->maps->class_conf[0].direct_per_source = 0;
	assert_int_equal(pthread_create(&acceptor, NULL, accept_all, &listener), 0);
	start(rig, hands, strike_all, LONG_RUN_NS);
	stop(hands);
	shutdown(listener, SHUT_RDWR);
	pthread_join(acceptor, NULL);
	close(listener);
	expect_exact(rig);
	expect_nothing_left(rig);
}

/* The parked of a rig's service 0 came to an end, each to one. */
static uint64_t waits_ended(const struct rig *rig)
{
	return rig_counted(rig, SW_COUNTER_WAIT_ADMITTED) +
	       rig_counted(rig, SW_COUNTER_WAIT_STEERED) +
	       rig_counted(rig, SW_COUNTER_WAIT_TIMED_OUT) +
	       rig_counted(rig, SW_COUNTER_WAIT_ABANDONED);
}

static uint64_t verdicts_to_wait(const struct rig *rig)
{
	uint64_t cells[SW_VERDICT_CELLS], sum = 0;

	for (uint32_t class = 0; class < 2; class ++) {
		sw_read_verdicts(rig->maps, class, cells);
		for (uint32_t reason = 0; reason < SW_REASON_COUNT; reason++)
			sum += cells[sw_verdict_cell(SW_LANE_QUEUE, reason)];
	}
	return sum;
}

/*
 * Before any source has an entry, which it hardly ever is without once the hammer has struck: these waits end beside
 * others of their sources that are counted.
 */
static void let_some_wait_unlisted(struct rig *rig)
{
	struct sw_service_state *service = &rig->maps->service_state[0];

	/* From the round before; who was refused with that number would only hear that again. */
	rig_empty_map(rig->maps->refused_fd);
	rig->maps->control->heartbeat_timeout_ns = UINT64_C(1) << 60;
	rig->maps->service_conf[0].queue_per_source = 0;
	service->hold = SW_HOLD_PAUSED;
	for (int i = 0; i < SOURCES; i++)
		for (uint16_t port = 1; port <= BUDGET / SOURCES; port++)
			assert_int_equal(rig_send(rig, &(struct packet){.client = CLIENT + i,
									.client_port = port}),
					 DROPPED);
	service->hold = 0;
	assert_int_equal(sums_of_flows(rig).unlisted, BUDGET);
}

static void strike_waiters(struct rig *rig)
{
	struct hand hands[THREADS];
	struct sums sums;

	let_some_wait_unlisted(rig);
	start(rig, hands, strike_queue, RUN_NS / ROUNDS);
	stop(hands);
	expect_exact(rig);
	sums = sums_of_flows(rig);
	assert_in_range(sums.direct, 0, BUDGET);
	assert_true(sums.unlisted < BUDGET);
	assert_int_equal(verdicts_to_wait(rig), waits_ended(rig) + sums.waiting);
	expect_nothing_left(rig);
	assert_int_equal(verdicts_to_wait(rig), waits_ended(rig));
}

static void no_place_is_lost(struct rig *rig, const void *arg)
{
	int listener = listener_open_at(rig, &(struct packet){.client = CLIENT});

	(void)arg;
	prepare(rig);
	rig->maps->service_conf[0].queue_max = BUDGET;
	for (int i = 0; i < 2; i++)
		rig->maps->class_conf[i].lanes =
			CHAIN3(SW_LANE_DIRECT, SW_LANE_QUEUE, SW_LANE_REFUSE);
	assert_int_equal(sw_kern_beat(rig->kern), 0);
	for (int i = 0; i < ROUNDS; i++)
		strike_waiters(rig);
	close(listener);
}

static const struct rig_test tests[] = {
	{"SYNs, resets and expiry at once pass no limit", no_limit_is_ever_passed, NULL, 0},
	{"with connections and reconciliation every count stays exact", every_count_stays_exact,
	 NULL, 0},
	{"with a queue, a daemon and without one every wait ends once", no_place_is_lost, NULL, 0},
};

int main(void)
{
	return rig_main("hammer", tests, COUNT_OF(tests));
}
