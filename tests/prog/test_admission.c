/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which service and class a SYN belongs to, and what their limits do to it.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <unistd.h>

#include "rig.h"

#define CLIENT(n)	  (0x010000 + (n))
#define IN_CLASS(id, why) OUTCOME(VERDICT(PASSES, id, DIRECT, why))
#define OVER(why)	  OUTCOME(VERDICT(DROPPED, 0, DROP, why))

static void set_budget(struct rig *rig, uint32_t budget, uint32_t reserved)
{
	rig->maps->service_conf[0].budget = budget;
	rig->maps->service_conf[0].shared_limit = budget - reserved;
}

/* --- services */

static void a_service_of_one_address(struct rig *rig, const void *arg)
{
	const struct packet there = {.server = 5, .server_port = 6000};
	const struct packet elsewhere = {.server = 6, .server_port = 6000};
	uint64_t before;

	(void)arg;
	rig->maps->service_conf[3] = rig->maps->service_conf[0];
	rig->maps->service_conf[3].default_class = 4;
	rig->maps->class_conf[4].lanes = CHAIN2(SW_LANE_DIRECT, SW_LANE_REFUSE);
	rig_add_service_address(rig, 3, &there);
	before = rig_fingerprint(rig);
	rig_expect(rig, &elsewhere, OUTCOME(.action = PASSES));
	assert_int_equal(rig_fingerprint(rig), before);
	rig_expect(rig, &there, IN_CLASS(4, FIRST));
	rig_assert_slots(rig, 3, 1, 0);
	rig_assert_slots(rig, 0, 0, 0);
}

static void an_exact_address_wins(struct rig *rig, const void *arg)
{
	const struct packet there = {.server = 5, .server_port = 5432};
	const struct sw_service_key any = {.port_be = htons(5432)};
	const uint32_t id = 0;

	(void)arg;
	rig->maps->service_conf[1] = rig->maps->service_conf[0];
	rig->maps->service_conf[1].default_class = 1;
	rig->maps->class_conf[1] = rig->maps->class_conf[0];
	rig_add_service_address(rig, 1, &there);
	assert_int_equal(bpf_map_update_elem(rig->maps->services_fd, &any, &id, BPF_ANY), 0);
	rig_expect(rig, &there, IN_CLASS(1, FIRST));
	rig_expect(rig, &(struct packet){.server = 6}, IN_CLASS(0, FIRST));
	rig_expect(rig, &(struct packet){.server = 4}, IN_CLASS(0, FIRST));
	rig_assert_slots(rig, 0, 2, 0);
	rig_assert_slots(rig, 1, 1, 0);
}

static void services_have_budgets_of_their_own(struct rig *rig, const void *arg)
{
	(void)arg;
	rig->maps->ports->service[5433] = 3;
	rig->maps->service_conf[2] = rig->maps->service_conf[0];
	rig->maps->service_conf[2].default_class = 2;
	rig->maps->class_conf[2] = rig->maps->class_conf[0];
	rig_expect_syn(rig, 1, 1, DIRECT_FIRST);
	rig_expect_syn(rig, 1, 2, DIRECT_FIRST);
	rig_expect_syn(rig, 1, 3, REFUSED(BUDGET));
	rig_expect(rig, &(struct packet){.client = 1, .client_port = 1, .server_port = 5433},
		   IN_CLASS(2, FIRST));
}

/* --- classes */

static void the_longest_prefix_wins(struct rig *rig, const void *arg)
{
	(void)arg;
	set_budget(rig, 100, 0);
	rig_add_prefix(rig, 0, 1, 0x010000, 16);
	rig_add_prefix(rig, 0, 2, 0x010200, 8);
	rig_add_prefix(rig, 0, 3, 0x010203, 0);
	rig_expect_syn(rig, 0x020000, 1, IN_CLASS(0, FIRST));
	rig_expect_syn(rig, 0x010000, 1, IN_CLASS(1, FIRST));
	rig_expect_syn(rig, 0x01ffff, 1, IN_CLASS(1, FIRST));
	rig_expect_syn(rig, 0x010200, 1, IN_CLASS(2, FIRST));
	rig_expect_syn(rig, 0x0102ff, 1, IN_CLASS(2, FIRST));
	rig_expect_syn(rig, 0x010203, 1, IN_CLASS(3, FIRST));
	rig_expect_syn(rig, 0x010202, 1, IN_CLASS(2, FIRST));
}

static void prefixes_of_another_service_do_not_count(struct rig *rig, const void *arg)
{
	(void)arg;
	rig_add_prefix(rig, 1, 1, CLIENT(0), 16);
	rig_add_prefix(rig, 0, 2, 0x020000, 16);
	rig_expect_syn(rig, CLIENT(0), 1, IN_CLASS(0, FIRST));
}

static void one_class_holds_both_families(struct rig *rig, const void *arg)
{
	const struct sw_class_key all = {.prefix_bits = 32};
	const uint32_t id = 5;

	(void)arg;
	rig_add_prefix(rig, 0, 5, 0x020000, 0);
	assert_int_equal(bpf_map_update_elem(rig->maps->classes_fd, &all, &id, BPF_ANY), 0);
	rig_expect_syn(rig, CLIENT(0), 1, IN_CLASS(5, FIRST));
}

static void ipv4_prefixes_end_where_ipv4_does(struct rig *rig, const void *arg)
{
	struct sw_class_key all = {.prefix_bits = 32 + 96};
	const uint32_t id = 5;

	(void)arg;
	all.address.words_be[2] = htonl(0xffff);
	rig_add_prefix(rig, 0, 5, 0x020000, 0);
	assert_int_equal(bpf_map_update_elem(rig->maps->classes_fd, &all, &id, BPF_ANY), 0);
	rig_expect_syn(rig, CLIENT(0), 1, rig->ipv6 ? IN_CLASS(0, FIRST) : IN_CLASS(5, FIRST));
}

/* What a class with one answer does, though every slot is free. */
struct fixed {
	uint8_t action;
	struct outcome outcome;
	uint32_t slots;
};

static void a_fixed_answer(struct rig *rig, const void *arg)
{
	const struct fixed *fixed = arg;

	rig_add_prefix(rig, 0, 1, CLIENT(0), 8);
	rig->maps->class_conf[1].action = fixed->action;
	rig_expect_syn(rig, CLIENT(7), 1, &fixed->outcome);
	rig_assert_slots(rig, 0, fixed->slots, 0);
	/* Who is turned away is to be seen among the sources; who is let in is asked for no rate. */
	assert_int_equal(rig_entries(rig->maps->source_rate_fd, sizeof(struct sw_source_key)),
			 fixed->action == SW_ACTION_ALLOW ? 0 : 1);
	rig_expect_syn(rig, 0x020000, 1, DIRECT_FIRST);
}

static void allow_knows_no_limit(struct rig *rig, const void *arg)
{
	(void)arg;
	rig_add_prefix(rig, 0, 1, CLIENT(0), 8);
	rig->maps->class_conf[1].action = SW_ACTION_ALLOW;
	rig->maps->class_conf[1].connections_per_source = 1;
	rig->maps->class_conf[1].max_direct = 1;
	rig_set_rate(rig, 1, 1, 1);
	for (int i = 1; i <= 5; i++) {
		struct outcome outcome = {VERDICT(PASSES, 1, DIRECT, ACTION)};

		if (i > 2)
			outcome.counters[0] =
				(typeof(outcome.counters[0])){0, SW_COUNTER_OVER_BUDGET, 1};
		rig_expect_syn(rig, CLIENT(1), i, &outcome);
	}
	rig_assert_slots(rig, 0, 5, 0);
	rig_expect_syn(rig, 0x020000, 1, REFUSED(BUDGET));
}

/* --- limits */

static void a_burst_and_no_more(struct rig *rig, const void *arg)
{
	(void)arg;
	set_budget(rig, 1000, 0);
	rig->maps->class_conf[0].interval_ns = 3600000000000;
	rig->maps->class_conf[0].tolerance_ns = 4 * 3600000000000;
	for (int i = 1; i <= 5; i++)
		rig_expect_syn(rig, CLIENT(1), i, DIRECT_FIRST);
	rig_expect_syn(rig, CLIENT(1), 6, OVER(RATE));
	rig_expect_syn(rig, CLIENT(1), 7, OVER(RATE));
	rig_expect_syn(rig, CLIENT(2), 1, DIRECT_FIRST);
	rig_assert_slots(rig, 0, 6, 0);
}

static void the_rate_comes_back(struct rig *rig, const void *arg)
{
	(void)arg;
	set_budget(rig, 1000, 0);
	rig_set_rate(rig, 0, 1000, 1);
	rig_expect_syn(rig, CLIENT(1), 1, DIRECT_FIRST);
	usleep(1100);
	rig_expect_syn(rig, CLIENT(1), 2, DIRECT_FIRST);
}

static void connections_per_source(struct rig *rig, const void *arg)
{
	(void)arg;
	set_budget(rig, 100, 0);
	rig->maps->class_conf[0].connections_per_source = 3;
	for (int i = 1; i <= 3; i++)
		rig_expect_syn(rig, CLIENT(1), i, DIRECT_FIRST);
	rig_expect_syn(rig, CLIENT(1), 4, OVER(SOURCE_LIVE));
	rig_expect_syn(rig, CLIENT(2), 4, DIRECT_FIRST);
	assert_int_equal(
		sw_source_live_count(rig_source(rig, 0, &(struct packet){.client = CLIENT(1)})), 3);
}

static void direct_per_source(struct rig *rig, const void *arg)
{
	(void)arg;
	set_budget(rig, 100, 0);
	rig->maps->class_conf[0].direct_per_source = 2;
	rig_expect_syn(rig, CLIENT(1), 1, DIRECT_FIRST);
	rig_expect_syn(rig, CLIENT(1), 2, DIRECT_FIRST);
	rig_expect_syn(rig, CLIENT(1), 3, REFUSED(SOURCE_DIRECT));
	rig_expect_syn(rig, CLIENT(2), 1, DIRECT_FIRST);
	rig_assert_slots(rig, 0, 3, 0);
}

static void max_direct(struct rig *rig, const void *arg)
{
	(void)arg;
	set_budget(rig, 100, 0);
	rig->maps->class_conf[0].max_direct = 2;
	rig_expect_syn(rig, CLIENT(1), 1, DIRECT_FIRST);
	rig_expect_syn(rig, CLIENT(2), 1, DIRECT_FIRST);
	rig_expect_syn(rig, CLIENT(3), 1, REFUSED(CLASS_DIRECT));
	rig_assert_slots(rig, 0, 2, 0);
}

static void reserved(struct rig *rig, const void *arg)
{
	(void)arg;
	set_budget(rig, 5, 2);
	rig_add_prefix(rig, 0, 1, CLIENT(0), 8);
	rig->maps->class_conf[1].reserved = 2;
	for (int i = 1; i <= 3; i++)
		rig_expect_syn(rig, 0x020000, i, DIRECT_FIRST);
	rig_expect_syn(rig, 0x020000, 4, REFUSED(BUDGET));
	rig_expect_syn(rig, CLIENT(1), 1, IN_CLASS(1, FIRST));
	rig_expect_syn(rig, CLIENT(2), 1, IN_CLASS(1, FIRST));
	rig_expect_syn(rig, CLIENT(3), 1, OUTCOME(VERDICT(ANSWERED, 1, REFUSE, BUDGET)));
	rig_assert_slots(rig, 0, 5, 0);
}

static void a_budget_of_zero(struct rig *rig, const void *arg)
{
	(void)arg;
	set_budget(rig, 0, 0);
	rig_expect_syn(rig, CLIENT(1), 1, REFUSED(BUDGET));
	rig_assert_slots(rig, 0, 0, 0);
	assert_false(rig_has_flow(rig, &(struct packet){.client = CLIENT(1), .client_port = 1}));
}

static void a_source_is_a_prefix(struct rig *rig, const void *arg)
{
	(void)arg;
	set_budget(rig, 100, 0);
	rig->maps->service_conf[0].ipv4_bits = 24;
	rig->maps->service_conf[0].ipv6_bits = 120;
	rig->maps->class_conf[0].connections_per_source = 2;
	rig_expect_syn(rig, 0x010100, 1, DIRECT_FIRST);
	rig_expect_syn(rig, 0x0101ff, 1, DIRECT_FIRST);
	rig_expect_syn(rig, 0x010142, 1, OVER(SOURCE_LIVE));
	rig_expect_syn(rig, 0x010200, 1, DIRECT_FIRST);
}

static void a_source_of_64_bits_is_a_network(struct rig *rig, const void *arg)
{
	(void)arg;
	set_budget(rig, 100, 0);
	rig->maps->service_conf[0].ipv6_bits = 64;
	rig->maps->class_conf[0].connections_per_source = 1;
	rig_expect_syn(rig, 1, 1, DIRECT_FIRST);
	rig_expect_syn(rig, 0xffffff, 1, OVER(SOURCE_LIVE));
}

static void a_changed_budget_holds_at_once(struct rig *rig, const void *arg)
{
	(void)arg;
	rig_expect_syn(rig, CLIENT(1), 1, DIRECT_FIRST);
	set_budget(rig, 1, 0);
	rig_expect_syn(rig, CLIENT(2), 1, REFUSED(BUDGET));
	set_budget(rig, 2, 0);
	rig_expect_syn(rig, CLIENT(3), 1, DIRECT_FIRST);
}

static const struct fixed fixed[] = {
	{SW_ACTION_DROP, {VERDICT(DROPPED, 1, DROP, ACTION)}, 0},
	{SW_ACTION_RESET, {VERDICT(ANSWERED, 1, RESET, ACTION)}, 0},
	{SW_ACTION_REFUSE, {VERDICT(ANSWERED, 1, REFUSE, ACTION)}, 0},
	{SW_ACTION_ALLOW, {VERDICT(PASSES, 1, DIRECT, ACTION)}, 1},
};

static const struct rig_test tests[] = {
	{"a service of one address guards no other address", a_service_of_one_address, NULL, 0},
	{"the exact address wins over any address", an_exact_address_wins, NULL, 0},
	{"services have budgets of their own", services_have_budgets_of_their_own, NULL, 0},
	{"the longest prefix makes the class", the_longest_prefix_wins, NULL, 0},
	{"prefixes of another service do not count", prefixes_of_another_service_do_not_count, NULL,
	 0},
	{"::/0 holds IPv4 and IPv6", one_class_holds_both_families, NULL, 0},
	{"0.0.0.0/0 holds IPv4 only", ipv4_prefixes_end_where_ipv4_does, NULL, 0},
	{"a class that drops drops with free slots", a_fixed_answer, &fixed[0], 0},
	{"a class that resets resets with free slots", a_fixed_answer, &fixed[1], 0},
	{"a class that refuses refuses with free slots", a_fixed_answer, &fixed[2], 0},
	{"a class that allows is counted as direct", a_fixed_answer, &fixed[3], 0},
	{"a class that allows knows no limit, and the others feel it", allow_knows_no_limit, NULL,
	 0},
	{"a source has its burst and no more, its neighbour too", a_burst_and_no_more, NULL, 0},
	{"a source that waits has its rate again", the_rate_comes_back, NULL, 0},
	{"connections_per_source holds for one source", connections_per_source, NULL, 0},
	{"direct_per_source holds for one source", direct_per_source, NULL, 0},
	{"max_direct holds for the class", max_direct, NULL, 0},
	{"reserved slots are their class's own", reserved, NULL, 0},
	{"a budget of 0 lets nobody go direct", a_budget_of_zero, NULL, 0},
	{"the source's prefix is what is limited", a_source_is_a_prefix, NULL, 0},
	{"an IPv6 source of 64 bits is a whole network", a_source_of_64_bits_is_a_network, NULL, 6},
	{"a changed budget holds for the next SYN", a_changed_budget_holds_at_once, NULL, 0},
};

int main(void)
{
	return rig_main("admission", tests, COUNT_OF(tests));
}
