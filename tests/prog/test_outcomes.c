/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long waits took, by what came of them: whatever a wait ends by, it is in the histogram of that outcome, and in
 * no other.
 */
#include <unistd.h>

#include "kern/read.h"
#include "queue.h"

#define WAITED_NS (3 * SECOND_NS)
/* The one from 2.048 to 4.096 s. */
#define ITS_BUCKET 12

static const struct packet one = {.client = CLIENT, .client_port = 1};

static void set_budget(struct rig *rig, uint32_t budget)
{
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = budget;
}

static void get_in(struct rig *rig)
{
	set_budget(rig, 1);
	assert_int_equal(queue_release(rig, &one, SW_RELEASE_ADMIT).lane, SW_LANE_DIRECT);
}

static void get_in_without_a_daemon(struct rig *rig)
{
	set_budget(rig, 1);
	rig->maps->control->heartbeat_ns = 0;
	assert_int_equal(rig_send(rig, &one), PASSES);
}

static void go_to_the_pooler(struct rig *rig)
{
	int fd = listener_open(rig);

	rig->maps->service_conf[0].pooler = listener_target();
	rig->maps->class_conf[0].lanes = CHAIN3(SW_LANE_POOLER, SW_LANE_QUEUE, SW_LANE_REFUSE);
	assert_int_equal(queue_release(rig, &one, SW_RELEASE_ADMIT).lane, SW_LANE_POOLER);
	close(fd);
}

static void time_out(struct rig *rig)
{
	assert_int_equal(queue_release(rig, &one, SW_RELEASE_TIME_OUT).lane, SW_LANE_REFUSE);
}

static void be_refused_without_a_daemon(struct rig *rig)
{
	rig->maps->control->heartbeat_ns = 0;
	rig->maps->control->on_loss = SW_ON_LOSS_CLOSED;
	assert_int_equal(rig_send(rig, &one), ANSWERED);
}

static void give_up(struct rig *rig)
{
	queue_release_since(rig, &one, SW_RELEASE_ABANDON, rig_flow(rig, &one).state_ns);
}

static void fall_silent(struct rig *rig)
{
	rig_sweep_after(rig, 7 * SECOND_NS);
}

/* Another connection has the place, and waits from now. */
static void be_replaced(struct rig *rig)
{
	struct packet next = one;

	next.isn = 77;
	assert_int_equal(rig_send(rig, &next), DROPPED);
}

struct end {
	void (*run)(struct rig *rig);
	enum sw_wait_outcome outcome;
	uint64_t waits_ns; /* besides */
};

static void assert_one_more(const struct sw_waits *before, const struct sw_waits *now,
			    const struct end *end)
{
	for (int outcome = 0; outcome < SW_WAIT_OUTCOMES; outcome++) {
		const struct sw_wait_histogram *was = &before->by_outcome[outcome];
		const struct sw_wait_histogram *is = &now->by_outcome[outcome];
		uint64_t count = 0, took_ns = is->sum_ns - was->sum_ns;

		for (int i = 0; i <= SW_WAIT_BUCKETS; i++)
			count += is->count[i] - was->count[i];
		assert_int_equal(count, outcome == (int)end->outcome);
		if (outcome != (int)end->outcome)
			assert_int_equal(took_ns, 0);
		else
			assert_in_range(took_ns, WAITED_NS + end->waits_ns,
					WAITED_NS + end->waits_ns + SECOND_NS);
	}
	if (!end->waits_ns)
		assert_int_equal(now->by_outcome[end->outcome].count[ITS_BUCKET],
				 before->by_outcome[end->outcome].count[ITS_BUCKET] + 1);
}

static void it_ends(struct rig *rig, const void *arg)
{
	struct sw_waits before, now;
	const struct end *end = arg;
	int fd = queue_open(rig, 0);

	sw_read_waits(rig->maps, 0, &before);
	rig_expect(rig, &one, WAITS(BUDGET));
	rig_age(rig, WAITED_NS);
	end->run(rig);
	sw_read_waits(rig->maps, 0, &now);
	assert_one_more(&before, &now, end);
	close(fd);
}

#define END(how, came, longer)                                                                     \
	&(const struct end)                                                                        \
	{                                                                                          \
		how, SW_WAIT_##came, longer                                                        \
	}

static const struct rig_test tests[] = {
	{"who gets in was admitted", it_ends, END(get_in, ADMITTED, 0), 0},
	{"so was who gets in without a daemon", it_ends, END(get_in_without_a_daemon, ADMITTED, 0),
	 0},
	{"so was who turns out to be inside", it_ends, END(queue_connect, ADMITTED, 0), 0},
	{"who goes to the pooler was steered", it_ends, END(go_to_the_pooler, STEERED, 0), 0},
	{"who has waited too long is timed out", it_ends, END(time_out, TIMED_OUT, 0), 0},
	{"so is who is refused without a daemon", it_ends,
	 END(be_refused_without_a_daemon, TIMED_OUT, 0), 0},
	{"whose client gives up is abandoned", it_ends, END(give_up, ABANDONED, 0), 0},
	{"so is who is not heard of any more", it_ends, END(fall_silent, ABANDONED, 7 * SECOND_NS),
	 0},
	{"so is whose port another connection has", it_ends, END(be_replaced, ABANDONED, 0), 0},
};

int main(void)
{
	return rig_main("outcomes", tests, COUNT_OF(tests));
}
