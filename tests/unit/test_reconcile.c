/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy/reconcile: which differences between a flow and its socket are to be put right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/reconcile.h"

#define NOW (100 * SW_RECONCILE_YOUNG_NS)

static void a_connection_needs_a_flow_that_is_open(void **state)
{
	(void)state;
	assert_true(sw_reconcile_is_missed(false, SW_FLOW_NONE));
	assert_true(sw_reconcile_is_missed(false, SW_FLOW_HALF_OPEN));
	assert_true(sw_reconcile_is_missed(false, SW_FLOW_EXPIRED));
	assert_true(sw_reconcile_is_missed(false, SW_FLOW_WAITING));
	assert_false(sw_reconcile_is_missed(false, SW_FLOW_OPEN));
	/* Whoever moves it on from there is at it. */
	assert_false(sw_reconcile_is_missed(false, SW_FLOW_CLAIMED));
	assert_false(sw_reconcile_is_missed(false, SW_FLOW_DEAD));
}

static void a_handshake_needs_any_flow(void **state)
{
	(void)state;
	assert_true(sw_reconcile_is_missed(true, SW_FLOW_NONE));
	assert_false(sw_reconcile_is_missed(true, SW_FLOW_HALF_OPEN));
	assert_false(sw_reconcile_is_missed(true, SW_FLOW_EXPIRED));
	assert_false(sw_reconcile_is_missed(true, SW_FLOW_WAITING));
	assert_false(sw_reconcile_is_missed(true, SW_FLOW_OPEN));
}

static bool is_stale(enum sw_flow_state state, uint64_t syn_ns, uint64_t state_ns)
{
	const struct sw_flow flow = {.state = state, .syn_ns = syn_ns, .state_ns = state_ns};

	return sw_reconcile_is_stale(&flow, NOW);
}

static void only_open_flows_of_some_age_are_suspect(void **state)
{
	const uint64_t old = NOW - SW_RECONCILE_YOUNG_NS - 1, young = old + 1;

	(void)state;
	assert_true(is_stale(SW_FLOW_OPEN, old, old));
	assert_false(is_stale(SW_FLOW_OPEN, young, young));
	assert_false(is_stale(SW_FLOW_OPEN, old, young));
	assert_false(is_stale(SW_FLOW_OPEN, NOW + 1, NOW + 1)); /* another CPU's clock */
	assert_false(is_stale(SW_FLOW_HALF_OPEN, old, old));
	assert_false(is_stale(SW_FLOW_EXPIRED, old, old));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_needs_a_flow_that_is_open),
		cmocka_unit_test(a_handshake_needs_any_flow),
		cmocka_unit_test(only_open_flows_of_some_age_are_suspect),
	};

	return cmocka_run_group_tests_name("reconcile", tests, NULL, NULL);
}
