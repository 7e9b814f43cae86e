/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The gate without a daemon: the kernel's own timer frees the slots of handshakes that nobody finishes.
 */
#include <bpf/bpf.h>
#include <unistd.h>

#include "core/clock.h"
#include "kern/steps.h"
#include "rig.h"
#include "spillway/sweep_timer.h"

#define CLIENT	  0x010001
#define SECOND_NS UINT64_C(1000000000)

static const struct packet first = {.client = CLIENT, .client_port = 1};

static uint64_t looks(const struct rig *rig)
{
	struct sw_sweep_timer at;
	uint32_t only = 0;

	assert_int_equal(bpf_map_lookup_elem(rig->maps->sweep_timer_fd, &only, &at), 0);
	return at.looked;
}

/* Until the timer has begun and ended a look of its own since now. */
static void wait_for_a_look(const struct rig *rig)
{
	uint64_t before = looks(rig);

	for (int i = 0; i < 2000 && looks(rig) < before + 2; i++)
		usleep(10000);
	assert_true(looks(rig) >= before + 2);
}

static void a_handshake_and_a_connection(struct rig *rig)
{
	const struct packet second = {.client = CLIENT, .client_port = 2};
	struct sw_flow flow;

	assert_int_equal(sw_kern_arm_sweep(rig->kern), 0);
	rig_expect(rig, &first, DIRECT_FIRST);
	rig_expect(rig, &second, DIRECT_FIRST);
	flow = rig_flow(rig, &second);
	flow.state = SW_FLOW_OPEN;
	rig_put_flow(rig, &second, &flow);
	rig_age(rig, 6 * SECOND_NS);
	rig_assert_slots(rig, 0, 2, 0);
}

static void without_a_daemon(struct rig *rig, const void *arg)
{
	(void)arg;
	rig->maps->control->heartbeat_ns = sw_clock_monotonic_ns() + 3600 * SECOND_NS;
	a_handshake_and_a_connection(rig);
	rig->maps->control->heartbeat_ns = sw_clock_monotonic_ns() - 3 * SECOND_NS;
	wait_for_a_look(rig);
	rig_assert_slots(rig, 0, 1, 0);
	assert_int_equal(rig_flow(rig, &first).state, SW_FLOW_EXPIRED);
	/* Once only, and its slot is the next one's. */
	wait_for_a_look(rig);
	rig_assert_slots(rig, 0, 1, 0);
	rig_expect_syn(rig, CLIENT, 3, DIRECT_FIRST);
}

static void with_a_daemon(struct rig *rig, const void *arg)
{
	(void)arg;
	rig->maps->control->heartbeat_ns = sw_clock_monotonic_ns() + 3600 * SECOND_NS;
	a_handshake_and_a_connection(rig);
	wait_for_a_look(rig);
	rig_assert_slots(rig, 0, 2, 0);
	assert_int_equal(rig_flow(rig, &first).state, SW_FLOW_HALF_OPEN);
}

static const struct rig_test tests[] = {
	{"without a daemon a handshake expires all the same, and a connection does not",
	 without_a_daemon, NULL, 4},
	{"while a daemon lives the timer leaves it to him", with_a_daemon, NULL, 4},
};

int main(void)
{
	return rig_main("alone", tests, COUNT_OF(tests));
}
