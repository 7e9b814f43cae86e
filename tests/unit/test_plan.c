/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy/plan: what the maps are to hold for a configuration, and which ids survive a change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>

#include <cmocka.h>

#include "policy/plan.h"

static struct sw_config *configured(const char *yaml)
{
	struct sw_config *config = NULL;
	struct sw_error err = {0};

	if (sw_config_load_string(yaml, "test", &config, &err) || sw_config_validate(config, &err))
		fail_msg("%s", err.text);
	return config;
}

static struct sw_plan *planned_after(const char *yaml, const struct sw_rules *rules,
				     const struct sw_plan *last, const struct sw_plan_busy *busy)
{
	SW_CONFIG_FREE struct sw_config *config = configured(yaml);
	struct sw_plan *plan = NULL;
	struct sw_error err = {0};

	if (sw_plan_make(config, rules, last, busy, &plan, &err))
		fail_msg("%s", err.text);
	return plan;
}

static struct sw_plan *planned(const char *yaml)
{
	return planned_after(yaml, NULL, NULL, NULL);
}

static const char *class_at(const struct sw_plan *plan, const char *service, const char *address)
{
	struct sw_addr addr;

	assert_int_equal(sw_addr_parse(address, &addr), 0);
	return sw_plan_class_of(plan, sw_plan_service_named(plan, service), &addr)->name;
}

#define MAIN "services:\n- name: main\n  listen: [':5432']\n"
#define CLASSES                                                                                    \
	MAIN "  budget: {direct: 10}\n  classes:\n"                                                \
	     "  - {name: wide, sources: ['10.0.0.0/8'], reserved: 2}\n"                            \
	     "  - {name: narrow, sources: ['10.1.0.0/16', 'fd00::/8'], reserved: 3}\n"

static void the_shared_slots_are_the_budget_less_all_reserves(void **state)
{
	struct sw_plan *plan = planned(CLASSES);

	(void)state;
	assert_int_equal(plan->services[0].conf.budget, 10);
	assert_int_equal(plan->services[0].conf.shared_limit, 5);
	sw_plan_free(plan);
}

static void unfinished_handshakes_may_hold_a_share_of_the_budget_rounded_up(void **state)
{
	struct sw_plan *plan = planned(CLASSES);
	struct sw_plan *tight = planned(MAIN "  budget: {direct: 1}\n");
	struct sw_plan *open =
		planned(MAIN "  budget: {direct: 10}\n"
			     "  half_open: {max_percent: 0, max_percent_per_source: 0}\n");

	(void)state;
	assert_int_equal(plan->services[0].conf.half_open_max, 8);
	assert_int_equal(plan->services[0].conf.half_open_per_source, 5);
	assert_int_equal(tight->services[0].conf.half_open_max, 1);
	assert_int_equal(tight->services[0].conf.half_open_per_source, 1);
	assert_int_equal(open->services[0].conf.half_open_max, 0);
	assert_int_equal(open->services[0].conf.half_open_per_source, 0);
	sw_plan_free(plan);
	sw_plan_free(tight);
	sw_plan_free(open);
}

static void the_longest_prefix_decides_the_class(void **state)
{
	struct sw_plan *plan = planned(CLASSES);

	(void)state;
	assert_string_equal(class_at(plan, "main", "10.2.0.1"), "wide");
	assert_string_equal(class_at(plan, "main", "10.1.0.1"), "narrow");
	assert_string_equal(class_at(plan, "main", "fd00::1"), "narrow");
	assert_string_equal(class_at(plan, "main", "192.0.2.1"), "default");
	assert_string_equal(class_at(plan, "main", "2001:db8::1"), "default");
	sw_plan_free(plan);
}

static void a_service_without_prefixes_needs_no_lookup(void **state)
{
	struct sw_plan *plain = planned(MAIN);
	struct sw_plan *classes = planned(CLASSES);

	(void)state;
	assert_int_equal(plain->services[0].conf.has_prefixes, 0);
	assert_int_equal(classes->services[0].conf.has_prefixes, 1);
	assert_string_equal(class_at(plain, "main", "10.1.0.1"), "default");
	sw_plan_free(plain);
	sw_plan_free(classes);
}

static void an_emission_interval_and_a_tolerance_say_rate_and_burst(void **state)
{
	struct sw_plan *plan =
		planned(MAIN "  classes:\n"
			     "  - {name: default, rate: 100/s, burst: 5}\n"
			     "  - {name: free, sources: ['10.0.0.0/8'], rate: unlimited}\n");
	const struct sw_plan_class *limited = sw_plan_class_named(plan, 0, "default");
	const struct sw_plan_class *free_of = sw_plan_class_named(plan, 0, "free");

	(void)state;
	assert_int_equal(limited->conf.interval_ns, 10000000);
	assert_int_equal(limited->conf.tolerance_ns, 40000000);
	assert_int_equal(free_of->conf.interval_ns, 0);
	sw_plan_free(plan);
}

static void a_chain_keeps_its_order_and_its_own_class(void **state)
{
	struct sw_plan *plan =
		planned(MAIN "  pooler: {address: '127.0.0.1:6432'}\n"
			     "  lanes: [direct, pooler, drop]\n"
			     "  over_limit: [pooler, reset]\n"
			     "  classes:\n"
			     "  - {name: own, sources: ['10.0.0.0/8'], lanes: [pooler, refuse]}\n");

	(void)state;
	assert_int_equal(sw_plan_class_named(plan, 0, "default")->conf.lanes,
			 SW_LANE_DIRECT | SW_LANE_POOLER << 8 | SW_LANE_DROP << 16);
	assert_int_equal(sw_plan_class_named(plan, 0, "own")->conf.lanes,
			 SW_LANE_POOLER | SW_LANE_REFUSE << 8);
	assert_int_equal(plan->services[0].conf.over_limit, SW_LANE_POOLER | SW_LANE_RESET << 8);
	sw_plan_free(plan);
}

static void a_loopback_pooler_is_looked_for_in_both_families(void **state)
{
	struct sw_plan *plan = planned(MAIN "  pooler: {address: '127.0.0.1:6432'}\n");
	const struct sw_target *target = &plan->services[0].conf.pooler;

	(void)state;
	assert_true(target->has_ipv4 && target->has_ipv6);
	assert_int_equal(target->port_be, htons(6432));
	assert_int_equal(target->ipv4_be, htonl(INADDR_LOOPBACK));
	assert_int_equal(target->ipv6.bytes[15], 1);
	sw_plan_free(plan);
}

static void a_cancel_may_be_for_another_listener_where_postgres_has_two(void **state)
{
	struct sw_plan *two = planned(MAIN "  pooler: {address: '127.0.0.1:6432'}\n");
	struct sw_plan *one = planned(MAIN);
	struct sw_plan *other = planned(MAIN "  protocol: mysql\n"
					     "  pooler: {address: '127.0.0.1:6432'}\n");

	(void)state;
	assert_true(two->services[0].conf.has_cancels);
	assert_false(one->services[0].conf.has_cancels);
	assert_false(other->services[0].conf.has_cancels);
	sw_plan_free(two);
	sw_plan_free(one);
	sw_plan_free(other);
}

static void a_pooler_elsewhere_serves_its_own_family_only(void **state)
{
	struct sw_plan *plan = planned(MAIN "  pooler: {address: '10.9.9.9:6432'}\n");
	const struct sw_target *target = &plan->services[0].conf.pooler;

	(void)state;
	assert_true(target->has_ipv4 && !target->has_ipv6);
	sw_plan_free(plan);
}

static void a_port_of_one_service_alone_needs_no_address(void **state)
{
	struct sw_plan *plan = planned("services:\n"
				       "- {name: one, listen: [':5432', '10.0.0.1:5433']}\n"
				       "- {name: two, listen: [':5433', '10.0.0.2:5434']}\n");

	(void)state;
	assert_int_equal(plan->ports->service[5432], sw_plan_service_named(plan, "one")->id + 1);
	assert_int_equal(plan->ports->service[5433], SW_PORT_BY_ADDRESS);
	assert_int_equal(plan->ports->service[5434], SW_PORT_BY_ADDRESS);
	assert_int_equal(plan->ports->service[5435], 0);
	sw_plan_free(plan);
}

static void names_keep_their_ids_when_others_come_and_go(void **state)
{
	struct sw_plan *before = planned("services:\n- {name: a, listen: [':1']}\n"
					 "- {name: b, listen: [':2']}\n");
	struct sw_plan *after = planned_after("services:\n- {name: c, listen: [':3']}\n"
					      "- {name: b, listen: [':2']}\n",
					      NULL, before, NULL);
	uint32_t b = sw_plan_service_named(before, "b")->id;

	(void)state;
	assert_int_equal(sw_plan_service_named(after, "b")->id, b);
	assert_int_equal(sw_plan_class_named(after, b, "default")->id,
			 sw_plan_class_named(before, b, "default")->id);
	assert_int_not_equal(sw_plan_service_named(after, "c")->id,
			     sw_plan_service_named(before, "a")->id);
	sw_plan_free(before);
	sw_plan_free(after);
}

static bool only_zero_is_busy(void *arg, uint32_t id)
{
	(void)arg;
	return id == 0;
}

static void an_id_under_which_something_counts_is_not_given_away(void **state)
{
	const struct sw_plan_busy busy = {.service = only_zero_is_busy, .class = only_zero_is_busy};
	struct sw_plan *plan = planned_after(MAIN, NULL, NULL, &busy);

	(void)state;
	assert_int_equal(plan->services[0].id, 1);
	for (size_t i = 0; i < plan->class_count; i++)
		assert_int_not_equal(plan->classes[i].id, 0);
	sw_plan_free(plan);
}

#define TWO   MAIN "- name: other\n  listen: [':5433']\n"
#define OTHER "services:\n- name: other\n  listen: [':5433']\n"

/* Of MAIN and CLASSES. */
static bool first_service_is_busy(void *arg, uint32_t id)
{
	(void)arg;
	return id == 0;
}

static bool first_classes_are_busy(void *arg, uint32_t id)
{
	(void)arg;
	return id < 5;
}

static bool everything_is_busy(void *arg, uint32_t id)
{
	(void)arg, (void)id;
	return true;
}

static bool nothing_is_busy(void *arg, uint32_t id)
{
	(void)arg, (void)id;
	return false;
}

static void whoever_comes_back_while_its_connections_count_gets_its_ids_again(void **state)
{
	const struct sw_plan_busy busy = {.service = first_service_is_busy,
					  .class = first_classes_are_busy};
	struct sw_plan *first = planned(CLASSES);
	struct sw_plan *less = planned_after(MAIN, NULL, first, &busy);
	struct sw_plan *gone = planned_after(OTHER, NULL, less, &busy);
	struct sw_plan *again = planned_after(CLASSES, NULL, gone, &busy);

	(void)state;
	assert_int_equal(gone->retired_service_count, 1);
	assert_int_equal(again->services[0].id, first->services[0].id);
	assert_int_equal(again->class_count, first->class_count);
	for (size_t i = 0; i < again->class_count; i++)
		assert_int_equal(again->classes[i].id, first->classes[i].id);
	assert_string_equal(again->retired_services[0].name, "other");
	sw_plan_free(first);
	sw_plan_free(less);
	sw_plan_free(gone);
	sw_plan_free(again);
}

static void whoever_was_removed_is_forgotten_when_its_connections_are_gone(void **state)
{
	const struct sw_plan_busy busy = {.service = nothing_is_busy, .class = nothing_is_busy};
	struct sw_plan *two = planned(TWO);
	struct sw_plan *one = planned_after(OTHER, NULL, two, &busy);
	struct sw_plan *same = planned_after(OTHER, NULL, one, &busy);

	(void)state;
	/* Until the plan is in the maps it may get some. */
	assert_int_equal(one->retired_service_count, 1);
	assert_int_equal(same->retired_service_count, 0);
	assert_int_equal(same->retired_class_count, 0);
	sw_plan_free(two);
	sw_plan_free(one);
	sw_plan_free(same);
}

/* Port 5432 is the service 0's. */
static bool serves_5432(void *arg, const struct sw_service_key *at, uint32_t *id)
{
	(void)arg;
	*id = 0;
	return at->port_be == htons(5432);
}

static void a_service_that_got_another_name_where_it_listens_is_the_same(void **state)
{
	const struct sw_plan_busy busy = {
		.service = everything_is_busy, .class = everything_is_busy, .serves = serves_5432};
	struct sw_plan *before = planned(MAIN);
	struct sw_plan *after =
		planned_after("services:\n- name: renamed\n  listen: [':5432']\n", NULL, before,
			      &(struct sw_plan_busy){.service = nothing_is_busy,
						     .class = nothing_is_busy,
						     .serves = serves_5432});
	SW_CONFIG_FREE struct sw_config *taken =
		configured("services:\n- name: new\n  listen: [':5432']\n"
			   "- name: main\n  listen: [':5433']\n");
	struct sw_plan *moved = NULL;
	struct sw_error err;

	(void)state;
	assert_int_equal(after->services[0].id, before->services[0].id);
	assert_int_equal(sw_plan_class_named(after, 0, "default")->id,
			 sw_plan_class_named(before, 0, "default")->id);
	assert_int_equal(after->retired_service_count, 0);
	/* One that has moved away has kept its name, and its connections with it. */
	assert_int_equal(sw_plan_make(taken, NULL, before, NULL, &moved, &err), 0);
	assert_int_equal(sw_plan_service_named(moved, "main")->id, before->services[0].id);
	assert_int_not_equal(sw_plan_service_named(moved, "new")->id, before->services[0].id);
	sw_plan_free(moved);
	assert_int_equal(sw_plan_make(taken, NULL, before, &busy, &moved, &err), -ENOSPC);
	sw_plan_free(before);
	sw_plan_free(after);
}

static void a_service_that_becomes_two_is_the_first_of_them(void **state)
{
	const struct sw_plan_busy busy = {
		.service = nothing_is_busy, .class = nothing_is_busy, .serves = serves_5432};
	struct sw_plan *before = planned(MAIN);
	struct sw_plan *after = planned_after("services:\n- {name: one, listen: [':5432']}\n"
					      "- {name: two, listen: ['127.0.0.1:5432']}\n",
					      NULL, before, &busy);

	(void)state;
	assert_int_equal(sw_plan_service_named(after, "one")->id, before->services[0].id);
	assert_int_not_equal(sw_plan_service_named(after, "two")->id, before->services[0].id);
	for (size_t i = 0; i < after->class_count; i++)
		for (size_t n = 0; n < i; n++)
			assert_int_not_equal(after->classes[i].id, after->classes[n].id);
	sw_plan_free(before);
	sw_plan_free(after);
}

static void rule(struct sw_rules *rules, const char *prefix, bool allow)
{
	struct sw_rule one = {.service = "main", .allow = allow};
	struct sw_error err;

	assert_int_equal(sw_prefix_parse(prefix, &one.prefix, &err), 0);
	assert_int_equal(sw_rules_set(rules, &one), 0);
}

static void a_rule_overrules_every_class_within_its_prefix(void **state)
{
	struct sw_rules rules = {0};
	struct sw_plan *plan;

	(void)state;
	rule(&rules, "10.0.0.0/8", false);
	rule(&rules, "10.1.2.0/24", true);
	plan = planned_after(CLASSES, &rules, NULL, NULL);
	assert_string_equal(class_at(plan, "main", "10.2.0.1"), "denied");
	assert_string_equal(class_at(plan, "main", "10.1.0.1"), "denied");
	assert_string_equal(class_at(plan, "main", "10.1.2.1"), "allowed");
	assert_string_equal(class_at(plan, "main", "fd00::1"), "narrow");
	assert_int_equal(sw_plan_class_named(plan, 0, "denied")->conf.action, SW_ACTION_DROP);
	assert_int_equal(sw_plan_class_named(plan, 0, "allowed")->conf.action, SW_ACTION_ALLOW);
	sw_plan_free(plan);
	sw_rules_clear(&rules);
}

static void a_rule_for_a_class_s_own_prefix_stands_there_once(void **state)
{
	struct sw_rules rules = {0};
	struct sw_plan *plan;

	(void)state;
	rule(&rules, "10.0.0.0/8", false);
	plan = planned_after(CLASSES, &rules, NULL, NULL);
	for (size_t i = 1; i < plan->prefix_count; i++)
		assert_true(sw_plan_compare_prefixes(&plan->prefixes[i - 1], &plan->prefixes[i]) <
			    0);
	sw_plan_free(plan);
	sw_rules_clear(&rules);
}

static void more_classes_than_there_are_ids_is_an_error_that_says_so(void **state)
{
	struct sw_config *config = configured(MAIN);
	struct sw_plan *plan = NULL;
	struct sw_error err = {0};

	(void)state;
	for (int i = 0; i < SW_CLASSES_MAX; i++) {
		struct sw_config_class *class;
		char name[16];

		snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(sw_config_add_class(&config->services[0], name, &class, &err), 0);
	}
	assert_int_equal(sw_plan_make(config, NULL, NULL, NULL, &plan, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "512 classes"));
	sw_config_free(config);
}

static void a_rule_expires_at_its_time_and_not_before(void **state)
{
	struct sw_rule one = {.service = "main", .prefix.len = 128, .expires_ns = 100};
	struct sw_rule two = {.service = "main", .prefix.len = 127, .expires_ns = 200};
	struct sw_rules rules = {0};
	uint64_t next = 0;

	(void)state;
	sw_rules_set(&rules, &one);
	sw_rules_set(&rules, &two);
	assert_false(sw_rules_expire(&rules, 99, &next));
	assert_int_equal(next, 100);
	assert_true(sw_rules_expire(&rules, 100, &next));
	assert_int_equal(next, 200);
	assert_int_equal(rules.count, 1);
	assert_true(sw_rules_expire(&rules, 300, &next));
	assert_int_equal(next, 0);
	assert_int_equal(rules.count, 0);
	sw_rules_clear(&rules);
}

static void a_rule_set_again_replaces_the_one_before(void **state)
{
	struct sw_rules rules = {0};

	(void)state;
	rule(&rules, "10.0.0.0/8", false);
	rule(&rules, "10.0.0.0/8", true);
	assert_int_equal(rules.count, 1);
	assert_true(rules.rules[0].allow);
	assert_true(sw_rules_forget(&rules, "main", &rules.rules[0].prefix));
	assert_int_equal(rules.count, 0);
	sw_rules_clear(&rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_shared_slots_are_the_budget_less_all_reserves),
		cmocka_unit_test(unfinished_handshakes_may_hold_a_share_of_the_budget_rounded_up),
		cmocka_unit_test(the_longest_prefix_decides_the_class),
		cmocka_unit_test(a_service_without_prefixes_needs_no_lookup),
		cmocka_unit_test(an_emission_interval_and_a_tolerance_say_rate_and_burst),
		cmocka_unit_test(a_chain_keeps_its_order_and_its_own_class),
		cmocka_unit_test(a_loopback_pooler_is_looked_for_in_both_families),
		cmocka_unit_test(a_cancel_may_be_for_another_listener_where_postgres_has_two),
		cmocka_unit_test(a_pooler_elsewhere_serves_its_own_family_only),
		cmocka_unit_test(a_port_of_one_service_alone_needs_no_address),
		cmocka_unit_test(names_keep_their_ids_when_others_come_and_go),
		cmocka_unit_test(an_id_under_which_something_counts_is_not_given_away),
		cmocka_unit_test(whoever_comes_back_while_its_connections_count_gets_its_ids_again),
		cmocka_unit_test(whoever_was_removed_is_forgotten_when_its_connections_are_gone),
		cmocka_unit_test(a_service_that_got_another_name_where_it_listens_is_the_same),
		cmocka_unit_test(a_service_that_becomes_two_is_the_first_of_them),
		cmocka_unit_test(a_rule_overrules_every_class_within_its_prefix),
		cmocka_unit_test(a_rule_for_a_class_s_own_prefix_stands_there_once),
		cmocka_unit_test(more_classes_than_there_are_ids_is_an_error_that_says_so),
		cmocka_unit_test(a_rule_expires_at_its_time_and_not_before),
		cmocka_unit_test(a_rule_set_again_replaces_the_one_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
