/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who waits where no source has a limit for that: without an entry of his source. Whatever becomes of him, nothing is
 * taken from an entry that others of his source have made meanwhile.
 */
#include <bpf/bpf.h>
#include <unistd.h>

#include "fill.h"
#include "queue.h"

static const struct packet one = {.client = CLIENT, .client_port = 1};
static const struct packet other = {.client = CLIENT, .client_port = 2};

static void set_budget(struct rig *rig, uint32_t budget)
{
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = budget;
}

static int open_without_limit(struct rig *rig)
{
	int fd = queue_open(rig, 0);

	rig->maps->service_conf[0].queue_per_source = 0;
	return fd;
}

static bool is_listed(const struct rig *rig, const struct packet *packet)
{
	return !(rig_flow(rig, packet).flags & SW_FLOW_UNLISTED);
}

static void expect_source(const struct rig *rig, uint32_t live, uint32_t waiting)
{
	uint64_t word = rig_source(rig, 0, &one);

	assert_int_equal(sw_source_live_count(word), live);
	assert_int_equal(sw_source_direct_count(word), live);
	assert_int_equal(sw_source_waiting_count(word), waiting);
}

static void it_makes_no_entry(struct rig *rig, const void *arg)
{
	int fd = open_without_limit(rig);

	(void)arg;
	rig_expect(rig, &one, WAITS(BUDGET));
	queue_assert_waiting(rig, &one, 1, 1);
	assert_false(is_listed(rig, &one));
	assert_int_equal(rig_entries(rig->maps->source_live_fd, sizeof(struct sw_source_key)), 0);
	set_budget(rig, 1);
	assert_int_equal(queue_release(rig, &one, SW_RELEASE_ADMIT).lane, SW_LANE_DIRECT);
	expect_source(rig, 1, 0);
	assert_int_equal(rig_flow(rig, &one).flags, 0);
	/* By now there is one, which counts who comes. */
	rig_expect(rig, &other, WAITS(BUDGET));
	assert_true(is_listed(rig, &other));
	expect_source(rig, 1, 1);
	close(fd);
}

static void get_in(struct rig *rig)
{
	assert_int_equal(queue_release(rig, &one, SW_RELEASE_ADMIT).lane, SW_LANE_DIRECT);
}

static void time_out(struct rig *rig)
{
	set_budget(rig, 1);
	assert_int_equal(queue_release(rig, &one, SW_RELEASE_TIME_OUT).lane, SW_LANE_REFUSE);
}

static void give_up(struct rig *rig)
{
	queue_release_since(rig, &one, SW_RELEASE_ABANDON, rig_flow(rig, &one).state_ns);
}

/* By the daemon nothing is heard of him. */
static void fall_silent(struct rig *rig)
{
	struct sw_flow flow = rig_flow(rig, &one);

	flow.syn_ns -= 10 * SECOND_NS;
	flow.state_ns = flow.syn_ns;
	rig_put_flow(rig, &one, &flow);
	rig_sweep_after(rig, 0);
}

static void get_in_without_a_daemon(struct rig *rig)
{
	rig->maps->control->heartbeat_ns = 0;
	assert_int_equal(rig_send(rig, &one), PASSES);
}

static void be_refused_without_a_daemon(struct rig *rig)
{
	rig->maps->control->heartbeat_ns = 0;
	rig->maps->control->on_loss = SW_ON_LOSS_CLOSED;
	assert_int_equal(rig_send(rig, &one), ANSWERED);
}

/* Another connection has the place, and it gets in. */
static void be_replaced(struct rig *rig)
{
	const struct packet next = {.client = CLIENT, .client_port = 1, .isn = 77};

	assert_int_equal(rig_send(rig, &next), DROPPED);
	assert_false(is_listed(rig, &next));
	queue_assert_waiting(rig, &next, 1, 1);
	assert_int_equal(queue_release(rig, &next, SW_RELEASE_ADMIT).lane, SW_LANE_DIRECT);
}

/* One of those: how the wait ends, and with what of the source inside. */
struct end {
	void (*run)(struct rig *rig);
	uint32_t live;
};

static void it_ends(struct rig *rig, const void *arg)
{
	const struct end *end = arg;
	int fd = open_without_limit(rig);

	rig_expect(rig, &one, WAITS(BUDGET));
	rig_expect(rig, &other, WAITS(WAITERS));
	set_budget(rig, 2);
	assert_int_equal(queue_release(rig, &other, SW_RELEASE_ADMIT).lane, SW_LANE_DIRECT);
	expect_source(rig, 1, 0);
	end->run(rig);
	queue_assert_waiting(rig, &one, 0, 0);
	expect_source(rig, end->live, 0);
	close(fd);
}

/* Those that wait already are no reason to keep others out, and take nothing from what counts these. */
static void a_limit_that_is_set_meanwhile(struct rig *rig, const void *arg)
{
	int fd = open_without_limit(rig);

	(void)arg;
	rig_expect(rig, &one, WAITS(BUDGET));
	rig->maps->service_conf[0].queue_per_source = 1;
	rig_expect(rig, &other, WAITS(WAITERS));
	expect_source(rig, 0, 1);
	rig_expect_syn(rig, CLIENT, 3, REFUSED(QUEUE_SOURCE));
	give_up(rig);
	expect_source(rig, 0, 1);
	rig_expect_syn(rig, CLIENT, 4, REFUSED(QUEUE_SOURCE));
	queue_release_since(rig, &other, SW_RELEASE_ABANDON, rig_flow(rig, &other).state_ns);
	expect_source(rig, 0, 0);
	rig_expect_syn(rig, CLIENT, 5, WAITS(BUDGET));
	close(fd);
}

static void a_limit_that_goes_meanwhile(struct rig *rig, const void *arg)
{
	int fd = queue_open(rig, 0);

	(void)arg;
	rig->maps->service_conf[0].queue_per_source = 1;
	rig_expect(rig, &one, WAITS(BUDGET));
	rig->maps->service_conf[0].queue_per_source = 0;
	rig_expect(rig, &other, WAITS(WAITERS));
	expect_source(rig, 0, 2);
	give_up(rig);
	expect_source(rig, 0, 1);
	close(fd);
}

/* The sweep has claimed it: nothing counts there any more. */
static void an_entry_on_its_way_out(struct rig *rig, const void *arg)
{
	const struct packet whole = {.ipv6 = rig->ipv6, .client = CLIENT};
	struct sw_source_key key = {.address = packet_client(&whole)};
	struct sw_source_live gone = {.word = sw_source_empty(&key) | SW_SOURCE_GONE};
	int fd = open_without_limit(rig);

	(void)arg;
	assert_int_equal(bpf_map_update_elem(rig->maps->source_live_fd, &key, &gone, 0), 0);
	rig_expect(rig, &one, WAITS(BUDGET));
	assert_false(is_listed(rig, &one));
	give_up(rig);
	assert_int_equal(rig_source(rig, 0, &one), gone.word);
	close(fd);
}

/* He needs a place there when it is his turn. */
static void a_full_table_of_sources(struct rig *rig, const void *arg)
{
	int fd = open_without_limit(rig);
	struct sw_released out;

	(void)arg;
	fill_sources(rig);
	rig_expect(rig, &one, WAITS(BUDGET));
	set_budget(rig, 1);
	out = queue_release(rig, &one, SW_RELEASE_ADMIT);
	assert_int_equal(out.lane, SW_LANE_QUEUE);
	assert_int_equal(out.reason, SW_REASON_SOURCES_FULL);
	queue_assert_waiting(rig, &one, 1, 1);
	rig_assert_slots(rig, 0, 0, 0);
	/* Nor can others be counted there for a limit. */
	rig->maps->service_conf[0].queue_per_source = SW_FLOWS_MAX;
	rig_expect(rig, &other,
		   OUTCOME(VERDICT(ANSWERED, 0, REFUSE, SOURCES_FULL), COUNTS(0, 0, SOURCES_FULL)));
	queue_assert_waiting(rig, &one, 1, 1);
	rig_empty_map(rig->maps->source_live_fd);
	assert_int_equal(queue_release(rig, &one, SW_RELEASE_ADMIT).lane, SW_LANE_DIRECT);
	expect_source(rig, 1, 0);
	close(fd);
}

#define END(how, inside)                                                                           \
	&(const struct end)                                                                        \
	{                                                                                          \
		how, inside                                                                        \
	}

static uint32_t rates_of(const struct rig *rig)
{
	return rig_entries(rig->maps->source_rate_fd, sizeof(struct sw_source_key));
}

/* One that nobody was told of before: what the gate tells of is not forgotten between these tests. */
static uint32_t a_stranger(void)
{
	static uint32_t last = 0x030000;

	return last++;
}

static void it_has_a_rate_from_its_second_arrival_on(struct rig *rig, const void *arg)
{
	struct packet packet = {.client = a_stranger(), .client_port = 1};
	int rates = rig->maps->source_rate_fd, fd = open_without_limit(rig);
	struct sw_source_rate rate = {0};
	struct sw_source_key key;

	(void)arg;
	rig_expect(rig, &packet, WAITS(BUDGET));
	rig_expect(rig, &(struct packet){.client = a_stranger()}, WAITS(WAITERS));
	assert_int_equal(rates_of(rig), 0);
	packet.client_port++;
	rig_expect(rig, &packet, WAITS(WAITERS));
	assert_int_equal(rates_of(rig), 1);
	assert_int_equal(bpf_map_get_next_key(rates, NULL, &key), 0);
	assert_int_equal(bpf_map_lookup_elem(rates, &key, &rate), 0);
	/* Be both in one second, or in two. */
	assert_int_equal(rate.previous + rate.current, 2);
	close(fd);
}

static void a_limited_one_has_its_rate_from_the_first_on(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = a_stranger()};
	int fd = open_without_limit(rig);

	(void)arg;
	rig_set_rate(rig, 0, 1, 1);
	rig_expect(rig, &packet, WAITS(BUDGET));
	assert_int_equal(rates_of(rig), 1);
	close(fd);
}

static const struct rig_test tests[] = {
	{"it makes no entry before it gets in", it_makes_no_entry, NULL, 0},
	{"beside others of its source it gets in", it_ends, END(get_in, 2), 0},
	{"it is refused when its time is out", it_ends, END(time_out, 1), 0},
	{"its client gives up", it_ends, END(give_up, 1), 0},
	{"the sweep finds that nothing is heard of it", it_ends, END(fall_silent, 1), 0},
	{"without a daemon it gets in", it_ends, END(get_in_without_a_daemon, 2), 0},
	{"without a daemon it is refused", it_ends, END(be_refused_without_a_daemon, 1), 0},
	{"another connection takes its port and place", it_ends, END(be_replaced, 2), 0},
	{"it turns out to be inside", it_ends, END(queue_connect, 2), 0},
	{"a limit that is set meanwhile is for those who come from then on",
	 a_limit_that_is_set_meanwhile, NULL, 0},
	{"a limit that goes meanwhile leaves the counts of who waits as they are",
	 a_limit_that_goes_meanwhile, NULL, 0},
	{"an entry on its way out counts nobody", an_entry_on_its_way_out, NULL, 0},
	{"where the table of sources is full it waits for a place there as well",
	 a_full_table_of_sources, NULL, 0},
	{"where no rate is set its source has one to be seen from its second arrival on",
	 it_has_a_rate_from_its_second_arrival_on, NULL, 0},
	{"where a rate is set its source has one from the first on",
	 a_limited_one_has_its_rate_from_the_first_on, NULL, 0},
};

int main(void)
{
	return rig_main("unlisted", tests, COUNT_OF(tests));
}
