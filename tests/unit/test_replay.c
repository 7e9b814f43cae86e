/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What would have become of connections: fixed traces through the simulation.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "policy/replay.h"
#include "spillway/address.h"

#define MOST 600
#define MS   SW_NS_PER_MS

static struct sw_replay_connection connections[MOST];
static struct sw_replay_change changes[8];
static struct sw_replay trace;

static int begin(void **unused)
{
	(void)unused;
	memset(connections, 0, sizeof(connections));
	memset(changes, 0, sizeof(changes));
	trace = (struct sw_replay){
		.connections = connections, .changes = changes, .end_ns = 3600 * SW_NS_PER_S};
	return 0;
}

/* One from 10.0.C.D that comes at that time and would stay so long. */
static struct sw_replay_connection *come(uint64_t at_ns, unsigned int source, uint64_t held_ns)
{
	size_t index = trace.count++;
	struct sw_replay_connection *connection = &connections[index];

	assert_true(index < MOST);
	*connection = (struct sw_replay_connection){
		.at_ns = at_ns,
		.held_ns = held_ns,
		.handshake_ns = 0,
		.patience_ns = SW_REPLAY_UNKNOWN,
		.flow = {.client_port_be = htons((uint16_t)(1024 + index)),
			 .server_port_be = htons(5432)},
		.service = "main",
		.class = "default",
	};
	sw_address_map_ipv4(&connection->flow.client, htonl(0x0a000000 | source));
	sw_address_map_ipv4(&connection->flow.server, htonl(0x0a0000fe));
	return connection;
}

static int replay(const char *service_keys, struct sw_error *err)
{
	struct sw_config *config = NULL;
	char yaml[2000];
	int rc;

	snprintf(yaml, sizeof(yaml), "services:\n  - name: main\n    listen: [\":5432\"]\n%s%s",
		 strstr(service_keys, "half_open")
			 ? ""
			 : "    half_open: {max_percent: 0, max_percent_per_source: 0}\n",
		 service_keys);
	rc = sw_config_load_string(yaml, "test", &config, err);
	if (rc == 0)
		rc = sw_config_validate(config, err);
	if (rc)
		fail_msg("%s", err->text);
	rc = sw_replay_run(&trace, config, err);
	sw_config_free(config);
	return rc;
}

static void run(const char *service_keys)
{
	struct sw_error err = {};

	if (replay(service_keys, &err))
		fail_msg("%s", err.text);
}

static void expect(size_t index, enum sw_lane lane, enum sw_reason reason)
{
	if (connections[index].is.lane != lane || connections[index].is.reason != reason)
		fail_msg("connection %zu: lane %u, reason %u; expected %u, %u", index,
			 connections[index].is.lane, connections[index].is.reason, lane, reason);
}

static void who_is_over_the_budget_is_refused_and_a_larger_one_lets_him_in(void **unused)
{
	(void)unused;
	come(0, 1, 10 * MS);
	come(1 * MS, 2, 10 * MS);
	come(2 * MS, 3, 10 * MS);
	come(10 * MS, 4, 10 * MS); /* at the very moment when the first leaves */
	run("    budget: {direct: 2}\n    lanes: [direct, refuse]\n");
	expect(0, SW_LANE_DIRECT, SW_REASON_FIRST);
	expect(1, SW_LANE_DIRECT, SW_REASON_FIRST);
	expect(2, SW_LANE_REFUSE, SW_REASON_BUDGET);
	expect(3, SW_LANE_DIRECT, SW_REASON_FIRST);
	run("    budget: {direct: 3}\n    lanes: [direct, refuse]\n");
	expect(2, SW_LANE_DIRECT, SW_REASON_FIRST);
}

static void who_waits_gets_in_when_a_slot_is_free_and_how_long_that_took_comes_out(void **unused)
{
	(void)unused;
	come(0, 1, 100 * MS);
	come(10 * MS, 2, 50 * MS);
	come(20 * MS, 3, 50 * MS);
	run("    budget: {direct: 1}\n    lanes: [direct, queue, refuse]\n");
	expect(1, SW_LANE_DIRECT, SW_REASON_FIRST);
	assert_true(connections[1].is.waited && connections[2].is.waited);
	assert_false(connections[0].is.waited);
	assert_int_equal(connections[1].is.waited_ns, 90 * MS);
	assert_int_equal(connections[2].is.waited_ns, 130 * MS);
}

static void who_has_waited_as_long_as_he_may_goes_on_to_the_next_lane(void **unused)
{
	(void)unused;
	come(0, 1, 10 * SW_NS_PER_S);
	come(10 * MS, 2, 50 * MS);
	run("    budget: {direct: 1}\n    queue: {max_wait: 2s}\n    lanes: [direct, queue, reset]\n");
	expect(1, SW_LANE_RESET, SW_REASON_QUEUE_TIMEOUT);
	assert_in_range(connections[1].is.waited_ns, 2 * SW_NS_PER_S, 2 * SW_NS_PER_S + MS);
}

static void who_gives_up_takes_no_slot(void **unused)
{
	(void)unused;
	come(0, 1, 100 * MS);
	come(10 * MS, 2, 500 * MS)->patience_ns = 50 * MS;
	come(20 * MS, 3, 50 * MS);
	run("    budget: {direct: 1}\n    lanes: [direct, queue, refuse]\n");
	assert_int_equal(connections[1].is.lane, SW_LANE_NONE);
	assert_int_equal(connections[1].is.waited_ns, 50 * MS);
	assert_int_equal(connections[2].is.waited_ns, 80 * MS);
}

static void who_dials_again_from_his_port_while_he_waits_has_one_place_in_the_queue(void **unused)
{
	(void)unused;
	come(0, 1, 100 * MS);
	come(10 * MS, 2, 50 * MS)->patience_ns = 30 * MS;
	come(20 * MS, 2, 50 * MS)->flow = connections[1].flow;
	come(30 * MS, 3, 50 * MS);
	run("    budget: {direct: 1}\n    queue: {max_waiting: 2}\n    lanes: [direct, queue, refuse]\n");
	assert_int_equal(connections[1].is.lane, SW_LANE_NONE);
	assert_int_equal(connections[1].is.waited_ns, 10 * MS);
	expect(2, SW_LANE_DIRECT, SW_REASON_FIRST);
	assert_int_equal(connections[2].is.waited_ns, 80 * MS);
	expect(3, SW_LANE_DIRECT, SW_REASON_FIRST);
	assert_int_equal(connections[3].is.waited_ns, 120 * MS);
}

static void who_waits_at_the_end_of_the_recording_is_told_of(void **unused)
{
	(void)unused;
	trace.end_ns = SW_NS_PER_S;
	come(0, 1, SW_REPLAY_UNKNOWN);
	come(100 * MS, 2, 10 * MS);
	run("    budget: {direct: 1}\n    lanes: [direct, queue, refuse]\n");
	assert_int_equal(connections[1].is.lane, SW_LANE_QUEUE);
	assert_int_equal(connections[1].is.waited_ns, 900 * MS);
}

static unsigned int in_of(unsigned int first, unsigned int count, uint64_t before_ns)
{
	unsigned int in = 0;

	for (unsigned int i = first; i < first + count; i++)
		in += connections[i].is.lane == SW_LANE_DIRECT &&
		      connections[i].at_ns + connections[i].is.waited_ns < before_ns;
	return in;
}

static void weights_divide_the_turns(void **unused)
{
	static const char both[] =
		"    budget: {direct: 1}\n    queue: {max_wait: 1h, overload_after: 0s}\n"
		"    lanes: [direct, queue, refuse]\n    classes:\n"
		"      - {name: default, rate: unlimited}\n"
		"      - {name: x, sources: [10.0.1.0/24], rate: unlimited, weight: %d}\n";
	char keys[sizeof(both) + 8];

	(void)unused;
	come(0, 0x201, 100 * MS);
	for (unsigned int i = 0; i < 100; i++)
		come(MS + i, i + 1, 10 * MS);
	for (unsigned int i = 0; i < 100; i++)
		come(2 * MS + i, 0x100 + i + 1, 10 * MS);
	snprintf(keys, sizeof(keys), both, 3);
	run(keys);
	assert_in_range(in_of(101, 100, 900 * MS), 59, 61); /* of 80 turns */
	snprintf(keys, sizeof(keys), both, 1);
	run(keys);
	assert_in_range(in_of(101, 100, 900 * MS), 39, 41);
}

static void the_rate_of_a_source_holds(void **unused)
{
	(void)unused;
	for (unsigned int i = 0; i < 4; i++)
		come(i * 10 * MS, 1, MS);
	come(500 * MS, 1, MS);
	run("    budget: {direct: 9}\n    lanes: [direct, refuse]\n    over_limit: [drop]\n"
	    "    classes: [{name: default, rate: 10/s, burst: 2}]\n");
	expect(1, SW_LANE_DIRECT, SW_REASON_FIRST);
	expect(2, SW_LANE_DROP, SW_REASON_RATE);
	expect(3, SW_LANE_DROP, SW_REASON_RATE);
	expect(4, SW_LANE_DIRECT, SW_REASON_FIRST);
}

static void a_source_over_its_rate_that_may_wait_gets_in_when_it_has_an_arrival_again(void **unused)
{
	(void)unused;
	come(0, 1, MS);
	come(10 * MS, 1, MS);
	run("    budget: {direct: 9}\n    lanes: [direct, refuse]\n    over_limit: [queue, refuse]\n"
	    "    classes: [{name: default, rate: 10/s, burst: 1}]\n");
	expect(1, SW_LANE_DIRECT, SW_REASON_FIRST);
	assert_in_range(connections[1].is.waited_ns, 90 * MS, 141 * MS); /* found by the clock */
}

static void the_connections_of_a_source_are_counted_until_they_end(void **unused)
{
	(void)unused;
	come(0, 1, 100 * MS);
	come(10 * MS, 1, 100 * MS);
	come(20 * MS, 2, 100 * MS);
	come(101 * MS, 1, 100 * MS);
	run("    budget: {direct: 9}\n    lanes: [direct, refuse]\n"
	    "    classes: [{name: default, rate: unlimited, connections_per_source: 1}]\n");
	expect(1, SW_LANE_REFUSE, SW_REASON_SOURCE_LIVE);
	expect(2, SW_LANE_DIRECT, SW_REASON_FIRST);
	expect(3, SW_LANE_DIRECT, SW_REASON_FIRST);
}

static void the_pooler_takes_what_is_over_and_has_a_bound(void **unused)
{
	(void)unused;
	for (unsigned int i = 0; i < 3; i++)
		come(i * MS, i + 1, 100 * MS);
	come(150 * MS, 9, MS);
	run("    budget: {direct: 1}\n    pooler: {address: \"127.0.0.1:6432\", max_connections: 1}\n"
	    "    lanes: [direct, pooler, refuse]\n");
	expect(1, SW_LANE_POOLER, SW_REASON_BUDGET);
	expect(2, SW_LANE_REFUSE, SW_REASON_POOLER_FULL);
	expect(3, SW_LANE_DIRECT, SW_REASON_FIRST);
}

/* Half of the budget is all that one source may leave so. */
static void handshakes_that_are_not_complete_count(void **unused)
{
	struct sw_replay_connection *silent;

	(void)unused;
	for (unsigned int i = 0; i < 3; i++) {
		silent = come(i * MS, 1, 5 * SW_NS_PER_S);
		silent->is_silent = true;
	}
	come(6 * SW_NS_PER_S, 1, MS);
	run("    budget: {direct: 4}\n    half_open: {max_percent: 0, max_percent_per_source: 50}\n"
	    "    lanes: [direct, refuse]\n");
	expect(1, SW_LANE_DIRECT, SW_REASON_FIRST);
	expect(2, SW_LANE_REFUSE, SW_REASON_SOURCE_HALF_OPEN);
	expect(3, SW_LANE_DIRECT, SW_REASON_FIRST);
}

static void handshakes_that_are_complete_count_no_more(void **unused)
{
	(void)unused;
	for (unsigned int i = 0; i < 3; i++)
		come(i * 10 * MS, 1, SW_NS_PER_S)->handshake_ns = MS;
	run("    budget: {direct: 4}\n    half_open: {max_percent: 0, max_percent_per_source: 25}\n"
	    "    lanes: [direct, refuse]\n");
	expect(2, SW_LANE_DIRECT, SW_REASON_FIRST);
}

/* Two handshakes may be incomplete, three where sources are new; the rest is for those that completed one. */
static void a_source_whose_last_handshake_expired_is_new_again(void **unused)
{
	static const char keys[] =
		"    budget: {direct: 4}\n    half_open: {max_percent: 50, max_percent_per_source: 0}\n"
		"    lanes: [direct, refuse]\n    classes: [{name: default, rate: unlimited}]\n";

	(void)unused;
	come(0, 1, 10 * MS);
	come(20 * MS, 1, 10 * MS)->is_silent = true;
	for (unsigned int i = 2; i < 5; i++)
		come(40 * MS + i, i, SW_NS_PER_S)->is_silent = true;
	come(50 * MS, 1, MS);
	run(keys);
	expect(4, SW_LANE_DIRECT, SW_REASON_FIRST);
	expect(5, SW_LANE_REFUSE, SW_REASON_HALF_OPEN);
	connections[1].is_silent = false;
	run(keys);
	expect(5, SW_LANE_DIRECT, SW_REASON_FIRST);
}

static void who_waits_takes_his_arrival_when_he_gets_in(void **unused)
{
	(void)unused;
	come(0, 1, 100 * MS);
	come(10 * MS, 2, MS);
	come(200 * MS, 2, MS);
	come(1300 * MS, 2, MS);
	run("    budget: {direct: 1}\n    lanes: [direct, queue, refuse]\n    over_limit: [queue, refuse]\n"
	    "    queue: {max_wait: 500ms}\n    classes: [{name: default, rate: 1/s, burst: 1}]\n");
	assert_int_equal(connections[1].is.waited_ns, 90 * MS);
	expect(2, SW_LANE_REFUSE, SW_REASON_QUEUE_TIMEOUT);
	expect(3, SW_LANE_DIRECT, SW_REASON_FIRST);
}

static void change(uint64_t at_ns, uint32_t budget, bool is_paused)
{
	changes[trace.change_count++] = (struct sw_replay_change){.at_ns = at_ns,
								  .service = "main",
								  .budget = budget,
								  .is_paused = is_paused,
								  .is_ready = true};
}

static void while_the_service_is_paused_all_wait(void **unused)
{
	(void)unused;
	change(0, 5, false);
	change(10 * MS, 5, true);
	come(5 * MS, 1, MS);
	come(20 * MS, 2, MS);
	change(100 * MS, 5, false);
	run("    budget: {direct: 5}\n    lanes: [direct, queue, refuse]\n");
	expect(0, SW_LANE_DIRECT, SW_REASON_FIRST);
	assert_false(connections[0].is.waited);
	expect(1, SW_LANE_DIRECT, SW_REASON_FIRST);
	assert_int_equal(connections[1].is.waited_ns, 80 * MS);
}

static void
a_recorded_budget_is_in_force_where_the_database_says_it_or_all_is_as_recorded(void **unused)
{
	static const char fixed[] = "    budget: {direct: 2}\n    lanes: [direct, refuse]\n";

	(void)unused;
	change(0, 1, false);
	come(1 * MS, 1, SW_NS_PER_S);
	come(2 * MS, 2, SW_NS_PER_S);
	run(fixed);
	expect(1, SW_LANE_DIRECT, SW_REASON_FIRST);
	trace.follows_budget = true;
	run(fixed);
	expect(1, SW_LANE_REFUSE, SW_REASON_BUDGET);
	trace.follows_budget = false;
	run("    budget: {mode: auto, direct: 0}\n    lanes: [direct, refuse]\n");
	expect(0, SW_LANE_DIRECT, SW_REASON_FIRST);
	expect(1, SW_LANE_REFUSE, SW_REASON_BUDGET);
}

/* As in a recording of what the daemon remembered, whose first such word is of when it was asked. */
static void who_came_before_the_first_word_of_the_budget_met_that_one(void **unused)
{
	(void)unused;
	come(1 * MS, 1, SW_NS_PER_S);
	come(2 * MS, 2, SW_NS_PER_S);
	change(10 * MS, 1, false);
	change(20 * MS, 5, false);
	come(15 * MS, 3, SW_NS_PER_S);
	come(25 * MS, 4, SW_NS_PER_S);
	for (int follows = 0; follows < 2; follows++) {
		trace.follows_budget = follows;
		run("    budget: {mode: auto, direct: 9}\n    lanes: [direct, refuse]\n");
		expect(0, SW_LANE_DIRECT, SW_REASON_FIRST);
		expect(1, SW_LANE_REFUSE, SW_REASON_BUDGET);
		expect(2, SW_LANE_REFUSE, SW_REASON_BUDGET);
		expect(3, SW_LANE_DIRECT, SW_REASON_FIRST);
	}
}

static void who_is_inside_from_before_has_his_slot(void **unused)
{
	struct sw_replay_connection *inside = come(0, 1, 100 * MS);

	(void)unused;
	inside->is_inside = true;
	inside->was.lane = SW_LANE_DIRECT;
	come(10 * MS, 2, MS);
	come(110 * MS, 3, MS);
	run("    budget: {direct: 1}\n    lanes: [direct, refuse]\n");
	expect(0, SW_LANE_DIRECT, SW_REASON_FIRST);
	expect(1, SW_LANE_REFUSE, SW_REASON_BUDGET);
	expect(2, SW_LANE_DIRECT, SW_REASON_FIRST);
}

static void a_class_with_one_answer_gives_it(void **unused)
{
	(void)unused;
	come(0, 1, MS);
	come(0, 0x101, MS);
	run("    budget: {direct: 1}\n    lanes: [direct, refuse]\n    classes:\n"
	    "      - {name: shut, sources: [10.0.1.0/24], action: drop}\n");
	expect(1, SW_LANE_DROP, SW_REASON_ACTION);
	assert_string_equal(connections[1].class, "shut");
}

static void who_did_not_get_in_stays_as_long_as_the_middle_of_his_class(void **unused)
{
	size_t known;

	(void)unused;
	for (unsigned int i = 0; i < 5; i++) {
		come(i, i, (i + 1) * MS)->was.lane = SW_LANE_DIRECT;
		strcpy(come(i, i, (i + 1) * SW_NS_PER_S)->class, "x");
		connections[trace.count - 1].was.lane = SW_LANE_DIRECT;
	}
	come(9, 9, SW_REPLAY_UNKNOWN)->was.lane = SW_LANE_REFUSE;
	strcpy(come(9, 9, SW_REPLAY_UNKNOWN)->class, "x");
	connections[11].was.lane = SW_LANE_REFUSE;
	come(9, 9, SW_REPLAY_UNKNOWN)->was.lane = SW_LANE_DIRECT; /* is inside at the end */
	for (unsigned int i = 0; i < 9;
	     i++) { /* what a handshake lasted that nobody finished says nothing */
		come(9, 9, 99 * SW_NS_PER_S)->is_silent = true;
		connections[trace.count - 1].was.lane = SW_LANE_DIRECT;
	}
	assert_int_equal(sw_replay_assume(&trace, &known), 0);
	assert_int_equal(known, 10);
	assert_int_equal(connections[10].held_ns, 3 * MS);
	assert_true(connections[10].is_assumed);
	assert_int_equal(connections[11].held_ns, 3 * SW_NS_PER_S);
	assert_int_equal(connections[12].held_ns, SW_REPLAY_UNKNOWN);
	assert_false(connections[0].is_assumed);
}

static void a_configuration_without_the_service_or_the_address_is_an_error(void **unused)
{
	static const char keys[] = "    budget: {direct: 1}\n    lanes: [direct, refuse]\n";
	struct sw_error err = {};

	(void)unused;
	come(0, 1, MS)->flow.server_port_be = htons(6000);
	assert_int_equal(replay(keys, &err), -ENOENT);
	assert_non_null(strstr(err.text, "10.0.0.254 port 6000"));
	begin(NULL);
	change(0, 1, false);
	strcpy(changes[0].service, "other");
	assert_int_equal(replay(keys, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no service 'other'"));
}

static void ipv6_clients_wait_as_others_do(void **unused)
{
	(void)unused;
	for (unsigned int i = 0; i < 2; i++) {
		struct sw_replay_connection *connection = come(i * MS, i, 10 * MS);

		connection->flow.client =
			(struct sw_in6){.bytes = {0xfd, [7] = (uint8_t)i, [15] = 1}};
		connection->flow.server = (struct sw_in6){.bytes = {0xfd, [15] = 2}};
	}
	run("    budget: {direct: 1}\n    lanes: [direct, queue, refuse]\n");
	expect(1, SW_LANE_DIRECT, SW_REASON_FIRST);
	assert_int_equal(connections[1].is.waited_ns, 9 * MS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
	const struct CMUnitTest tests[] = {
		TEST(who_is_over_the_budget_is_refused_and_a_larger_one_lets_him_in),
		TEST(who_waits_gets_in_when_a_slot_is_free_and_how_long_that_took_comes_out),
		TEST(who_has_waited_as_long_as_he_may_goes_on_to_the_next_lane),
		TEST(who_gives_up_takes_no_slot),
		TEST(who_dials_again_from_his_port_while_he_waits_has_one_place_in_the_queue),
		TEST(who_waits_at_the_end_of_the_recording_is_told_of),
		TEST(weights_divide_the_turns),
		TEST(the_rate_of_a_source_holds),
		TEST(a_source_over_its_rate_that_may_wait_gets_in_when_it_has_an_arrival_again),
		TEST(the_connections_of_a_source_are_counted_until_they_end),
		TEST(the_pooler_takes_what_is_over_and_has_a_bound),
		TEST(handshakes_that_are_not_complete_count),
		TEST(handshakes_that_are_complete_count_no_more),
		TEST(a_source_whose_last_handshake_expired_is_new_again),
		TEST(who_waits_takes_his_arrival_when_he_gets_in),
		TEST(while_the_service_is_paused_all_wait),
		TEST(a_recorded_budget_is_in_force_where_the_database_says_it_or_all_is_as_recorded),
		TEST(who_came_before_the_first_word_of_the_budget_met_that_one),
		TEST(who_is_inside_from_before_has_his_slot),
		TEST(a_class_with_one_answer_gives_it),
		TEST(who_did_not_get_in_stays_as_long_as_the_middle_of_his_class),
		TEST(a_configuration_without_the_service_or_the_address_is_an_error),
		TEST(ipv6_clients_wait_as_others_do),
	};

	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
