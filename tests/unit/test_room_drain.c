/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turns in a waiting room, with a gate of this test's own: how many one pass of the loop gives out, at what pace
 * a ramp does, that whoever has given up has none, and how soon the clock finds what a wakeup did not tell of.
 */
#include "queue_rig.h"

#include <unistd.h>

/* What clock and kernel would say, said by the test. */
#define sw_clock_monotonic_ns fake_clock_monotonic_ns
#define sw_kern_release	      fake_kern_release
#define sw_kern_count	      fake_kern_count

#include "daemon/room_drain.c"
#include "daemon/room_lost.c"

#define WAITERS	 1000
#define INTERVAL (200 * MS)
/* Of a client that was heard of once: its next SYN is due after a second, and a quarter and 250 ms late at most. */
#define PATIENCE (1500 * MS)

static struct sw_service_state state;
static struct sw_daemon guard;
static struct sw_rooms rooms;
static struct sw_room room;
static uint64_t now_ns;
static unsigned int tried, admitted, abandoned;
static unsigned int slots;  /* free at the gate */
static bool is_heard_there; /* the gate knows of a SYN that the room has no copy of */
static bool is_due;
static bool for_themselves; /* all wait for their own sources, but this one: it has room */
static uint16_t lucky;
static uint8_t untold_of[SW_UNTOLD];
static uint64_t untold_count, lost;

int fake_kern_count(struct sw_kern *kern, uint32_t service, enum sw_counter counter, uint64_t by)
{
	(void)kern, (void)service;
	assert_int_equal(counter, SW_COUNTER_WAKEUPS_LOST);
	lost += by;
	return 0;
}

uint64_t fake_clock_monotonic_ns(void)
{
	return now_ns;
}

int fake_kern_release(struct sw_kern *kern, const struct sw_release *what, struct sw_released *out)
{
	(void)kern;
	assert_int_equal(what->op, SW_RELEASE_ADMIT);
	tried++;
	*out = (struct sw_released){.lane = SW_LANE_QUEUE, .reason = SW_REASON_BUDGET};
	if (for_themselves && (what->frame[28] << 8 | what->frame[29]) != lucky) {
		out->reason = SW_REASON_SOURCE_LIVE;
		out->flags = SW_RELEASED_OF_SOURCE;
		return 0;
	}
	if (!slots)
		return 0;
	slots--;
	admitted++;
	out->lane = SW_LANE_DIRECT;
	return 0;
}

static unsigned int told_in;

void sw_events_wait_ended(struct sw_daemon *daemon, uint32_t service, uint32_t class_id,
			  const struct sw_flow_key *flow, enum sw_wait_outcome outcome,
			  const struct sw_released *released, uint64_t syn_ns)
{
	(void)daemon, (void)service, (void)class_id, (void)flow, (void)syn_ns;
	assert_int_equal(outcome, SW_WAIT_ADMITTED);
	assert_int_equal(released->lane, SW_LANE_DIRECT);
	told_in++;
}

/* What else a room is made of. */
struct sw_service_state *sw_room_state(const struct sw_room *of)
{
	(void)of;
	return &state;
}

bool sw_room_abandon(struct sw_room *of, const struct sw_waiter *waiter, uint64_t at_ns)
{
	abandoned++;
	if (is_heard_there) {
		sw_queue_note_alive(of->queue, waiter, at_ns);
		return false;
	}
	sw_queue_leave(of->queue, waiter, false, at_ns);
	return true;
}

void sw_room_no_listener(struct sw_room *of, const struct sw_waiter *waiter, bool had_turn)
{
	(void)of, (void)waiter, (void)had_turn;
}

static void on_due(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	is_due = true;
}

static int begin(void **unused)
{
	(void)unused;
	state = (struct sw_service_state){0};
	static struct sw_maps maps = {.untold_of = untold_of, .untold_count = &untold_count};

	guard = (struct sw_daemon){.base = event_base_new(), .rooms = &rooms, .maps = &maps};
	memset(untold_of, 0, sizeof(untold_of));
	untold_count = lost = 0;
	for_themselves = false;
	rooms = (struct sw_rooms){.daemon = &guard};
	room = (struct sw_room){.daemon = &guard, .queue = queue_of(SW_QUEUE_FAIR)};
	room.due = evtimer_new(guard.base, on_due, &room);
	now_ns = START;
	tried = admitted = abandoned = 0;
	is_heard_there = true;
	slots = WAITERS;
	return guard.base && room.due ? 0 : -1;
}

static int end(void **unused)
{
	(void)unused;
	event_free(room.due);
	event_base_free(guard.base);
	sw_queue_free(room.queue);
	return 0;
}

/* Each of a source of his own, up to that many. */
static void come(uint16_t count, uint16_t sources, uint64_t at_ns)
{
	for (uint16_t i = 0; i < count; i++)
		park(room.queue, &(struct client){.source = i % sources, .port = i}, at_ns);
}

/* One pass of the loop: how many it let in. */
static unsigned int pass(void)
{
	unsigned int before = admitted;

	sw_rooms_begin_pass(&rooms);
	sw_queue_rejoin_some(room.queue, now_ns, NULL, NULL);
	sw_room_drain(&room, 0);
	return admitted - before;
}

/* As at the end of a pause. */
static void begin_ramp(void)
{
	room.ramp_interval_ns = INTERVAL;
	room.ramp_next_ns = now_ns;
	sw_queue_begin_ramp(room.queue, now_ns);
}

/* The loop has the room's timer come before anybody's time is out. */
static bool comes_by_itself(void)
{
	is_due = false;
	for (int i = 0; !is_due && i < 2000; i++) {
		event_base_loop(guard.base, EVLOOP_NONBLOCK);
		usleep(1000);
	}
	return is_due;
}

static void one_pass_gives_out_so_many_turns_however_often_it_is_told_of_room(void **unused)
{
	(void)unused;
	come(WAITERS, 10, START);
	sw_rooms_begin_pass(&rooms);
	for (int i = 0; i < 512; i++)
		sw_room_drain(&room, 0);
	assert_int_equal(tried, 256);
	/* The others have the next one, which comes by itself. */
	assert_true(comes_by_itself());
	while (sw_queue_count(room.queue))
		assert_int_not_equal(pass(), 0);
	assert_int_equal(admitted, WAITERS);
	assert_false(evtimer_pending(room.due, NULL));
}

static void where_there_is_no_room_one_of_the_class_is_tried(void **unused)
{
	(void)unused;
	slots = 3;
	come(10, 10, START);
	assert_int_equal(pass(), 3);
	assert_int_equal(tried, 4);
	sw_room_drain(&room, 0);
	assert_int_equal(tried, 4);
}

static void while_nobody_may_get_in_nobody_is_tried(void **unused)
{
	(void)unused;
	come(10, 10, START);
	state.hold = SW_HOLD_PAUSED;
	assert_int_equal(pass(), 0);
	assert_int_equal(tried, 0);
}

static void a_ramp_lets_one_in_and_the_next_after_its_interval(void **unused)
{
	(void)unused;
	come(10, 10, START);
	begin_ramp();
	for (int i = 0; i < 10; i++, now_ns += INTERVAL) {
		assert_int_equal(pass(), 1);
		now_ns += INTERVAL - 1;
		assert_int_equal(pass(), 0);
		now_ns -= INTERVAL - 1;
	}
	/* Who comes now is nobody that it is for, and the last of those is in since less than an interval. */
	now_ns -= MS;
	come(10, 10, now_ns);
	assert_int_equal(pass(), 10);
}

static void what_a_timer_was_late_for_is_made_up_for_and_what_was_long_ago_is_not(void **unused)
{
	(void)unused;
	come(30, 10, START);
	begin_ramp();
	room.ramp_interval_ns = 5 * MS;
	assert_int_equal(pass(), 1);
	now_ns += 15 * MS;
	assert_int_equal(pass(), 3);
	now_ns += SECOND;
	assert_int_equal(pass(), 5);
}

/* Sessions longer than the interval, and fewer slots than waiters. */
static void it_goes_on_after_a_time_in_which_nobody_had_room(void **unused)
{
	(void)unused;
	slots = 2;
	come(10, 10, START);
	begin_ramp();
	assert_int_equal(pass(), 1);
	now_ns += INTERVAL;
	assert_int_equal(pass(), 1);
	now_ns += INTERVAL;
	assert_int_equal(pass(), 0);
	/* All leave at once. */
	slots = 8;
	now_ns += MS;
	assert_int_equal(pass(), 1);
	now_ns += MS;
	assert_int_equal(pass(), 0);
}

static void while_those_it_is_for_have_no_room_others_are_not_held_back(void **unused)
{
	(void)unused;
	park(room.queue, &(struct client){.source = 9, .port = 9, .class_id = 7}, START);
	begin_ramp();
	slots = 0;
	pass();
	now_ns += MS;
	for (uint64_t to_ns = now_ns + SECOND; now_ns < to_ns; now_ns += 50 * MS) {
		const struct sw_waiter *narrow;

		come(3, 3, now_ns);
		sw_rooms_begin_pass(&rooms);
		sw_queue_rejoin_some(room.queue, now_ns, NULL, NULL);
		/* The class's own cap, which the gate of this test does not know. */
		narrow = sw_queue_oldest(room.queue);
		sw_queue_set_aside(room.queue, narrow, SW_QUEUE_CLASS);
		slots = 3;
		admitted = 0;
		sw_room_drain(&room, 0);
		assert_int_equal(admitted, 3);
	}
}

/* A daemon before this one began it, or nobody had been heard of when this one did. */
static void it_is_for_whoever_is_heard_of_later(void **unused)
{
	(void)unused;
	now_ns += SECOND;
	begin_ramp();
	assert_int_equal(pass(), 0);
	come(10, 10, START);
	assert_int_equal(pass(), 1);
	now_ns += INTERVAL;
	assert_int_equal(pass(), 1);
}

/* Before the next sweep has forgotten him; a slot is free when he is the first. */
static void who_gave_up_takes_no_slot_at_his_turn(void **unused)
{
	(void)unused;
	is_heard_there = false;
	slots = 1;
	come(2, 1, START);
	now_ns += PATIENCE;
	park(room.queue, &(struct client){.source = 2, .port = 2}, now_ns);
	now_ns++;
	assert_int_equal(pass(), 1);
	assert_int_equal(abandoned, 2);
	/* Nobody but the last has asked for it. */
	assert_int_equal(tried, 1);
	assert_int_equal(sw_queue_count(room.queue), 0);
}

static void until_then_he_has_his_turn(void **unused)
{
	(void)unused;
	is_heard_there = false;
	come(1, 1, START);
	now_ns += PATIENCE;
	assert_int_equal(pass(), 1);
	assert_int_equal(abandoned, 0);
}

static void and_so_he_has_if_the_gate_has_heard_of_him_since(void **unused)
{
	(void)unused;
	come(1, 1, START);
	now_ns += PATIENCE + 1;
	assert_int_equal(pass(), 1);
	assert_int_equal(abandoned, 1);
	assert_int_equal(tried, 1);
}

/* As the daemon's clock does each 50 ms; who may be tried is, a pass after the other. */
static void tick(void)
{
	now_ns += 50 * MS;
	sw_room_count_lost(&room);
	sw_rooms_take_untold(&rooms);
	sw_room_look(&room, now_ns);
	do {
		sw_rooms_begin_pass(&rooms);
		sw_room_drain(&room, 0);
	} while (sw_queue_next(room.queue));
}

/* As a program of the gate does that finds no room in the ring buffer. */
static void lose_wakeup_of(uint16_t source)
{
	const struct sw_source_key key = {.address = source_address(source)};

	untold_of[sw_untold_place(&key)] = 1;
	untold_count++;
}

static void
a_lost_wakeup_is_found_within_100_ms_and_counted_however_many_wait_for_themselves(void **unused)
{
	(void)unused;
	for_themselves = true;
	lucky = 0xffff;
	come(20000, 20000, START);
	for (int i = 0; i < 3; i++)
		tick();
	for (uint16_t n = 0; n < 200; n++) {
		uint64_t free_ns = now_ns + 1;

		lucky = n * 97;
		lose_wakeup_of(lucky);
		while (admitted == n)
			tick();
		assert_true(now_ns - free_ns <= 100 * MS);
		/* Others' wakeups, which were under way, are not taken for it; nor is it counted twice without any. */
		if (n % 2)
			sw_room_note_freed(&room, &(struct sw_freed){.kind = SW_WAKEUP_FREED});
		sw_room_count_lost(&room);
		assert_int_equal(lost, n + 1);
		assert_in_range(sw_room_lost_for_ns(&room), now_ns - free_ns, 100 * MS);
	}
}

#define IN_A_ROOM(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_ROOM(one_pass_gives_out_so_many_turns_however_often_it_is_told_of_room),
		IN_A_ROOM(where_there_is_no_room_one_of_the_class_is_tried),
		IN_A_ROOM(while_nobody_may_get_in_nobody_is_tried),
		IN_A_ROOM(a_ramp_lets_one_in_and_the_next_after_its_interval),
		IN_A_ROOM(what_a_timer_was_late_for_is_made_up_for_and_what_was_long_ago_is_not),
		IN_A_ROOM(it_goes_on_after_a_time_in_which_nobody_had_room),
		IN_A_ROOM(while_those_it_is_for_have_no_room_others_are_not_held_back),
		IN_A_ROOM(it_is_for_whoever_is_heard_of_later),
		IN_A_ROOM(who_gave_up_takes_no_slot_at_his_turn),
		IN_A_ROOM(until_then_he_has_his_turn),
		IN_A_ROOM(and_so_he_has_if_the_gate_has_heard_of_him_since),
		IN_A_ROOM(
			a_lost_wakeup_is_found_within_100_ms_and_counted_however_many_wait_for_themselves),
	};

	return cmocka_run_group_tests_name("room_drain", tests, NULL, NULL);
}
