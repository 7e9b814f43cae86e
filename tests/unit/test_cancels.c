/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handing CancelRequests on: where each goes, which go nowhere, and that nothing of a key stays or is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "core/log.h"

static void fake_log(const char *format, ...);
static void spy_bzero(void *memory, size_t bytes);

/* What the kernel would say, said by the test. */
#define sw_clock_monotonic_ns fake_clock_monotonic_ns
#define sw_kern_count	      fake_kern_count
#define sw_log_debug	      fake_log
#define explicit_bzero	      spy_bzero

#include "daemon/cancels.c"
#include "db/cancel.c"

#define SECOND	SW_NS_PER_S
#define KEY	"\x7e\x51kEy-"
#define MESSAGE "\0\0\0\x12\x04\xd2\x16\x2e\0\0\0\x07" KEY
#define BYTES	(sizeof(MESSAGE) - 1)

static struct {
	uint64_t now_ns;
	uint64_t counted[SW_COUNTER_COUNT];
	int wiped;
	char said[8192];
} world;

struct server {
	int listener;
	struct sw_endpoint at;
};

static struct server pooler, direct;
/* The second is there for the tests that say so. */
static struct sw_config_service config_services[2] = {{.name = "main"}, {.name = "other"}};
static struct sw_config config = {.services = config_services, .service_count = 2};
static struct sw_plan_service planned[2] = {{.id = 3, .name = "main"}, {.id = 5, .name = "other"}};
static struct sw_plan plan = {.services = planned};
static struct sw_daemon the_daemon = {.config = &config, .plan = &plan};
static struct sw_cancels *cancels;

static void fake_log(const char *format, ...)
{
	size_t used = strlen(world.said);
	va_list args;

	va_start(args, format);
	vsnprintf(world.said + used, sizeof(world.said) - used, format, args);
	va_end(args);
}

static void spy_bzero(void *memory, size_t bytes)
{
	memset(memory, 0, bytes);
	world.wiped++;
}

uint64_t fake_clock_monotonic_ns(void)
{
	return world.now_ns;
}

int fake_kern_count(struct sw_kern *kern, uint32_t service, enum sw_counter counter, uint64_t by)
{
	(void)kern;
	assert_true(service == planned[0].id || service == planned[1].id);
	world.counted[counter] += by;
	return 0;
}

static void open_server(struct server *server)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(at);

	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(server->listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(server->listener, 128), 0);
	assert_int_equal(getsockname(server->listener, (struct sockaddr *)&at, &length), 0);
	server->at = (struct sw_endpoint){.port = ntohs(at.sin_port)};
	sw_addr_from_ipv4(at.sin_addr.s_addr, &server->at.addr);
}

static int open_world(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.now_ns = 1000 * SECOND;
	open_server(&pooler);
	open_server(&direct);
	plan.service_count = 1;
	config_services[1].pooler.address = config_services[0].pooler.address = pooler.at;
	config_services[0].direct.address = (struct sw_endpoint){0};
	the_daemon.base = event_base_new();
	cancels = sw_cancels_new(&the_daemon);
	return !cancels;
}

static int close_world(void **state)
{
	(void)state;
	sw_cancels_free(cancels);
	event_base_free(the_daemon.base);
	close(pooler.listener);
	close(direct.listener);
	return 0;
}

/* By a connection of its own, as its first data, to where `direct` listens. */
static struct sw_cancel said_on(uint8_t lane, uint16_t client_port)
{
	struct sw_cancel cancel = {
		.kind = SW_WAKEUP_CANCEL,
		.at_ns = world.now_ns,
		.flow = {.client_port_be = htons(client_port),
			 .server_port_be = htons(direct.at.port)},
		.sequence = 1001,
		.service = planned[0].id,
		.lane = lane,
		.bytes = BYTES,
	};

	memcpy(cancel.flow.server.bytes, direct.at.addr.bytes, sizeof(direct.at.addr.bytes));
	memcpy(cancel.request, MESSAGE, BYTES);
	return cancel;
}

static void hand_on(uint8_t lane, uint16_t client_port)
{
	struct sw_cancel cancel = said_on(lane, client_port);

	sw_cancels_hand_on(cancels, &cancel);
}

static size_t open_calls(void)
{
	size_t count = 0;

	for (size_t i = 0; i < AT_ONCE; i++)
		count += cancels->calls[i].call != NULL;
	return count;
}

/* Until so many are sent. */
static void run_until_sent(uint64_t count)
{
	while (world.counted[SW_COUNTER_CANCELS_HANDED_ON] < count)
		assert_int_equal(event_base_loop(the_daemon.base, EVLOOP_ONCE), 0);
}

static void run_until_over(void)
{
	while (open_calls())
		assert_int_equal(event_base_loop(the_daemon.base, EVLOOP_ONCE), 0);
}

static int count_connections(const struct server *server, int kept[], int most)
{
	int count = 0, fd;

	while (count < most && (fd = accept(server->listener, NULL, NULL)) >= 0)
		kept[count++] = fd;
	return count;
}

static bool nobody_came(const struct server *server)
{
	int fd;

	event_base_loop(the_daemon.base, EVLOOP_NONBLOCK);
	return count_connections(server, &fd, 1) == 0;
}

/* Takes one request and closes, as both servers do. */
static void expect_request(const struct server *server)
{
	uint8_t got[SW_CANCEL_BYTES_MAX + 1];
	int fd = -1;

	run_until_sent(world.counted[SW_COUNTER_CANCELS_HANDED_ON] + 1);
	assert_int_equal(count_connections(server, &fd, 1), 1);
	assert_int_equal(read(fd, got, sizeof(got)), BYTES);
	assert_memory_equal(got, MESSAGE, BYTES);
	close(fd);
	run_until_over();
	assert_int_equal(world.counted[SW_COUNTER_CANCELS_LOST], 0);
}

static void one_that_came_by_the_direct_lane_goes_to_the_pooler(void **state)
{
	(void)state;
	hand_on(SW_LANE_DIRECT, 1);
	expect_request(&pooler);
	assert_true(nobody_came(&direct));
}

static void one_that_came_by_the_pooler_goes_where_its_client_wanted_to_go(void **state)
{
	(void)state;
	hand_on(SW_LANE_POOLER, 1);
	expect_request(&direct);
	assert_true(nobody_came(&pooler));
}

static void or_to_the_direct_listener_where_the_service_names_one(void **state)
{
	struct sw_cancel cancel = said_on(SW_LANE_POOLER, 1);

	(void)state;
	config_services[0].direct.address = direct.at;
	cancel.flow.server_port_be = htons(1);
	sw_cancels_hand_on(cancels, &cancel);
	expect_request(&direct);
}

static void a_repetition_goes_nowhere_and_another_connection_does(void **state)
{
	struct sw_cancel cancel = said_on(SW_LANE_DIRECT, 1);

	(void)state;
	sw_cancels_hand_on(cancels, &cancel);
	expect_request(&pooler);
	sw_cancels_hand_on(cancels, &cancel);
	assert_true(nobody_came(&pooler));
	/* From the same port again. */
	cancel.sequence += 100;
	sw_cancels_hand_on(cancels, &cancel);
	expect_request(&pooler);
	hand_on(SW_LANE_DIRECT, 2);
	expect_request(&pooler);
}

static void one_that_was_told_of_late_is_lost(void **state)
{
	struct sw_cancel cancel = said_on(SW_LANE_DIRECT, 1);

	(void)state;
	world.now_ns += 2 * SECOND + 1;
	sw_cancels_hand_on(cancels, &cancel);
	assert_true(nobody_came(&pooler));
	assert_int_equal(world.counted[SW_COUNTER_CANCELS_LOST], 1);
}

static void so_many_are_on_their_way_at_once_and_the_next_is_lost(void **state)
{
	int kept[AT_ONCE];

	(void)state;
	for (uint16_t i = 0; i < AT_ONCE; i++)
		hand_on(SW_LANE_DIRECT, 1000 + i);
	run_until_sent(AT_ONCE);
	assert_int_equal(open_calls(), AT_ONCE);
	hand_on(SW_LANE_DIRECT, 1);
	assert_int_equal(world.counted[SW_COUNTER_CANCELS_LOST], 1);
	assert_int_equal(count_connections(&pooler, kept, AT_ONCE), AT_ONCE);
	for (size_t i = 0; i < AT_ONCE; i++)
		close(kept[i]);
	run_until_over();
	hand_on(SW_LANE_DIRECT, 2);
	run_until_sent(AT_ONCE + 1);
	assert_int_equal(world.counted[SW_COUNTER_CANCELS_LOST], 1);
}

static void of_several_services_none_takes_more_than_it_leaves_for_the_others(void **state)
{
	struct sw_cancel of_other = said_on(SW_LANE_DIRECT, 1);

	(void)state;
	plan.service_count = 2;
	for (uint16_t i = 0; i < AT_ONCE; i++)
		hand_on(SW_LANE_DIRECT, 1000 + i);
	assert_int_equal(open_calls(), AT_ONCE / 2);
	assert_int_equal(world.counted[SW_COUNTER_CANCELS_LOST], AT_ONCE / 2);
	of_other.service = planned[1].id;
	sw_cancels_hand_on(cancels, &of_other);
	assert_int_equal(open_calls(), AT_ONCE / 2 + 1);
	assert_int_equal(world.counted[SW_COUNTER_CANCELS_LOST], AT_ONCE / 2);
	run_until_sent(AT_ONCE / 2 + 1);
}

static void a_listener_that_does_not_close_is_left_after_five_seconds(void **state)
{
	(void)state;
	hand_on(SW_LANE_DIRECT, 1);
	world.now_ns += 6 * SECOND; /* its answer is waited for no longer */
	run_until_over();
	assert_int_equal(world.counted[SW_COUNTER_CANCELS_HANDED_ON], 1);
	assert_int_equal(world.counted[SW_COUNTER_CANCELS_LOST], 0);
}

static void where_nobody_listens_nobody_has_the_session(void **state)
{
	(void)state;
	close(pooler.listener);
	hand_on(SW_LANE_DIRECT, 1);
	run_until_over();
	assert_int_equal(world.counted[SW_COUNTER_CANCELS_HANDED_ON], 0);
	assert_int_equal(world.counted[SW_COUNTER_CANCELS_LOST], 0);
}

static void what_no_service_or_no_request_is_goes_nowhere(void **state)
{
	struct sw_cancel of_none = said_on(SW_LANE_DIRECT, 1);
	struct sw_cancel of_another = said_on(SW_LANE_DIRECT, 2);
	struct sw_cancel too_long = said_on(SW_LANE_DIRECT, 3);
	struct sw_cancel empty = said_on(SW_LANE_DIRECT, 5);
	struct sw_cancel no_pooler = said_on(SW_LANE_DIRECT, 4);

	(void)state;
	of_none.service = 255;
	of_another.service = planned[0].id + 1;
	too_long.bytes = SW_CANCEL_BYTES_MAX + 1;
	sw_cancels_hand_on(cancels, &of_none);
	sw_cancels_hand_on(cancels, &of_another);
	sw_cancels_hand_on(cancels, &too_long);
	empty.bytes = 0;
	sw_cancels_hand_on(cancels, &empty);
	config_services[0].pooler.address.port = 0;
	sw_cancels_hand_on(cancels, &no_pooler);
	assert_int_equal(open_calls(), 0);
	assert_true(nobody_came(&pooler));
}

static void what_was_handed_on_comes_back_by_a_gate_on_loopback_and_goes_nowhere(void **state)
{
	struct sw_cancel own = said_on(SW_LANE_POOLER, 1);
	struct sw_endpoint from;

	(void)state;
	hand_on(SW_LANE_DIRECT, 1);
	assert_int_equal(sw_cancel_from(cancels->calls[0].call, &from), 0);
	memcpy(own.flow.client.bytes, from.addr.bytes, sizeof(from.addr.bytes));
	memcpy(own.flow.server.bytes, pooler.at.addr.bytes, sizeof(pooler.at.addr.bytes));
	own.flow.client_port_be = htons(from.port);
	own.flow.server_port_be = htons(pooler.at.port);
	sw_cancels_hand_on(cancels, &own);
	assert_int_equal(open_calls(), 1);
	expect_request(&pooler);
}

static bool holds_key(const void *memory, size_t bytes)
{
	return memmem(memory, bytes, KEY, sizeof(KEY) - 1) != NULL;
}

static void nothing_of_the_key_stays_or_is_told(void **state)
{
	struct sw_cancel_call *call;

	(void)state;
	hand_on(SW_LANE_DIRECT, 1);
	call = cancels->calls[0].call;
	assert_true(holds_key(call, sizeof(*call)));
	run_until_sent(1);
	assert_false(holds_key(call, sizeof(*call)));
	assert_false(holds_key(cancels, sizeof(*cancels)));
	/* One that is never sent. */
	hand_on(SW_LANE_DIRECT, 2);
	world.wiped = 0;
	end(&cancels->calls[1]);
	assert_int_equal(world.wiped, 1);
	assert_non_null(strstr(world.said, "cancel request"));
	assert_false(holds_key(world.said, sizeof(world.said)));
}

static void a_request_is_known_by_length_and_code(void **state)
{
	const __be32 one[2] = {htonl(16), htonl(80877102)}, other[2] = {htonl(16), htonl(196608)};

	(void)state;
	assert_false(sw_cancel_fits(15));
	assert_true(sw_cancel_fits(16) && sw_cancel_fits(268));
	assert_false(sw_cancel_fits(269) || sw_cancel_fits(0) || sw_cancel_fits(-5));
	assert_true(sw_cancel_begins(one, 16));
	assert_false(sw_cancel_begins(one, 20) || sw_cancel_begins(other, 16));
	/* Numbers go round. */
	assert_true(sw_cancel_is_first(0, UINT32_MAX) && sw_cancel_is_first(9, 0));
	assert_false(sw_cancel_is_first(UINT32_MAX, UINT32_MAX) || sw_cancel_is_first(5, 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_that_came_by_the_direct_lane_goes_to_the_pooler),
		TEST(one_that_came_by_the_pooler_goes_where_its_client_wanted_to_go),
		TEST(or_to_the_direct_listener_where_the_service_names_one),
		TEST(a_repetition_goes_nowhere_and_another_connection_does),
		TEST(one_that_was_told_of_late_is_lost),
		TEST(so_many_are_on_their_way_at_once_and_the_next_is_lost),
		TEST(of_several_services_none_takes_more_than_it_leaves_for_the_others),
		TEST(a_listener_that_does_not_close_is_left_after_five_seconds),
		TEST(where_nobody_listens_nobody_has_the_session),
		TEST(what_no_service_or_no_request_is_goes_nowhere),
		TEST(what_was_handed_on_comes_back_by_a_gate_on_loopback_and_goes_nowhere),
		TEST(nothing_of_the_key_stays_or_is_told),
		cmocka_unit_test(a_request_is_known_by_length_and_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
