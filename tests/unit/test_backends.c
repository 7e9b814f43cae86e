/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose each backend is, look by look, where flows and the kernel's tables are what the test says.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/log.h"

static void fake_log(const char *format, ...);

#define sw_addresses_read     fake_addresses_read
#define sw_listeners_read     fake_listeners_read
#define sw_listeners_inodes   fake_listeners_inodes
#define sw_outgoing_read      fake_outgoing_read
#define sw_read_flow	      fake_read_flow
#define sw_read_service_ended fake_read_service_ended
#define sw_monitor_shares     fake_monitor_shares
#define sw_log_warn	      fake_log

#include "daemon/backends.c"

#define HERE	 "127.0.0.1"
#define FAR	 "10.77.1.1"
#define BACKENDS 3

static struct {
	bool has_flows;
	int listeners, outgoing; /* how the kernel answers */
	int said;
} world;

static struct sw_config_service config_service = {.name = "main"};
static struct sw_config config = {.services = &config_service, .service_count = 1};
static struct sw_plan_service service = {
	.name = "main", .id = 3, .conf = {.direct = {.port_be = 0x1234}}};
static struct sw_plan_listen listen_at = {.service = 3};
static struct sw_plan plan = {
	.services = &service, .service_count = 1, .listens = &listen_at, .listen_count = 1};
static struct sw_daemon the_daemon = {.config = &config, .plan = &plan};
static struct sw_backend inside[BACKENDS];
static struct sw_facts facts = {.own_pid = 1, .is_unix = true, .backends = inside};
static struct sw_backends backends;

static void fake_log(const char *format, ...)
{
	(void)format;
	world.said++;
}

static struct sw_addr addr_of(const char *text)
{
	struct sw_addr addr;

	assert_int_equal(sw_addr_parse(text, &addr), 0);
	return addr;
}

int fake_addresses_read(struct sw_addresses *out)
{
	out->list = calloc(1, sizeof(*out->list));
	out->list[0] = addr_of("10.78.0.1");
	out->count = 1;
	return 0;
}

int fake_listeners_read(struct sw_listeners *out)
{
	(void)out;
	return world.listeners;
}

void fake_listeners_inodes(const struct sw_listeners *listeners, const struct sw_endpoint *at,
			   struct sw_inodes *out)
{
	(void)listeners, (void)at;
	out->count = 1;
}

/* The pool's connections are those from the host itself. */
int fake_outgoing_read(const struct sw_inodes *listeners, const struct sw_inodes *but,
		       struct sw_outgoing *out)
{
	(void)listeners, (void)but;
	if (world.outgoing)
		return world.outgoing;
	out->list = calloc(1, sizeof(*out->list));
	out->list[0] = (struct sw_local_end){.addr = addr_of(HERE), .port = 4000};
	out->count = 1;
	return 0;
}

int fake_read_flow(const struct sw_maps *maps, const struct sw_flow_key *key, struct sw_flow *out)
{
	(void)maps, (void)key;
	*out = (struct sw_flow){.state = SW_FLOW_OPEN, .lane = SW_LANE_DIRECT, .service = 3};
	return world.has_flows ? 0 : -ENOENT;
}

uint64_t fake_read_service_ended(const struct sw_maps *maps, uint32_t id)
{
	(void)maps, (void)id;
	return 0;
}

bool fake_monitor_shares(const struct sw_daemon *of, uint32_t one, uint32_t other)
{
	(void)of, (void)one, (void)other;
	return false;
}

static int begin(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	facts.count = 0;
	return 0;
}

static int end(void **state)
{
	(void)state;
	sw_backends_free(&backends);
	return 0;
}

static void come(const char *from)
{
	struct sw_backend *backend = &inside[facts.count];

	*backend = (struct sw_backend){
		.pid = 100 + (int32_t)facts.count,
		.client = addr_of(from),
		.client_port = (uint16_t)(4000 + facts.count),
	};
	facts.count++;
}

/* Whose the first is. */
static enum sw_backend_origin look(void)
{
	struct sw_backend_place places[BACKENDS];
	struct sw_error err;

	assert_int_equal(sw_backends_sort(&backends, &the_daemon, &service, &facts, places, &err),
			 0);
	return places[0].origin;
}

static void who_gets_a_flow_after_the_fact_was_taken_for_a_stranger_before(void **state)
{
	(void)state;
	for (size_t i = 0; i < BACKENDS; i++)
		come(FAR);
	inside[2].is_walsender = true; /* takes none of max_connections */
	assert_int_equal(look(), SW_BACKEND_ELSEWHERE);
	assert_int_equal(backends.adopted, 0);
	world.has_flows = true;
	assert_int_equal(look(), SW_BACKEND_GATE);
	assert_int_equal(backends.adopted, 2);
	assert_int_equal(look(), SW_BACKEND_GATE);
	assert_int_equal(backends.adopted, 0);
}

static void who_had_a_flow_at_once_was_nobody_s_before(void **state)
{
	(void)state;
	world.has_flows = true;
	come(FAR);
	assert_int_equal(look(), SW_BACKEND_GATE);
	assert_int_equal(backends.adopted, 0);
}

static void the_pool_s_is_known_when_the_kernel_tells_at_last(void **state)
{
	(void)state;
	come(HERE);
	world.outgoing = -EACCES;
	assert_int_equal(look(), SW_BACKEND_LOCAL);
	assert_int_equal(look(), SW_BACKEND_LOCAL);
	world.outgoing = 0;
	world.listeners = -ENOBUFS;
	assert_int_equal(look(), SW_BACKEND_LOCAL);
	assert_int_equal(world.said, 1);
	world.listeners = 0;
	assert_int_equal(look(), SW_BACKEND_GATE);
	/* And for good. */
	world.outgoing = -EACCES;
	assert_int_equal(look(), SW_BACKEND_GATE);
	assert_int_equal(world.said, 1);
}

static void another_that_nobody_can_tell_is_said_again(void **state)
{
	(void)state;
	come(HERE);
	assert_int_equal(look(), SW_BACKEND_GATE);
	come(HERE);
	world.outgoing = -EACCES;
	assert_int_equal(look(), SW_BACKEND_GATE);
	assert_int_equal(world.said, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_gets_a_flow_after_the_fact_was_taken_for_a_stranger_before),
		TEST(who_had_a_flow_at_once_was_nobody_s_before),
		TEST(the_pool_s_is_known_when_the_kernel_tells_at_last),
		TEST(another_that_nobody_can_tell_is_said_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
