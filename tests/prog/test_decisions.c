/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the gate tells `spillway events`: all while they are few, of each source one in a second when they are many,
 * and no more than a bound.
 */
#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#include "kern/ring.h"
#include "rig.h"

#define CLIENT 0x010001
/* More than are told without choosing, from one. */
#define MANY (2 * SW_DECISIONS_ALL)

/* Longer than a handshake may take. */
#define HANDSHAKE_NS 60000000000ull

struct heard {
	struct sw_decision last;
	unsigned int count;
	unsigned int of_quiet; /* of the client QUIET */
	struct sw_in6 quiet;
};

static void on_decision(void *arg, const void *record, size_t bytes)
{
	const struct sw_decision *decision = record;
	struct heard *heard = arg;

	assert_int_equal(bytes, sizeof(*decision));
	heard->last = *decision;
	heard->count++;
	heard->of_quiet += !memcmp(&decision->client, &heard->quiet, sizeof(heard->quiet));
}

/* What was told since it was asked last. */
static void listen_to(const struct rig *rig, struct heard *heard)
{
	struct sw_ring *decisions;

	assert_int_equal(sw_ring_open(rig->maps->decisions_fd, on_decision, heard, &decisions), 0);
	while (!sw_ring_read(decisions, SW_DECISIONS_BYTES / sizeof(struct sw_decision)))
		;
	sw_ring_close(decisions);
}

static struct sw_flow_key key_of(const struct rig *rig, const struct packet *packet)
{
	struct packet whole = *packet;

	whole.ipv6 = rig->ipv6;
	return packet_flow(&whole);
}

static void forget(const struct rig *rig)
{
	struct heard ignored = {0};

	listen_to(rig, &ignored);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The rate of a second before this one is over. */
static uint64_t begin_second(const struct rig *rig)
{
	uint64_t second = now_ns() / 1000000000;

	while (now_ns() / 1000000000 == second)
		;
	forget(rig);
	return second + 1;
}

static void each_decision_is_told_with_all_that_it_was(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT, .client_port = 7};
	struct heard heard = {0};
	const struct sw_flow_key key = key_of(rig, &packet);

	(void)arg;
	begin_second(rig);
	rig_send(rig, &packet);
	listen_to(rig, &heard);
	assert_int_equal(heard.count, 1);
	assert_memory_equal(&heard.last.client, &key.client, sizeof(key.client));
	assert_memory_equal(&heard.last.server, &key.server, sizeof(key.server));
	assert_int_equal(heard.last.client_port_be, key.client_port_be);
	assert_int_equal(heard.last.server_port_be, key.server_port_be);
	assert_int_equal(heard.last.lane, SW_LANE_DIRECT);
	assert_int_equal(heard.last.reason, SW_REASON_FIRST);
	assert_int_equal(heard.last.service, 0);
	assert_int_equal(heard.last.class_id, 0);
	assert_false(heard.last.is_shadow);
	assert_true(heard.last.at_ns <= now_ns() && now_ns() - heard.last.at_ns < 60000000000);
}

static void a_repeated_syn_is_no_decision(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT, .client_port = 7};
	struct heard heard = {0};

	(void)arg;
	rig_send(rig, &packet);
	forget(rig);
	rig_send(rig, &packet);
	listen_to(rig, &heard);
	assert_int_equal(heard.count, 0);
}

static void a_limit_of_the_source_and_monitor_mode_are_told(struct rig *rig, const void *arg)
{
	struct heard heard = {0};

	(void)arg;
	rig_set_rate(rig, 0, 1, 1);
	rig->maps->control->mode = SW_MODE_MONITOR;
	begin_second(rig);
	rig_send(rig, &(struct packet){.client = CLIENT, .client_port = 1});
	rig_send(rig, &(struct packet){.client = CLIENT, .client_port = 2});
	listen_to(rig, &heard);
	assert_int_equal(heard.count, 2);
	assert_int_equal(heard.last.lane, SW_LANE_DROP);
	assert_int_equal(heard.last.over, SW_REASON_RATE);
	assert_true(heard.last.is_shadow);
}

/* A machine that needs longer than a second for it is tried again. */
static void one_that_storms_hides_nobody(struct rig *rig, const void *arg)
{
	const struct packet quiet = {.client = CLIENT + 1, .client_port = 1};
	const struct sw_flow_key key = key_of(rig, &quiet);
	struct heard heard;
	uint64_t untold, second;

	(void)arg;
	do {
		rig_reset(rig);
		heard = (struct heard){.quiet = key.client};
		second = begin_second(rig);
		untold = rig_counted(rig, SW_COUNTER_EVENTS_UNTOLD);
		for (uint16_t port = 0; port < MANY; port++)
			rig_send(rig, &(struct packet){.client = CLIENT, .client_port = port});
		rig_send(rig, &quiet);
	} while (now_ns() / 1000000000 != second);
	listen_to(rig, &heard);
	assert_int_equal(heard.of_quiet, 1);
	assert_int_equal(heard.count, SW_DECISIONS_ALL + 1);
	assert_int_equal(rig_counted(rig, SW_COUNTER_EVENTS_UNTOLD) - untold,
			 MANY - SW_DECISIONS_ALL);
}

static void what_the_ring_has_no_room_for_is_counted(struct rig *rig, const void *arg)
{
	const unsigned int held = SW_DECISIONS_BYTES / (sizeof(struct sw_decision) + 8);
	struct heard heard = {0};
	uint64_t untold = rig_counted(rig, SW_COUNTER_EVENTS_UNTOLD);
	unsigned int sent = 2 * held;

	(void)arg;
	forget(rig);
	for (unsigned int i = 0; i < sent; i++)
		rig_send(rig, &(struct packet){.client = CLIENT + i, .client_port = 1});
	untold = rig_counted(rig, SW_COUNTER_EVENTS_UNTOLD) - untold;
	listen_to(rig, &heard);
	assert_true(heard.count <= held);
	assert_int_equal(heard.count + untold, sent);
}

static void the_end_of_a_connection_is_told_once(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT, .client_port = 7};
	const struct sw_flow_key key = key_of(rig, &packet);
	struct heard heard = {0};

	(void)arg;
	begin_second(rig);
	rig_send(rig, &packet);
	forget(rig);
	assert_int_equal(rig_sweep_after(rig, HANDSHAKE_NS).flows_expired, 1);
	rig_sweep_after(rig, HANDSHAKE_NS);
	listen_to(rig, &heard);
	assert_int_equal(heard.count, 1);
	assert_int_equal(heard.last.kind, SW_TOLD_END);
	assert_memory_equal(&heard.last.client, &key.client, sizeof(key.client));
	assert_memory_equal(&heard.last.server, &key.server, sizeof(key.server));
	assert_int_equal(heard.last.client_port_be, key.client_port_be);
	assert_int_equal(heard.last.server_port_be, key.server_port_be);
	assert_int_equal(heard.last.lane, SW_LANE_DIRECT);
	assert_int_equal(heard.last.opened_ns, 0);
	assert_true(heard.last.at_ns <= now_ns() && now_ns() - heard.last.at_ns < 60000000000);
}

/* A sweep may reach over the end of a second. */
static void of_ends_there_are_so_many_a_second_and_the_rest_is_counted(struct rig *rig,
								       const void *arg)
{
	const unsigned int ended = 2 * SW_ENDS_MOST + 1000;
	struct heard heard = {0};
	uint64_t untold;

	(void)arg;
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = ended;
	for (unsigned int i = 0; i < ended; i++)
		rig_send(rig, &(struct packet){.client = CLIENT + i, .client_port = 1});
	begin_second(rig);
	untold = rig_counted(rig, SW_COUNTER_ENDS_UNTOLD);
	assert_int_equal(rig_sweep_after(rig, HANDSHAKE_NS).flows_expired, ended);
	listen_to(rig, &heard);
	assert_in_range(heard.count, SW_ENDS_MOST, 2 * SW_ENDS_MOST);
	assert_int_equal(heard.count + rig_counted(rig, SW_COUNTER_ENDS_UNTOLD) - untold, ended);
}

static const struct rig_test tests[] = {
	{"each decision is told, with all that it was", each_decision_is_told_with_all_that_it_was,
	 NULL, 0},
	{"a repeated SYN is no decision", a_repeated_syn_is_no_decision, NULL, 0},
	{"a limit of the source is told, and monitor mode",
	 a_limit_of_the_source_and_monitor_mode_are_told, NULL, 0},
	{"one that storms hides nobody, and what is left out is counted",
	 one_that_storms_hides_nobody, NULL, 0},
	{"what the ring has no room for is counted", what_the_ring_has_no_room_for_is_counted, NULL,
	 0},
	{"the end of a connection is told, once", the_end_of_a_connection_is_told_once, NULL, 0},
	{"of ends there are so many a second, and the rest is counted",
	 of_ends_there_are_so_many_a_second_and_the_rest_is_counted, NULL, 0},
};

int main(void)
{
	return rig_main("decisions", tests, COUNT_OF(tests));
}
