/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where and when the storm client's clients come from: ranges of addresses, arrival times.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../tools/storm/schedule.c"
#include "../../tools/storm/sources.c"
#include "core/clock.h"

static void assert_at(const struct sw_sources *sources, uint32_t n, const char *expected)
{
	struct sw_addr addr = sw_sources_at(sources, n);
	char text[SW_ADDR_TEXT];

	assert_int_equal(sw_addr_format(&addr, text, sizeof(text)), 0);
	assert_string_equal(text, expected);
}

static void sources_are_counted_and_handed_out_in_turn(void **state)
{
	static const struct {
		const char *text;
		uint32_t count;
		const char *first, *last;
	} good[] = {
		{"10.0.0.0/24", 254, "10.0.0.1", "10.0.0.254"},
		{"10.0.0.0/30", 2, "10.0.0.1", "10.0.0.2"},
		{"10.0.0.0/31", 2, "10.0.0.0", "10.0.0.1"},
		{"10.0.0.7/32", 1, "10.0.0.7", "10.0.0.7"},
		{"10.0.0.7", 1, "10.0.0.7", "10.0.0.7"},
		{"10.0.0.250-10.0.1.5", 12, "10.0.0.250", "10.0.1.5"},
		{"10.0.0.9-10.0.0.9", 1, "10.0.0.9", "10.0.0.9"},
		{"10.0.0.0/8", (1u << 24) - 2, "10.0.0.1", "10.255.255.254"},
		{"fd00::/120", 255, "fd00::1", "fd00::ff"},
		{"fd00::ffff-fd00::1:0", 2, "fd00::ffff", "fd00::1:0"},
		{"fd00::/64", UINT32_MAX - 1, "fd00::1", "fd00::ffff:fffe"},
		{"fd00::-fd01::", UINT32_MAX, "fd00::", "fd00::ffff:fffe"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct sw_sources sources;

		assert_int_equal(sw_sources_parse(good[i].text, &sources, NULL), 0);
		assert_int_equal(sources.count, good[i].count);
		assert_at(&sources, 0, good[i].first);
		assert_at(&sources, sources.count - 1, good[i].last);
		assert_at(&sources, sources.count, good[i].first);
	}
}

static void what_is_no_range_is_refused_and_changes_nothing(void **state)
{
	static const char *const bad[] = {
		"",
		"-",
		"10.0.0.1-",
		"-10.0.0.1",
		"10.0.0.2-10.0.0.1",
		"10.0.0.1/24",
		"10.0.0.1-fd00::1",
		"10.0.0.1-5",
		"10.0.0.1 - 10.0.0.2",
		"10.0.0.0/33",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sw_sources sources = {.count = 99};
		struct sw_error err = {0};

		assert_true(sw_sources_parse(bad[i], &sources, &err) < 0);
		assert_int_equal(sources.count, 99);
		assert_string_not_equal(err.text, "");
	}
}

static void counting_up_from_a_base_stops_at_the_last_address(void **state)
{
	struct sw_sources sources;
	struct sw_addr base;

	(void)state;
	assert_int_equal(sw_addr_parse("255.255.255.254", &base), 0);
	assert_int_equal(sw_sources_from_base(&base, 2, &sources, NULL), 0);
	assert_at(&sources, 1, "255.255.255.255");
	assert_int_equal(sw_sources_from_base(&base, 3, &sources, NULL), -ERANGE);
	assert_int_equal(sw_sources_from_base(&base, 0, &sources, NULL), -ERANGE);
	assert_int_equal(sw_addr_parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &base), 0);
	assert_int_equal(sw_sources_from_base(&base, 1, &sources, NULL), 0);
	assert_int_equal(sw_sources_from_base(&base, 2, &sources, NULL), -ERANGE);
}

static void a_socket_address_is_of_its_family(void **state)
{
	struct sockaddr_storage name;
	struct sw_addr addr;

	(void)state;
	assert_int_equal(sw_addr_parse("10.1.2.3", &addr), 0);
	assert_int_equal(sw_sources_sockaddr(&addr, 5432, &name), sizeof(struct sockaddr_in));
	assert_int_equal(name.ss_family, AF_INET);
	assert_int_equal(((struct sockaddr_in *)&name)->sin_port, htons(5432));
	assert_int_equal(((struct sockaddr_in *)&name)->sin_addr.s_addr, htonl(0x0a010203));
	assert_int_equal(sw_addr_parse("fd00::1", &addr), 0);
	assert_int_equal(sw_sources_sockaddr(&addr, 5432, &name), sizeof(struct sockaddr_in6));
	assert_int_equal(name.ss_family, AF_INET6);
}

static uint64_t *schedule(struct sw_options options)
{
	uint64_t *due;

	assert_int_equal(sw_schedule_make(&options, &due), 0);
	for (uint32_t i = 0; i < options.clients; i++) {
		assert_true(due[i] <= options.within_ns);
		assert_true(i == 0 || due[i - 1] <= due[i]);
	}
	return due;
}

static void even_arrivals_have_equal_distances(void **state)
{
	uint64_t *due = schedule(
		(struct sw_options){.clients = 5, .within_ns = 500 * SW_NS_PER_MS, .even = true});

	(void)state;
	for (uint64_t i = 0; i < 5; i++)
		assert_int_equal(due[i], i * 100 * SW_NS_PER_MS);
	free(due);
}

static void random_arrivals_fill_the_window_and_repeat_with_their_seed(void **state)
{
	struct sw_options options = {.clients = 2000, .within_ns = SW_NS_PER_S, .seed = 3};
	uint64_t *first = schedule(options), *again = schedule(options), *other;
	uint32_t per_tenth[10] = {0};

	(void)state;
	options.seed = 4;
	other = schedule(options);
	assert_memory_equal(first, again, 2000 * sizeof(*first));
	assert_memory_not_equal(first, other, 2000 * sizeof(*first));
	for (uint32_t i = 0; i < 2000; i++)
		per_tenth[first[i] / (SW_NS_PER_S / 10)]++;
	/* 200 each, standard deviation 13.4: five of them. */
	for (uint32_t i = 0; i < 10; i++)
		assert_in_range(per_tenth[i], 133, 267);
	free(first);
	free(again);
	free(other);
}

static void arrivals_at_a_rate_are_a_poisson_process(void **state)
{
	struct sw_options options = {
		.clients = 20000, .seed = 5, .connect_rate = {.count = 100, .per_ns = SW_NS_PER_S}};
	uint32_t close = 0, per_second[400] = {0}, in_turn = 0;
	uint64_t *due, *again;
	double variance = 0;

	(void)state;
	assert_int_equal(sw_schedule_make(&options, &due), 0);
	assert_int_equal(sw_schedule_make(&options, &again), 0);
	assert_memory_equal(due, again, 20000 * sizeof(*due));
	/* 200 s on average, standard deviation sqrt(20000) / 100 = 1.4 s: five of them. */
	assert_in_range(due[19999] / SW_NS_PER_MS, 193000, 207000);
	for (uint32_t i = 0; i < 20000; i++) {
		in_turn += !i || due[i - 1] <= due[i];
		/* 1 - exp(-1) of the distances are below the mean: 12,642, standard deviation 68. */
		close += due[i] - (i ? due[i - 1] : 0) < 10 * SW_NS_PER_MS;
		per_second[due[i] / SW_NS_PER_S]++;
	}
	assert_int_equal(in_turn, 20000);
	assert_in_range(close, 12302, 12982);
	/* A second's arrivals have their mean for variance, 100; 0 if they were even. */
	for (uint32_t i = 0; i < 190; i++)
		variance += (per_second[i] - 100.0) * (per_second[i] - 100.0) / 190;
	assert_in_range((uint64_t)variance, 50, 150);
	free(due);
	free(again);
}

static void even_arrivals_at_a_rate_go_like_a_clock(void **state)
{
	struct sw_options options = {.clients = 4,
				     .even = true,
				     .connect_rate = {.count = 30, .per_ns = 60 * SW_NS_PER_S}};
	uint64_t *due;

	(void)state;
	assert_int_equal(sw_schedule_make(&options, &due), 0);
	for (uint64_t i = 0; i < 4; i++)
		assert_int_equal(due[i], i * 2 * SW_NS_PER_S);
	free(due);
}

static void no_window_is_all_at_once(void **state)
{
	uint64_t *due = schedule((struct sw_options){.clients = 50, .seed = 1});

	(void)state;
	assert_int_equal(due[49], 0);
	free(due);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sources_are_counted_and_handed_out_in_turn),
		cmocka_unit_test(what_is_no_range_is_refused_and_changes_nothing),
		cmocka_unit_test(counting_up_from_a_base_stops_at_the_last_address),
		cmocka_unit_test(a_socket_address_is_of_its_family),
		cmocka_unit_test(even_arrivals_have_equal_distances),
		cmocka_unit_test(random_arrivals_fill_the_window_and_repeat_with_their_seed),
		cmocka_unit_test(arrivals_at_a_rate_are_a_poisson_process),
		cmocka_unit_test(even_arrivals_at_a_rate_go_like_a_clock),
		cmocka_unit_test(no_window_is_all_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
