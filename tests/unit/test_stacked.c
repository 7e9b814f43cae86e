/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which devices all that comes in has passed a gate below.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kern/stacked.c"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum {
	LO = 1,
	ETH0,
	ETH1,
	ETH0_10, /* on top of eth0 */
	BOND0,	 /* eth2, eth3 */
	ETH2,
	ETH3,
	BOND0_20,
	BR0, /* bond0.20 */
	BR1, /* eth0.10, tap0 */
	TAP0,
	EMPTY,	 /* a bridge without ports */
	MACVLAN, /* on top of eth1 */
	AWAY,	 /* a VLAN on a device in another network namespace */
	LOOP_A,
	LOOP_B,
};

static struct sw_stacked_link links[] = {
	{.ifindex = LO},
	{.ifindex = ETH0},
	{.ifindex = ETH1},
	{.ifindex = ETH0_10, .lower = ETH0, .master = BR1, .is_vlan = true},
	{.ifindex = BOND0},
	{.ifindex = ETH2, .master = BOND0},
	{.ifindex = ETH3, .master = BOND0},
	{.ifindex = BOND0_20, .lower = BOND0, .master = BR0},
	{.ifindex = BR0},
	{.ifindex = BR1},
	{.ifindex = TAP0, .master = BR1},
	{.ifindex = EMPTY},
	{.ifindex = MACVLAN, .lower = ETH1},
	{.ifindex = AWAY, .is_vlan = true},
	{.ifindex = LOOP_A, .lower = LOOP_B},
	{.ifindex = LOOP_B, .lower = LOOP_A},
};

static const struct sw_stacked stacked = {.list = links, .count = COUNT_OF(links)};

#define IS_OVER(ifindex, ...)                                                                      \
	sw_stacked_is_over(&stacked, ifindex, (const int[]){__VA_ARGS__},                          \
			   COUNT_OF(((const int[]){__VA_ARGS__})))

static void a_guarded_one_and_what_is_on_top_of_it(void **state)
{
	(void)state;
	assert_true(IS_OVER(ETH0, ETH0));
	assert_true(IS_OVER(ETH0_10, ETH0));
	assert_true(IS_OVER(ETH0_10, ETH0_10));
	assert_false(IS_OVER(ETH0, ETH0_10));
	assert_false(IS_OVER(ETH1, ETH0));
	assert_false(IS_OVER(LO, ETH0, ETH1));
}

static void a_bond_of_guarded_ones_and_what_is_on_top_of_it(void **state)
{
	(void)state;
	assert_true(IS_OVER(BOND0, ETH2, ETH3));
	assert_true(IS_OVER(BOND0_20, ETH2, ETH3));
	assert_true(IS_OVER(BR0, ETH2, ETH3));
	assert_true(IS_OVER(BR0, BOND0));
	assert_false(IS_OVER(BR0, ETH2));
}

static void a_bridge_with_a_port_that_is_not_guarded(void **state)
{
	(void)state;
	assert_false(IS_OVER(BR1, ETH0));
	assert_true(IS_OVER(BR1, ETH0, TAP0));
	assert_false(IS_OVER(EMPTY, ETH0));
}

static void devices_that_are_below_each_other(void **state)
{
	(void)state;
	assert_false(IS_OVER(LOOP_A, ETH0));
	assert_false(IS_OVER(99, ETH0));
}

static void who_has_vlans_on_top_of_it(void **state)
{
	(void)state;
	assert_true(sw_stacked_has_vlan(&stacked, ETH0));
	assert_false(sw_stacked_has_vlan(&stacked, ETH1));
	assert_false(sw_stacked_has_vlan(&stacked, BR1));
	assert_false(sw_stacked_has_vlan(&stacked, 0));
}

/* One interface as the kernel tells of it; 0, NULL: it does not say. */
struct said {
	uint32_t link, netns, master;
	const char *kind;
};

static struct sw_stacked_link heard(const struct said *said)
{
	char buffer[512] __attribute__((aligned(8)));
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *message = mnl_nlmsg_put_extra_header(header, sizeof(*message));
	struct sw_stacked list = {0};
	struct sw_stacked_link link;
	struct nlattr *nest;

	message->ifi_index = ETH0_10;
	if (said->link)
		mnl_attr_put_u32(header, IFLA_LINK, said->link);
	if (said->netns)
		mnl_attr_put_u32(header, IFLA_LINK_NETNSID, said->netns);
	if (said->master)
		mnl_attr_put_u32(header, IFLA_MASTER, said->master);
	nest = mnl_attr_nest_start(header, IFLA_LINKINFO);
	if (said->kind)
		mnl_attr_put_strz(header, IFLA_INFO_KIND, said->kind);
	mnl_attr_nest_end(header, nest);
	assert_int_equal(take(header, &list), MNL_CB_OK);
	assert_int_equal(list.count, 1);
	link = list.list[0];
	sw_stacked_free(&list);
	assert_int_equal(link.ifindex, ETH0_10);
	return link;
}

static void a_vlan_is_on_top_of_its_link_and_a_veth_or_a_tunnel_of_none(void **state)
{
	(void)state;
	assert_int_equal(heard(&(struct said){.link = ETH0, .kind = "vlan"}).lower, ETH0);
	assert_true(heard(&(struct said){.link = ETH0, .kind = "vlan"}).is_vlan);
	assert_int_equal(heard(&(struct said){.link = ETH0, .kind = "macvlan"}).lower, ETH0);
	assert_false(heard(&(struct said){.link = ETH0, .kind = "macvlan"}).is_vlan);
	assert_int_equal(heard(&(struct said){.link = ETH0, .kind = "veth"}).lower, 0);
	assert_int_equal(heard(&(struct said){.link = ETH0, .kind = "vxlan"}).lower, 0);
	assert_int_equal(heard(&(struct said){.link = ETH0}).lower, 0);
	assert_int_equal(heard(&(struct said){.link = ETH0, .netns = 1, .kind = "vlan"}).lower, 0);
	assert_int_equal(heard(&(struct said){.master = BR0, .kind = "veth"}).master, BR0);
}

static void all_interfaces_are_read(void **state)
{
	struct sw_stacked list = {0};

	(void)state;
	assert_int_equal(sw_stacked_read(&list), 0);
	/* There is a loopback everywhere, and below it is nothing. */
	assert_non_null(find(&list, LO));
	assert_false(sw_stacked_is_over(&list, LO, (const int[]){ETH0}, 1));
	sw_stacked_free(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guarded_one_and_what_is_on_top_of_it),
		cmocka_unit_test(a_bond_of_guarded_ones_and_what_is_on_top_of_it),
		cmocka_unit_test(a_bridge_with_a_port_that_is_not_guarded),
		cmocka_unit_test(devices_that_are_below_each_other),
		cmocka_unit_test(who_has_vlans_on_top_of_it),
		cmocka_unit_test(a_vlan_is_on_top_of_its_link_and_a_veth_or_a_tunnel_of_none),
		cmocka_unit_test(all_interfaces_are_read),
	};

	return cmocka_run_group_tests_name("stacked", tests, NULL, NULL);
}
