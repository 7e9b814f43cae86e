/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Explanations: the verdict, its reason, and the steps in their order, for one fact changed at a time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/addr.h"
#include "spillway/address.h"

#include "policy/explain.c"

#define SECOND UINT64_C(1000000000)
#define NOW    (1000 * SECOND)

#define CHAIN2(a, b)	((uint64_t)(a) | (uint64_t)(b) << 8)
#define CHAIN3(a, b, c) (CHAIN2(a, b) | (uint64_t)(c) << 16)

/* Budget 10, nothing used; direct, pooler, refuse; a pooler that listens; 10/s with a burst of 5. */
static struct sw_explain_facts usual(void)
{
	struct sw_explain_facts facts = {
		.service_conf = {.over_limit = SW_LANE_REFUSE,
				 .budget = 10,
				 .shared_limit = 10,
				 .pooler_max = 20,
				 .pooler = {.port_be = 1, .has_ipv4 = 1}},
		.class_conf = {.lanes = CHAIN3(SW_LANE_DIRECT, SW_LANE_POOLER, SW_LANE_REFUSE),
			       .interval_ns = SECOND / 10,
			       .tolerance_ns = 4 * SECOND / 10},
		.control = {.heartbeat_ns = NOW - SECOND / 2, .heartbeat_timeout_ns = 2 * SECOND},
		.source = {.service = 3, .address = {.longs = {1, 2}}},
		.now_ns = NOW,
		.pooler_listens = true,
	};

	facts.source_word = sw_source_empty(&facts.source);
	return facts;
}

static struct sw_explanation explain(const struct sw_explain_facts *facts)
{
	struct sw_explain_facts before = *facts;
	struct sw_explanation out;

	sw_explain(facts, &out);
	assert_memory_equal(&before, facts, sizeof(before));
	return out;
}

static void expect_verdict(const struct sw_explain_facts *facts, uint8_t lane, uint8_t reason)
{
	struct sw_explanation out = explain(facts);

	assert_int_equal(out.verdict.lane, lane);
	assert_int_equal(out.verdict.reason, reason);
}

/* "class action+ rate- …": the names of the steps and whether they passed. */
static void expect_steps(const struct sw_explain_facts *facts, const char *expected)
{
	struct sw_explanation out = explain(facts);
	char text[1024] = "";

	for (size_t i = 0; i < out.step_count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s%s", i ? ", " : "",
			 sw_explain_check_name(out.steps[i].check),
			 out.steps[i].passed ? " ok" : " no");
	assert_string_equal(text, expected);
}

static struct sw_explain_step step_of(const struct sw_explain_facts *facts, unsigned int check)
{
	struct sw_explanation out = explain(facts);

	for (size_t i = 0; i < out.step_count; i++) {
		if (out.steps[i].check == check)
			return out.steps[i];
	}
	fail_msg("there is no step '%s'", sw_explain_check_name(check));
	return (struct sw_explain_step){0};
}

static void expect_step(const struct sw_explain_facts *facts, unsigned int check, uint64_t value,
			uint64_t limit, bool passed)
{
	struct sw_explain_step step = step_of(facts, check);

	assert_int_equal(step.value, value);
	assert_int_equal(step.limit, limit);
	assert_int_equal(step.passed, passed);
}

static void a_source_within_all_limits_goes_direct_by_every_check(void **state)
{
	struct sw_explain_facts facts = usual();

	(void)state;
	facts.class_conf.connections_per_source = 4;
	facts.class_conf.direct_per_source = 2;
	facts.class_conf.max_direct = 7;
	facts.class_conf.reserved = 3;
	facts.service_conf.shared_limit = 7;
	expect_verdict(&facts, SW_LANE_DIRECT, SW_REASON_FIRST);
	expect_steps(&facts,
		     "class action ok, daemon heartbeat ok, rate ok, connections_per_source ok, "
		     "max_direct ok, reserved slots ok, budget ok, direct_per_source ok");
}

static void a_full_budget_leads_to_the_pooler(void **state)
{
	struct sw_explain_facts facts = usual();

	(void)state;
	facts.service.direct = sw_slots_word(10, 10);
	facts.service.pooler = 6;
	expect_verdict(&facts, SW_LANE_POOLER, SW_REASON_BUDGET);
	expect_step(&facts, SW_CHECK_BUDGET, 10, 10, false);
	expect_step(&facts, SW_CHECK_LISTENER, 1, SW_LANE_POOLER, true);
	expect_step(&facts, SW_CHECK_POOLER, 6, 20, true);
	expect_steps(&facts, "class action ok, daemon heartbeat ok, rate ok, max_direct ok, "
			     "budget no, listener ok, pooler max_connections ok");
}

static void a_reserve_is_there_for_its_class_when_the_rest_is_taken(void **state)
{
	struct sw_explain_facts facts = usual();

	(void)state;
	facts.service_conf.shared_limit = 7;
	facts.service.direct = sw_slots_word(7, 7);
	expect_verdict(&facts, SW_LANE_POOLER, SW_REASON_BUDGET);
	facts.class_conf.reserved = 3;
	expect_verdict(&facts, SW_LANE_DIRECT, SW_REASON_FIRST);
	expect_step(&facts, SW_CHECK_RESERVE, 0, 3, true);
}

static void a_pooler_that_is_down_full_or_absent_is_the_reason_of_the_refusal(void **state)
{
	struct sw_explain_facts facts = usual();

	(void)state;
	facts.service.direct = sw_slots_word(10, 10);
	facts.pooler_listens = false;
	expect_verdict(&facts, SW_LANE_REFUSE, SW_REASON_POOLER_DOWN);
	expect_step(&facts, SW_CHECK_LISTENER, 0, SW_LANE_POOLER, false);
	facts.service_conf.pooler.port_be = 0;
	expect_verdict(&facts, SW_LANE_REFUSE, SW_REASON_NO_POOLER);
	facts = usual();
	facts.service.direct = sw_slots_word(10, 10);
	facts.service.pooler = 20;
	expect_verdict(&facts, SW_LANE_REFUSE, SW_REASON_POOLER_FULL);
	expect_step(&facts, SW_CHECK_POOLER, 20, 20, false);
}

static void a_direct_target_has_to_listen_and_the_packets_own_destination_has_not(void **state)
{
	struct sw_explain_facts facts = usual();

	(void)state;
	expect_verdict(&facts, SW_LANE_DIRECT, SW_REASON_FIRST);
	facts.service_conf.direct.port_be = 1;
	expect_verdict(&facts, SW_LANE_POOLER, SW_REASON_NO_LISTENER);
	facts.direct_listens = true;
	expect_verdict(&facts, SW_LANE_DIRECT, SW_REASON_FIRST);
	expect_step(&facts, SW_CHECK_LISTENER, 1, SW_LANE_DIRECT, true);
}

static void a_target_that_takes_no_flows_is_left_alone_for_a_while(void **state)
{
	struct sw_explain_facts facts = usual();

	(void)state;
	facts.service.direct = sw_slots_word(10, 10);
	facts.service.unsteerable_until_ns[1] = NOW + 1;
	expect_verdict(&facts, SW_LANE_REFUSE, SW_REASON_UNSTEERABLE);
	expect_step(&facts, SW_CHECK_LISTENER, 1, SW_LANE_POOLER, false);
	facts.service.unsteerable_until_ns[1] = NOW;
	expect_verdict(&facts, SW_LANE_POOLER, SW_REASON_BUDGET);
	facts = usual();
	facts.service.unsteerable_until_ns[0] = NOW + 1;
	expect_verdict(&facts, SW_LANE_DIRECT, SW_REASON_FIRST);
	facts.service_conf.direct.port_be = 1;
	facts.direct_listens = true;
	expect_verdict(&facts, SW_LANE_POOLER, SW_REASON_UNSTEERABLE);
}

static void a_burst_is_used_up_exactly_when_the_next_connection_is_over_the_rate(void **state)
{
	struct sw_explain_facts facts = usual();
	uint64_t theoretical_ns = 0;

	(void)state;
	for (uint64_t taken = 0; taken < 5; taken++) {
		facts.theoretical_ns = theoretical_ns;
		expect_verdict(&facts, SW_LANE_DIRECT, SW_REASON_FIRST);
		expect_step(&facts, SW_CHECK_RATE, taken, 5, true);
		theoretical_ns = sw_gcra_next(theoretical_ns, NOW, facts.class_conf.interval_ns,
					      facts.class_conf.tolerance_ns);
	}
	facts.theoretical_ns = theoretical_ns;
	expect_verdict(&facts, SW_LANE_REFUSE, SW_REASON_RATE);
	facts.theoretical_ns = NOW + facts.class_conf.tolerance_ns;
	expect_step(&facts, SW_CHECK_RATE, 4, 5, true);
	facts.theoretical_ns++;
	expect_step(&facts, SW_CHECK_RATE, 5, 5, false);
	facts.theoretical_ns = theoretical_ns;
	expect_step(&facts, SW_CHECK_RATE, 5, 5, false);
	facts.now_ns += facts.class_conf.interval_ns;
	expect_verdict(&facts, SW_LANE_DIRECT, SW_REASON_FIRST);
}

static void a_class_without_a_rate_is_never_over_it(void **state)
{
	struct sw_explain_facts facts = usual();

	(void)state;
	facts.class_conf.interval_ns = 0;
	facts.theoretical_ns = NOW + 1000 * SECOND;
	expect_verdict(&facts, SW_LANE_DIRECT, SW_REASON_FIRST);
	expect_step(&facts, SW_CHECK_RATE, 0, 0, true);
}

static void a_source_over_its_connections_follows_the_over_limit_chain(void **state)
{
	struct sw_explain_facts facts = usual();

	(void)state;
	facts.class_conf.connections_per_source = 2;
	facts.source_word += 2 * SW_SOURCE_LIVE + SW_SOURCE_DIRECT;
	expect_verdict(&facts, SW_LANE_REFUSE, SW_REASON_SOURCE_LIVE);
	expect_step(&facts, SW_CHECK_SOURCE_LIVE, 2, 2, false);
	facts.service_conf.over_limit = CHAIN2(SW_LANE_POOLER, SW_LANE_DROP);
	expect_verdict(&facts, SW_LANE_POOLER, SW_REASON_SOURCE_LIVE);
}

static void a_source_with_all_its_direct_slots_goes_to_the_pooler(void **state)
{
	struct sw_explain_facts facts = usual();

	(void)state;
	facts.class_conf.direct_per_source = 2;
	facts.source_word += 2 * (SW_SOURCE_LIVE + SW_SOURCE_DIRECT);
	expect_verdict(&facts, SW_LANE_POOLER, SW_REASON_SOURCE_DIRECT);
	expect_step(&facts, SW_CHECK_SOURCE_DIRECT, 2, 2, false);
}

static void a_source_with_all_its_incomplete_handshakes_goes_to_the_pooler(void **state)
{
	struct sw_explain_facts facts = usual();

	(void)state;
	facts.service_conf.half_open_per_source = 2;
	facts.service_conf.half_open_max = 9;
	facts.service.half_open = 3;
	facts.source_half_open = 1;
	expect_verdict(&facts, SW_LANE_DIRECT, SW_REASON_FIRST);
	expect_step(&facts, SW_CHECK_SOURCE_HALF_OPEN, 1, 2, true);
	expect_step(&facts, SW_CHECK_HALF_OPEN, 3, 9, true);
	facts.source_half_open = 2;
	expect_verdict(&facts, SW_LANE_POOLER, SW_REASON_SOURCE_HALF_OPEN);
	expect_step(&facts, SW_CHECK_SOURCE_HALF_OPEN, 2, 2, false);
}

static void a_service_with_all_its_incomplete_handshakes_spares_a_source_that_has_none(void **state)
{
	struct sw_explain_facts facts = usual();

	(void)state;
	facts.service_conf.half_open_max = 3;
	facts.service.half_open = 3;
	facts.source_half_open = 1;
	expect_verdict(&facts, SW_LANE_POOLER, SW_REASON_HALF_OPEN);
	expect_step(&facts, SW_CHECK_HALF_OPEN, 3, 3, false);
	facts.source_half_open = 0;
	expect_verdict(&facts, SW_LANE_DIRECT, SW_REASON_FIRST);
	expect_step(&facts, SW_CHECK_HALF_OPEN, 3, 3, true);
	facts.service.half_open = 6;
	expect_verdict(&facts, SW_LANE_POOLER, SW_REASON_HALF_OPEN);
	facts.source_is_proven = true;
	expect_verdict(&facts, SW_LANE_DIRECT, SW_REASON_FIRST);
	expect_step(&facts, SW_CHECK_HALF_OPEN, 6, 3, true);
	expect_steps(&facts, "class action ok, daemon heartbeat ok, rate ok, max_direct ok, "
			     "budget ok, half_open ok");
}

static void an_entry_on_its_way_out_counts_as_none(void **state)
{
	struct sw_explain_facts facts = usual();

	(void)state;
	facts.class_conf.connections_per_source = 2;
	facts.source_word |= SW_SOURCE_GONE;
	expect_verdict(&facts, SW_LANE_DIRECT, SW_REASON_FIRST);
	expect_step(&facts, SW_CHECK_SOURCE_LIVE, 0, 2, true);
}

static void a_fixed_answer_needs_no_other_check(void **state)
{
	static const struct {
		uint8_t action, lane;
		const char *steps;
	} rows[] = {
		{SW_ACTION_ALLOW, SW_LANE_DIRECT, "class action ok"},
		{SW_ACTION_REFUSE, SW_LANE_REFUSE, "class action no"},
		{SW_ACTION_RESET, SW_LANE_RESET, "class action no"},
		{SW_ACTION_DROP, SW_LANE_DROP, "class action no"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sw_explain_facts facts = usual();

		facts.class_conf.action = rows[i].action;
		facts.service.direct = sw_slots_word(10, 10);
		expect_verdict(&facts, rows[i].lane, SW_REASON_ACTION);
		expect_steps(&facts, rows[i].steps);
	}
}

static void a_stale_heartbeat_acts_as_on_daemon_loss_says(void **state)
{
	struct sw_explain_facts facts = usual();

	(void)state;
	facts.control.heartbeat_ns = NOW - 2 * SECOND;
	facts.theoretical_ns = NOW + 1000 * SECOND;
	expect_step(&facts, SW_CHECK_DAEMON, 2 * SECOND, 2 * SECOND, false);
	expect_verdict(&facts, SW_LANE_REFUSE, SW_REASON_RATE);
	facts.control.on_loss = SW_ON_LOSS_OPEN;
	expect_verdict(&facts, SW_LANE_DIRECT, SW_REASON_DAEMON_LOST);
	facts.control.on_loss = SW_ON_LOSS_CLOSED;
	expect_verdict(&facts, SW_LANE_REFUSE, SW_REASON_DAEMON_LOST);
	expect_steps(&facts, "class action ok, daemon heartbeat no");
	facts.control.heartbeat_ns++;
	expect_verdict(&facts, SW_LANE_REFUSE, SW_REASON_RATE);
	facts.control.heartbeat_ns = NOW + 1; /* written after the clock was read */
	expect_verdict(&facts, SW_LANE_REFUSE, SW_REASON_RATE);
}

static void tables_without_room_are_the_reason(void **state)
{
	struct sw_explain_facts facts = usual();

	(void)state;
	facts.flows_full = true;
	expect_verdict(&facts, SW_LANE_REFUSE, SW_REASON_FLOWS_FULL);
	facts.flows_full = false;
	facts.sources_full = true;
	expect_verdict(&facts, SW_LANE_REFUSE, SW_REASON_SOURCES_FULL);
	facts.source_word += SW_SOURCE_LIVE; /* it has its entry */
	expect_verdict(&facts, SW_LANE_DIRECT, SW_REASON_FIRST);
	/* Who waits needs one only where there is a limit that it is for. */
	facts.source_word -= SW_SOURCE_LIVE;
	facts.class_conf.lanes = CHAIN2(SW_LANE_QUEUE, SW_LANE_REFUSE);
	expect_verdict(&facts, SW_LANE_QUEUE, SW_REASON_FIRST);
	facts.service_conf.queue_per_source = 1;
	expect_verdict(&facts, SW_LANE_REFUSE, SW_REASON_SOURCES_FULL);
}

static void the_longest_chain_loses_no_step(void **state)
{
	struct sw_explain_facts facts = usual();
	struct sw_explanation out;

	(void)state;
	facts.service_conf.direct.port_be = 1;
	facts.direct_listens = true;
	facts.class_conf.connections_per_source = 1;
	facts.class_conf.direct_per_source = 1;
	facts.class_conf.reserved = 1;
	facts.source_word += SW_SOURCE_DIRECT;
	facts.class_conf.lanes = UINT64_C(0x0101010101010101) * SW_LANE_DIRECT;
	out = explain(&facts);
	assert_int_equal(out.step_count, 4 + SW_CHAIN_MAX * 5);
	assert_int_equal(out.verdict.reason, SW_REASON_SOURCE_DIRECT);
}

/* The kernel's cut of an address and the configuration's prefix are one. */
static void an_address_is_cut_like_a_prefix(void **state)
{
	static const char *const texts[] = {"255.255.255.255",
					    "10.1.2.3",
					    "::1",
					    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
					    "fd00:1:2:3:4:5:6:7",
					    "::ffff:0:10.1.2.3"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct sw_addr addr, masked;
		unsigned int most;
		bool ipv4;

		assert_int_equal(sw_addr_parse(texts[i], &addr), 0);
		ipv4 = sw_addr_is_ipv4(&addr);
		most = ipv4 ? 32 : 128;
		for (unsigned int bits = 0; bits <= most; bits++) {
			struct sw_in6 cut;

			memcpy(&cut, &addr, sizeof(cut));
			assert_int_equal(sw_address_is_ipv4(&cut), ipv4);
			sw_address_cut(&cut, bits);
			masked = sw_addr_mask(&addr, ipv4 ? bits + SW_IPV4_BITS_BEFORE : bits);
			assert_memory_equal(&cut, &masked, sizeof(cut));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_within_all_limits_goes_direct_by_every_check),
		cmocka_unit_test(a_full_budget_leads_to_the_pooler),
		cmocka_unit_test(a_reserve_is_there_for_its_class_when_the_rest_is_taken),
		cmocka_unit_test(a_pooler_that_is_down_full_or_absent_is_the_reason_of_the_refusal),
		cmocka_unit_test(
			a_direct_target_has_to_listen_and_the_packets_own_destination_has_not),
		cmocka_unit_test(a_target_that_takes_no_flows_is_left_alone_for_a_while),
		cmocka_unit_test(
			a_burst_is_used_up_exactly_when_the_next_connection_is_over_the_rate),
		cmocka_unit_test(a_class_without_a_rate_is_never_over_it),
		cmocka_unit_test(a_source_over_its_connections_follows_the_over_limit_chain),
		cmocka_unit_test(a_source_with_all_its_direct_slots_goes_to_the_pooler),
		cmocka_unit_test(a_source_with_all_its_incomplete_handshakes_goes_to_the_pooler),
		cmocka_unit_test(
			a_service_with_all_its_incomplete_handshakes_spares_a_source_that_has_none),
		cmocka_unit_test(an_entry_on_its_way_out_counts_as_none),
		cmocka_unit_test(a_fixed_answer_needs_no_other_check),
		cmocka_unit_test(a_stale_heartbeat_acts_as_on_daemon_loss_says),
		cmocka_unit_test(tables_without_room_are_the_reason),
		cmocka_unit_test(the_longest_chain_loses_no_step),
		cmocka_unit_test(an_address_is_cut_like_a_prefix),
	};

	return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
