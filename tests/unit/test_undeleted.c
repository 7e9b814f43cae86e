/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries that the kernel does not delete when it is asked to, because it was interrupted at the same part of the
 * table. That cannot be brought about from outside, so the programs' code runs here, on maps of one entry each.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../fuzz/bpf_host.h"

#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-prototypes" /* of programs */
/* gcc takes that with inline, which bpf_host.h makes of it, for a contradiction. */
#undef __noinline
#define __noinline

#define bpf_map_delete_elem   fake_map_delete_elem
#define bpf_for_each_map_elem fake_for_each_map_elem

/* No timer runs here. */
#define bpf_timer_init(timer, ...)	   no_timer(timer)
#define bpf_timer_start(timer, ...)	   no_timer(timer)
#define bpf_timer_set_callback(timer, ...) no_timer(timer)

static long no_timer(const struct bpf_timer *timer)
{
	(void)timer;
	return -EINVAL;
}

static long fake_map_delete_elem(void *map, const void *key);
static long fake_for_each_map_elem(void *map, void *each, void *arg, __u64 flags);

/* Instead of bpf/service.bpf.h, which has an instruction of BPF's. */
#define SPILLWAY_SERVICE_BPF_H
static const __u32 the_only = 0;

#include "../../bpf/sweep.bpf.c"

#define NOW_NS (1000 * NS_PER_SECOND)

/* All that the maps hold. */
static struct {
	struct sw_control control;
	struct sw_service_state service;
	struct sw_class_state class;
	struct sw_counters counters;
	struct sw_waits waits;
	struct sw_lifetimes lifetimes;
	struct sw_flow_key flow_key;
	struct sw_flow flow;
	struct sw_source_key source_key;
	struct sw_source_live source;
	long deletes; /* what comes of a deletion */
} world;

static void *bpf_map_lookup_elem(void *map, const void *key)
{
	const struct {
		void *map, *value;
	} rows[] = {
		{&control, &world.control},   {&service_state, &world.service},
		{&class_state, &world.class}, {&counters, &world.counters},
		{&waits, &world.waits},	      {&lifetimes, &world.lifetimes},
		{&flows, &world.flow},	      {&source_live, &world.source},
	};

	(void)key;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (map == rows[i].map)
			return rows[i].value;
	return NULL;
}

static long fake_map_delete_elem(void *map, const void *key)
{
	(void)map, (void)key;
	return world.deletes;
}

static long fake_for_each_map_elem(void *map, void *each, void *arg, __u64 flags)
{
	(void)flags;
	if (map == &flows)
		((int (*)(void *, void *, void *, void *))each)(map, &world.flow_key, &world.flow,
								arg);
	else
		((int (*)(void *, void *, void *, void *))each)(map, &world.source_key,
								&world.source, arg);
	return 1;
}

static __u64 bpf_ktime_get_ns(void)
{
	return NOW_NS;
}

static void *bpf_ringbuf_reserve(void *ring, __u64 bytes, __u64 flags)
{
	(void)ring, (void)bytes, (void)flags;
	return NULL;
}

static void bpf_ringbuf_submit(void *record, __u64 flags)
{
	(void)record, (void)flags;
}

/* One flow in that state, an hour old, and all that it holds. */
static void begin_with(uint8_t state, uint8_t lane)
{
	memset(&world, 0, sizeof(world));
	world.deletes = -EBUSY;
	world.control.handshake_timeout_ns = NS_PER_SECOND;
	world.flow_key.client_port_be = 1;
	world.flow.tag = sw_flow_tag(&world.flow_key);
	world.flow.state = state;
	world.flow.lane = lane;
	world.flow.isn = 1000;
	world.flow.source_bits = 128;
	world.source.word = sw_source_empty(&world.source_key);
	if (state == SW_FLOW_OPEN || state == SW_FLOW_HALF_OPEN)
		world.source.word += SW_SOURCE_LIVE + SW_SOURCE_DIRECT;
	if (state == SW_FLOW_WAITING)
		world.source.word += SW_SOURCE_WAITING;
}

/* It holds nothing, is of the time now, and can be found by the sweep, by a SYN and by an ACK. */
static void assert_is_left(uint8_t lane)
{
	assert_int_equal(world.flow.state, SW_FLOW_EXPIRED);
	assert_int_equal(world.flow.flags, SW_FLOW_RESET);
	assert_int_equal(world.flow.lane, lane);
	assert_int_equal(world.flow.tag, sw_flow_tag(&world.flow_key));
	assert_int_equal(world.flow.state_ns, NOW_NS);
	assert_int_equal(sw_source_live_count(world.source.word), 0);
	assert_int_equal(sw_source_waiting_count(world.source.word), 0);
}

static struct sw_sweep sweep_after(uint64_t by_ns)
{
	struct sw_sweep sweep = {.now_ns = NOW_NS};

	world.flow.state_ns -= by_ns;
	sweep_by(&world.control, &sweep);
	return sweep;
}

static void a_flow_that_ends(void **state)
{
	(void)state;
	begin_with(SW_FLOW_OPEN, SW_LANE_DIRECT);
	flow_end(&world.flow_key);
	assert_is_left(SW_LANE_DIRECT);
	begin_with(SW_FLOW_OPEN, SW_LANE_POOLER);
	world.source.word -= SW_SOURCE_DIRECT;
	flow_end(&world.flow_key);
	assert_is_left(SW_LANE_POOLER);
}

static void a_handshake_that_this_host_refuses(void **state)
{
	(void)state;
	begin_with(SW_FLOW_HALF_OPEN, SW_LANE_DIRECT);
	flow_reset(&world.flow_key, 1001, 1);
	assert_is_left(SW_LANE_DIRECT);
	assert_int_equal(world.counters.count[SW_COUNTER_HANDSHAKE_RESETS], 1);
}

static void who_waits_no_more(void **state)
{
	(void)state;
	begin_with(SW_FLOW_WAITING, SW_LANE_QUEUE);
	assert_int_equal(waiter_forget(&world.flow_key, &world.flow, world.flow.word, 1000,
				       SW_WAIT_ABANDONED),
			 1);
	assert_is_left(SW_LANE_DIRECT);
}

static void an_expired_one_that_is_swept(void **state)
{
	(void)state;
	begin_with(SW_FLOW_EXPIRED, SW_LANE_DIRECT);
	world.flow.state_ns = NOW_NS;
	assert_int_equal(sweep_after(65 * NS_PER_SECOND).flows_removed, 0);
	assert_is_left(SW_LANE_DIRECT);
	world.deletes = 0;
	assert_int_equal(sweep_after(NS_PER_SECOND).flows_removed, 0);
	assert_int_equal(sweep_after(1).flows_removed, 1);
}

static void a_source_that_is_swept(void **state)
{
	(void)state;
	begin_with(SW_FLOW_DEAD, SW_LANE_DIRECT);
	assert_int_equal(sweep_after(0).sources_removed, 0);
	assert_false(sw_source_is_gone(world.source.word));
	assert_int_equal(world.source.word, sw_source_empty(&world.source_key));
	world.deletes = 0;
	assert_int_equal(sweep_after(0).sources_removed, 1);
}

/* Others deleted it: its memory may be another's, which is not to be touched. */
static void what_is_not_there_any_more(void **state)
{
	(void)state;
	begin_with(SW_FLOW_OPEN, SW_LANE_DIRECT);
	world.deletes = -ENOENT;
	flow_end(&world.flow_key);
	assert_int_equal(world.flow.state, SW_FLOW_DEAD);
	begin_with(SW_FLOW_DEAD, SW_LANE_DIRECT);
	world.deletes = -ENOENT;
	sweep_after(0);
	assert_true(sw_source_is_gone(world.source.word));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{"a flow that ends is left to the sweep", a_flow_that_ends, NULL, NULL, NULL},
		{"so is a handshake that this host refuses", a_handshake_that_this_host_refuses,
		 NULL, NULL, NULL},
		{"and who waits no more, in a lane that counts", who_waits_no_more, NULL, NULL,
		 NULL},
		{"what the sweep cannot delete it tries again", an_expired_one_that_is_swept, NULL,
		 NULL, NULL},
		{"a source is there for all again", a_source_that_is_swept, NULL, NULL, NULL},
		{"an entry that others deleted is not touched", what_is_not_there_any_more, NULL,
		 NULL, NULL},
	};

	return cmocka_run_group_tests_name("undeleted", tests, NULL, NULL);
}
