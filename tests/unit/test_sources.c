/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verb sources over maps and waiting rooms made by hand: one row a source out of all, orders, limits, filters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define sw_read_live	     fake_read_live
#define sw_read_rates	     fake_read_rates
#define sw_queue_each_source fake_each_source

#include "daemon/read_args.c"
#include "daemon/read_sources.c"

#define MANY 100000

/* What the two maps hold. */
static struct {
	struct sw_source_key key;
	struct sw_source_live value;
} live[MANY];
static size_t live_count;
static struct {
	struct sw_source_key key;
	struct sw_source_rate value;
} rates[MANY];
static size_t rate_count;
/* And who waits, in the room of which service. */
static struct {
	uint32_t service;
	struct sw_queue_line line;
} waits[8];
static size_t wait_count;
static char rooms[SW_SERVICES_MAX];

struct sw_room *sw_room_of(const struct sw_daemon *daemon, uint32_t service)
{
	(void)daemon;
	return service < 2 ? (struct sw_room *)&rooms[service] : NULL;
}

const struct sw_queue *sw_room_queue(const struct sw_room *room)
{
	return (const struct sw_queue *)room;
}

int sw_queue_each_source(const struct sw_queue *queue,
			 int (*each)(void *arg, const struct sw_queue_line *line), void *arg)
{
	int rc = 0;

	for (size_t i = 0; i < wait_count && rc == 0; i++)
		if (&rooms[waits[i].service] == (const char *)queue)
			rc = each(arg, &waits[i].line);
	return rc;
}

int sw_read_live(const struct sw_maps *maps,
		 int (*each)(void *arg, const struct sw_source_key *key,
			     const struct sw_source_live *live),
		 void *arg)
{
	int rc = 0;

	(void)maps;
	for (size_t i = 0; i < live_count && rc == 0; i++)
		rc = each(arg, &live[i].key, &live[i].value);
	return rc;
}

int sw_read_rates(const struct sw_maps *maps,
		  int (*each)(void *arg, const struct sw_source_key *key,
			      const struct sw_source_rate *rate),
		  void *arg)
{
	int rc = 0;

	(void)maps;
	for (size_t i = 0; i < rate_count && rc == 0; i++)
		rc = each(arg, &rates[i].key, &rates[i].value);
	return rc;
}

static struct sw_source_key key_of(uint32_t service, const char *text)
{
	struct sw_source_key key = {.service = service};
	struct sw_addr addr;

	assert_int_equal(sw_addr_parse(text, &addr), 0);
	memcpy(key.address.bytes, addr.bytes, sizeof(addr.bytes));
	return key;
}

static void put_live(const char *text, uint32_t all, uint32_t direct)
{
	struct sw_source_key key = key_of(0, text);

	live[live_count].key = key;
	live[live_count].value.word = sw_source_empty(&key) + all + direct * SW_SOURCE_DIRECT;
	live_count++;
}

/* connections in the second that runs, and so its rate */
static void put_rate(const char *text, uint32_t connections, uint32_t refused)
{
	rates[rate_count].key = key_of(0, text);
	rates[rate_count++].value = (struct sw_source_rate){
		.second = sw_clock_monotonic_ns() / SW_NS_PER_S,
		.current = connections,
		.refused = refused,
	};
}

static void put_waiting(uint32_t service, const char *text, uint32_t class_id, uint32_t count)
{
	waits[wait_count].service = service;
	waits[wait_count++].line = (struct sw_queue_line){
		.source = key_of(service, text).address, .class_id = class_id, .waiting = count};
}

static const char yaml[] = "services:\n"
			   "  - name: main\n"
			   "    listen: [':5432']\n"
			   "    source_prefix: {ipv4: 32, ipv6: 64}\n"
			   "    classes:\n"
			   "      - {name: default}\n"
			   "      - {name: lambda, sources: ['10.64.0.0/12']}\n"
			   "  - name: edge\n"
			   "    listen: [':6000']\n";

static int set_up(void **state)
{
	static struct sw_daemon daemon;
	const struct sw_rules rules = {0};
	struct sw_error err = {0};

	live_count = rate_count = wait_count = 0;
	memset(&daemon, 0, sizeof(daemon));
	*state = &daemon;
	if (sw_config_load_string(yaml, "test.yaml", &daemon.config, &err) == 0 &&
	    sw_plan_make(daemon.config, &rules, NULL, NULL, &daemon.plan, &err) == 0)
		return 0;
	print_error("%s\n", err.text);
	return -1;
}

static int tear_down(void **state)
{
	struct sw_daemon *daemon = *state;

	sw_plan_free(daemon->plan);
	sw_config_free(daemon->config);
	return 0;
}

/* args as JSON; the reply, to be dropped. */
static json_t *ask(struct sw_daemon *daemon, const char *args_text)
{
	SW_JSON_DROP json_t *args = json_loads(args_text, 0, NULL);
	struct sw_error err = {0};
	json_t *result = NULL;

	assert_non_null(args);
	if (sw_read_sources_verb(daemon, args, &result, &err) < 0)
		fail_msg("%s", err.text);
	return result;
}

static void expect_error(struct sw_daemon *daemon, const char *args_text, int rc, const char *text)
{
	SW_JSON_DROP json_t *args = json_loads(args_text, 0, NULL);
	struct sw_error err = {0};
	json_t *result = NULL;

	assert_int_equal(sw_read_sources_verb(daemon, args, &result, &err), rc);
	assert_string_equal(err.text, text);
	assert_null(result);
}

/* "10.0.0.1 10.0.0.2 of 2": who is listed, and the total. */
static void expect_list(struct sw_daemon *daemon, const char *args, const char *expected)
{
	SW_JSON_DROP json_t *result = ask(daemon, args);
	char text[256] = "";
	const json_t *source;
	size_t i;

	json_array_foreach(json_object_get(result, "sources"), i, source)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ",
			 json_string_value(json_object_get(source, "source")));
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "of %d",
		 (int)json_integer_value(json_object_get(result, "total")));
	assert_string_equal(text, expected);
}

static void a_source_of_both_maps_is_one_row(void **state)
{
	SW_JSON_DROP json_t *result = NULL;
	SW_JSON_DROP json_t *expected =
		json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i}", "service", "main", "source",
			  "10.64.0.1", "class", "lambda", "live", 5, "direct", 2, "pooler", 3,
			  "waiting", 0, "refused", 7);
	json_t *source;
	double rate;

	put_live("10.0.0.9", 1, 1);
	put_live("10.64.0.1", 5, 2);
	put_rate("10.64.0.1", 3, 7);
	put_rate("10.0.0.1", 1, 0);
	result = ask(*state, "{\"limit\":1}");
	assert_int_equal(json_integer_value(json_object_get(result, "total")), 3);
	source = json_array_get(json_object_get(result, "sources"), 0);
	rate = json_number_value(json_object_get(source, "rate"));
	assert_true(rate > 0 && rate <= 3);
	json_object_del(source, "rate");
	assert_true(json_equal(source, expected));
}

static void each_order_puts_the_most_first(void **state)
{
	put_live("10.0.0.1", 1, 0);
	put_rate("10.0.0.1", 20, 5);
	put_live("10.0.0.2", 3, 0);
	put_rate("10.0.0.2", 10, 6);
	put_live("10.0.0.3", 2, 0);
	put_rate("10.0.0.3", 30, 4);
	expect_list(*state, "{}", "10.0.0.2 10.0.0.3 10.0.0.1 of 3");
	expect_list(*state, "{\"sort\":\"live\"}", "10.0.0.2 10.0.0.3 10.0.0.1 of 3");
	expect_list(*state, "{\"sort\":\"rate\"}", "10.0.0.3 10.0.0.1 10.0.0.2 of 3");
	expect_list(*state, "{\"sort\":\"refused\"}", "10.0.0.2 10.0.0.1 10.0.0.3 of 3");
	expect_list(*state, "{\"sort\":\"waiting\"}", "10.0.0.1 10.0.0.2 10.0.0.3 of 3");
	expect_list(*state, "{\"limit\":2}", "10.0.0.2 10.0.0.3 of 3");
}

static void those_that_wait_are_of_the_row_of_their_source_whatever_their_classes(void **state)
{
	SW_JSON_DROP json_t *result = NULL;

	put_live("10.0.0.1", 1, 0);
	put_waiting(0, "10.0.0.1", 0, 2);
	put_waiting(0, "10.0.0.1", 1, 3);
	put_waiting(0, "10.0.0.2", 0, 4);
	put_waiting(1, "10.0.0.1", 0, 7);
	result = ask(*state, "{\"service\":\"main\",\"sort\":\"waiting\",\"limit\":1}");
	assert_int_equal(json_integer_value(json_object_get(result, "total")), 2);
	assert_int_equal(json_integer_value(json_object_get(
				 json_array_get(json_object_get(result, "sources"), 0), "waiting")),
			 5);
	expect_list(*state, "{\"sort\":\"waiting\"}", "10.0.0.1 10.0.0.1 10.0.0.2 of 3");
}

static void who_has_nothing_is_not_listed(void **state)
{
	put_live("10.0.0.1", 0, 0);
	put_rate("10.0.0.2", 0, 0);
	put_live("10.0.0.3", 0, 0);
	live[live_count - 1].value.word |= SW_SOURCE_GONE;
	expect_list(*state, "{}", "of 0");
	put_rate("10.0.0.1", 0, 1);
	expect_list(*state, "{}", "10.0.0.1 of 1");
}

static void a_source_that_is_a_network_is_shown_as_one(void **state)
{
	put_live("fd00:1::", 1, 0);
	expect_list(*state, "{}", "fd00:1::/64 of 1");
}

static void only_the_service_asked_for_is_listed(void **state)
{
	const struct sw_daemon *daemon = *state;

	put_live("10.0.0.1", 1, 0);
	put_live("10.0.0.2", 1, 0);
	live[0].key.service = sw_plan_service_named(daemon->plan, "main")->id;
	live[1].key.service = sw_plan_service_named(daemon->plan, "edge")->id;
	expect_list(*state, "{\"service\":\"edge\"}", "10.0.0.2 of 1");
	expect_list(*state, "{\"service\":\"main\"}", "10.0.0.1 of 1");
}

static void wrong_arguments_say_what_would_be_right(void **state)
{
	expect_error(*state, "{\"service\":\"nobody\"}", -ENOENT,
		     "service: found 'nobody', expected one of those there are: main, edge");
	expect_error(*state, "{\"service\":1}", -EINVAL, "service: expected a string");
	expect_error(*state, "{\"sort\":\"size\"}", -EINVAL,
		     "sort: found 'size', expected one of: live, rate, refused, waiting");
	expect_error(*state, "{\"limit\":0}", -EINVAL, "limit: expected a whole number from 1");
	expect_error(*state, "{\"limit\":\"9\"}", -EINVAL, "limit: expected a whole number from 1");
}

/* In no order and none twice: an odd multiplier permutes the numbers below 2^17. */
static void a_hundred_thousand_sources_are_one_row_each(void **state)
{
	SW_JSON_DROP json_t *result = NULL;

	for (uint32_t i = 0; i < MANY; i++) {
		char text[SW_ADDR_TEXT];
		uint32_t n = i * 40503u & 0x1ffff;

		snprintf(text, sizeof(text), "10.%u.%u.%u", n >> 16, n >> 8 & 0xff, n & 0xff);
		put_live(text, 1, 0);
		put_rate(text, 1, 0);
	}
	result = ask(*state, "{\"limit\":3}");
	assert_int_equal(json_integer_value(json_object_get(result, "total")), MANY);
	assert_int_equal(json_array_size(json_object_get(result, "sources")), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(a_source_of_both_maps_is_one_row),
		TEST(each_order_puts_the_most_first),
		TEST(those_that_wait_are_of_the_row_of_their_source_whatever_their_classes),
		TEST(who_has_nothing_is_not_listed),
		TEST(a_source_that_is_a_network_is_shown_as_one),
		TEST(only_the_service_asked_for_is_listed),
		TEST(wrong_arguments_say_what_would_be_right),
		TEST(a_hundred_thousand_sources_are_one_row_each),
	};

	return cmocka_run_group_tests_name("sources", tests, NULL, NULL);
}
