/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two programs that follow the life of connections: either does it alone, as where the kernel does not run
 * the other, and both together count each connection once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/addr.h"
#include "spillway.skel.h"
#include "spillway/maps.h"

#define SLOTS_USED 5

static struct spillway_bpf *skel;
static int listener;
static struct sockaddr_in server = {.sin_family = AF_INET};

static uint64_t netns_cookie(void)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	assert_int_equal(getsockopt(listener, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length), 0);
	return cookie;
}

static void bring_loopback_up(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};

	assert_int_equal(ioctl(listener, SIOCSIFFLAGS, &lo), 0);
}

static int load(void **state)
{
	socklen_t length = sizeof(server);

	(void)state;
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	bring_loopback_up();
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)&server, sizeof(server)), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&server, &length), 0);
	skel = spillway_bpf__open();
	assert_non_null(skel);
	skel->rodata->guarded_netns_cookie = netns_cookie();
	assert_int_equal(spillway_bpf__load(skel), 0);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	close(listener);
	spillway_bpf__destroy(skel);
	return 0;
}

static uint32_t slots_used(void)
{
	struct sw_service_state service;
	uint32_t id = 0;

	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(skel->maps.service_state), &id, &service),
			 0);
	return (uint32_t)(service.direct >> 32);
}

/* How many connections of service 0 have ended, on all CPUs. */
static uint64_t lifetimes(void)
{
	int cpus = libbpf_num_possible_cpus();
	struct sw_lifetimes *rows = calloc((size_t)cpus, sizeof(*rows));
	uint32_t id = 0;
	uint64_t sum = 0;

	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(skel->maps.lifetimes), &id, rows), 0);
	for (int cpu = 0; cpu < cpus; cpu++)
		for (int i = 0; i <= SW_LIFETIME_BUCKETS; i++)
			sum += rows[cpu].count[i];
	free(rows);
	return sum;
}

/* Some slots in use, one of them by the flow of a client at that port. */
static struct sw_flow_key reserve(__be16 client_port_be)
{
	struct sw_flow_key key = {.client_port_be = client_port_be,
				  .server_port_be = server.sin_port};
	struct sw_service_state service = {.direct = (uint64_t)SLOTS_USED << 32 | SLOTS_USED,
					   .half_open = 1};
	struct sw_class_state class = {.direct = SLOTS_USED};
	struct sw_flow flow = {.state = SW_FLOW_HALF_OPEN, .lane = SW_LANE_DIRECT};
	struct sw_addr loopback;
	uint32_t id = 0;

	sw_addr_from_ipv4(htonl(INADDR_LOOPBACK), &loopback);
	memcpy(key.client.bytes, loopback.bytes, sizeof(key.client.bytes));
	key.server = key.client;
	flow.tag = sw_flow_tag(&key);
	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(skel->maps.service_state), &id, &service, BPF_ANY),
		0);
	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(skel->maps.class_state), &id, &class, BPF_ANY), 0);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(skel->maps.flows), &key, &flow, BPF_ANY),
			 0);
	return key;
}

static uint8_t state_of(const struct sw_flow_key *key)
{
	struct sw_flow flow = {0};

	bpf_map_lookup_elem(bpf_map__fd(skel->maps.flows), key, &flow);
	return flow.state;
}

/* A client that connects, and is accepted; its flow is there before, as the gate would have it. */
static void come_and_go(void)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = server.sin_addr};
	socklen_t length = sizeof(own);
	int client = socket(AF_INET, SOCK_STREAM, 0), accepted;
	struct sw_flow_key key;

	assert_int_equal(bind(client, (struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(getsockname(client, (struct sockaddr *)&own, &length), 0);
	key = reserve(own.sin_port);
	assert_int_equal(connect(client, (struct sockaddr *)&server, sizeof(server)), 0);
	accepted = accept(listener, NULL, NULL);
	assert_true(accepted >= 0);
	assert_int_equal(state_of(&key), SW_FLOW_OPEN);
	assert_int_equal(slots_used(), SLOTS_USED);
	close(client);
	close(accepted);
	assert_int_equal(state_of(&key), SW_FLOW_NONE);
	assert_int_equal(slots_used(), SLOTS_USED - 1);
}

static void follow_with(struct bpf_program *first, struct bpf_program *second)
{
	struct bpf_link *links[2] = {bpf_program__attach(first),
				     second ? bpf_program__attach(second) : NULL};
	uint64_t before = lifetimes();

	memset(skel->bss->taken_by_cpu, 0, sizeof(skel->bss->taken_by_cpu));
	for (int i = 0; i < 10; i++)
		come_and_go();
	assert_int_equal(lifetimes(), before + 10);
	bpf_link__destroy(links[1]);
	bpf_link__destroy(links[0]);
}

static void the_first_program_follows_a_connection(void **state)
{
	(void)state;
	follow_with(skel->progs.life, NULL);
}

static void the_second_follows_what_the_first_was_not_told_of(void **state)
{
	(void)state;
	follow_with(skel->progs.life_again, NULL);
}

static void both_together_count_each_connection_once(void **state)
{
	(void)state;
	follow_with(skel->progs.life, skel->progs.life_again);
}

/* What the first has taken the second does not do once more: a new flow may be there by then. */
static void what_was_taken_is_left_alone(void **state)
{
	const size_t words = sizeof(skel->bss->taken_by_cpu) / sizeof(uint64_t);
	size_t left = 0;

	(void)state;
	follow_with(skel->progs.life, skel->progs.life_again);
	for (size_t i = 0; i < words; i++)
		/* Of each CPU's eight words four are events. */
		left += i % 8 < 4 && ((uint64_t *)skel->bss->taken_by_cpu)[i];
	assert_int_equal(left, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_program_follows_a_connection),
		cmocka_unit_test(the_second_follows_what_the_first_was_not_told_of),
		cmocka_unit_test(both_together_count_each_connection_once),
		cmocka_unit_test(what_was_taken_is_left_alone),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
