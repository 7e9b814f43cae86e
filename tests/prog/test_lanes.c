/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chains of lanes with a real listener as the pooler: which lane takes a connection, and why not the
 * one before it.
 */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listener.h"

#define CLIENT 0x010001

/*
 * What a steered SYN comes to. The kernel assigns sockets at TC's ingress only, where a test run is
 * not: there the TC program, having counted the same verdict, finds that it cannot steer.
 */
static struct outcome steered(const struct rig *rig, uint8_t lane, uint8_t reason)
{
	struct outcome outcome = {
		.action = rig->tc ? DROPPED : PASSES,
		.is_decided = true,
		.lane = lane,
		.reason = reason,
	};

	if (rig->tc)
		outcome.counters[0] = (typeof(outcome.counters[0])){0, SW_COUNTER_STEER_LOST, 1};
	return outcome;
}

static void expect_pooled(struct rig *rig, uint16_t port, uint8_t reason)
{
	const struct packet packet = {.client = CLIENT, .client_port = port};
	const struct outcome outcome = steered(rig, SW_LANE_POOLER, reason);

	rig_expect(rig, &packet, &outcome);
	if (rig->tc) { /* and gave everything back */
		assert_false(rig_has_flow(rig, &packet));
		return;
	}
	assert_int_equal(rig_flow(rig, &packet).lane, SW_LANE_POOLER);
	assert_int_equal(rig_flow(rig, &packet).flags, SW_FLOW_STEERED);
	assert_int_equal(rig_flow(rig, &packet).state, SW_FLOW_HALF_OPEN);
}

static void set_pooler(struct rig *rig, uint32_t budget)
{
	struct sw_service_conf *conf = &rig->maps->service_conf[0];

	conf->pooler = listener_target();
	conf->budget = conf->shared_limit = budget;
	rig->maps->class_conf[0].lanes = CHAIN3(SW_LANE_DIRECT, SW_LANE_POOLER, SW_LANE_REFUSE);
}

static void excess_goes_to_the_pooler(struct rig *rig, const void *arg)
{
	int fd = listener_open(rig);

	(void)arg;
	set_pooler(rig, 1);
	rig_expect_syn(rig, CLIENT, 1, DIRECT_FIRST);
	expect_pooled(rig, 2, SW_REASON_BUDGET);
	expect_pooled(rig, 3, SW_REASON_BUDGET);
	rig_assert_slots(rig, 0, 1, rig->tc ? 0 : 2);
	assert_int_equal(rig->maps->class_state[0].pooler, rig->tc ? 0 : 2);
	assert_int_equal(
		sw_source_live_count(rig_source(rig, 0, &(struct packet){.client = CLIENT})),
		rig->tc ? 1 : 3);
	close(fd);
}

static void the_pooler_comes_first(struct rig *rig, const void *arg)
{
	int fd = listener_open(rig);

	(void)arg;
	set_pooler(rig, 5);
	rig->maps->class_conf[0].lanes = CHAIN3(SW_LANE_POOLER, SW_LANE_DIRECT, SW_LANE_REFUSE);
	expect_pooled(rig, 1, SW_REASON_FIRST);
	rig_assert_slots(rig, 0, 0, !rig->tc);
	close(fd);
}

static void a_full_pooler_refuses(struct rig *rig, const void *arg)
{
	int fd = listener_open(rig);

	(void)arg;
	set_pooler(rig, 0);
	rig->maps->service_conf[0].pooler_max = 2;
	rig->maps->service_state[0].pooler = 1;
	expect_pooled(rig, 1, SW_REASON_BUDGET);
	rig->maps->service_state[0].pooler = 2;
	rig_expect_syn(rig, CLIENT, 2, REFUSED(POOLER_FULL));
	close(fd);
}

static void a_service_without_pooler(struct rig *rig, const void *arg)
{
	(void)arg;
	set_pooler(rig, 0);
	rig->maps->service_conf[0].pooler = (struct sw_target){0};
	rig_expect_syn(rig, CLIENT, 1, REFUSED(NO_POOLER));
}

static void a_pooler_that_is_down(struct rig *rig, const void *arg)
{
	int fd;

	(void)arg;
	set_pooler(rig, 0);
	rig_expect_syn(rig, CLIENT, 1, REFUSED(POOLER_DOWN));
	rig_assert_slots(rig, 0, 0, 0);
	fd = listener_open(rig);
	expect_pooled(rig, 2, SW_REASON_BUDGET);
	close(fd);
	rig_expect_syn(rig, CLIENT, 3, REFUSED(POOLER_DOWN));
}

static void a_pooler_of_the_other_family(struct rig *rig, const void *arg)
{
	int fd = listener_open(rig);

	(void)arg;
	set_pooler(rig, 0);
	if (rig->ipv6)
		rig->maps->service_conf[0].pooler.has_ipv6 = 0;
	else
		rig->maps->service_conf[0].pooler.has_ipv4 = 0;
	rig_expect_syn(rig, CLIENT, 1, REFUSED(POOLER_DOWN));
	close(fd);
}

static void no_queue_yet(struct rig *rig, const void *arg)
{
	(void)arg;
	rig->maps->service_conf[0].budget = 0;
	rig->maps->class_conf[0].lanes = CHAIN3(SW_LANE_DIRECT, SW_LANE_QUEUE, SW_LANE_REFUSE);
	rig_expect_syn(rig, CLIENT, 1, REFUSED(NO_QUEUE));
}

static void caps_lead_to_the_pooler(struct rig *rig, const void *arg)
{
	int fd = listener_open(rig);

	(void)arg;
	set_pooler(rig, 50);
	rig->maps->class_conf[0].direct_per_source = 1;
	rig_expect_syn(rig, CLIENT, 1, DIRECT_FIRST);
	expect_pooled(rig, 2, SW_REASON_SOURCE_DIRECT);
	rig->maps->class_conf[0].direct_per_source = 0;
	rig->maps->class_conf[0].max_direct = 1;
	expect_pooled(rig, 3, SW_REASON_CLASS_DIRECT);
	close(fd);
}

static void over_the_limit_to_the_pooler(struct rig *rig, const void *arg)
{
	int fd = listener_open(rig);

	(void)arg;
	set_pooler(rig, 50);
	rig->maps->service_conf[0].over_limit = CHAIN2(SW_LANE_POOLER, SW_LANE_RESET);
	rig->maps->service_conf[0].pooler_max = 1;
	rig_set_rate(rig, 0, 1, 1);
	rig_expect_syn(rig, CLIENT, 1, DIRECT_FIRST);
	expect_pooled(rig, 2, SW_REASON_RATE);
	rig->maps->service_state[0].pooler = 1;
	rig_expect_syn(rig, CLIENT, 3, OUTCOME(VERDICT(ANSWERED, 0, RESET, POOLER_FULL)));
	close(fd);
}

static void connections_lead_to_the_other_chain(struct rig *rig, const void *arg)
{
	(void)arg;
	set_pooler(rig, 50);
	rig->maps->class_conf[0].connections_per_source = 1;
	rig_expect_syn(rig, CLIENT, 1, DIRECT_FIRST);
	rig_expect_syn(rig, CLIENT, 2, OUTCOME(VERDICT(DROPPED, 0, DROP, SOURCE_LIVE)));
	rig->maps->service_conf[0].over_limit = CHAIN1(SW_LANE_REFUSE);
	rig_expect_syn(rig, CLIENT, 3, REFUSED(SOURCE_LIVE));
}

static void direct_is_a_local_listener(struct rig *rig, const void *arg)
{
	const struct packet first = {.client = CLIENT, .client_port = 1};
	struct outcome outcome = steered(rig, SW_LANE_DIRECT, SW_REASON_FIRST);
	int fd;

	(void)arg;
	rig->maps->service_conf[0].direct = listener_target();
	rig_expect_syn(rig, CLIENT, 9, REFUSED(NO_LISTENER));
	rig_assert_slots(rig, 0, 0, 0);
	fd = listener_open(rig);
	rig_expect(rig, &first, &outcome);
	rig_assert_slots(rig, 0, !rig->tc, 0);
	if (!rig->tc)
		assert_int_equal(rig_flow(rig, &first).flags, SW_FLOW_STEERED);
	close(fd);
}

/* The kernel would give such a SYN to the socket of its own, not to the pooler's listener. */
static void a_port_with_a_socket_is_not_steered(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT, .client_port = 41000 + 10 * rig->tc};
	const struct packet other = {.client = CLIENT, .client_port = 41001 + 10 * rig->tc};
	int pooler = listener_open(rig), server, client;

	(void)arg;
	server = listener_open_at(rig, &packet);
	client = listener_connect(rig, &packet);
	set_pooler(rig, 0);
	rig_expect(rig, &packet, REFUSED(PORT_REUSE));
	expect_pooled(rig, other.client_port, SW_REASON_BUDGET);
	close(client);
	close(server);
	close(pooler);
}

static void monitor_mode_marks_the_flow(struct rig *rig, const void *arg)
{
	const struct packet packet = {.client = CLIENT, .client_port = 1};
	int fd = listener_open(rig);

	(void)arg;
	set_pooler(rig, 0);
	rig->maps->control->mode = SW_MODE_MONITOR;
	rig_expect(rig, &packet, OUTCOME(VERDICT(PASSES, 0, POOLER, BUDGET)));
	assert_int_equal(rig_flow(rig, &packet).flags, SW_FLOW_SHADOW);
	rig_assert_slots(rig, 0, 0, 1);
	close(fd);
}

static const struct rig_test tests[] = {
	{"excess goes to the pooler", excess_goes_to_the_pooler, NULL, 0},
	{"a chain that begins with the pooler costs no slot", the_pooler_comes_first, NULL, 0},
	{"a pooler at its max_connections hands on", a_full_pooler_refuses, NULL, 0},
	{"a service without pooler hands on", a_service_without_pooler, NULL, 0},
	{"a pooler that is down hands on, until it is up", a_pooler_that_is_down, NULL, 0},
	{"a pooler of the other family hands on", a_pooler_of_the_other_family, NULL, 0},
	{"a chain with a queue goes on behind it", no_queue_yet, NULL, 0},
	{"caps on direct slots lead to the pooler", caps_lead_to_the_pooler, NULL, 0},
	{"the over-limit chain may lead to the pooler", over_the_limit_to_the_pooler, NULL, 0},
	{"connections_per_source leads to the over-limit chain",
	 connections_lead_to_the_other_chain, NULL, 0},
	{"direct may be a local listener, and has to be there", direct_is_a_local_listener, NULL,
	 0},
	{"a port that has a socket already is not steered", a_port_with_a_socket_is_not_steered,
	 NULL, 0},
	{"in monitor mode a pooled flow is a shadow and not steered", monitor_mode_marks_the_flow,
	 NULL, 0},
};

int main(void)
{
	return rig_main("lanes", tests, COUNT_OF(tests));
}
