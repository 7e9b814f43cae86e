/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of the storm client's sources has how many clients: in turn, by Zipf's law, one hog.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../tools/storm/sources.c"
#include "../../tools/storm/spread.c"

#define CLIENTS 10000

static uint32_t *make(const char *text, uint32_t sources_count, uint32_t clients, uint32_t seed)
{
	struct sw_sources sources = {.count = sources_count};
	struct sw_spread spread;
	uint32_t *source_of;

	assert_int_equal(sw_spread_parse(text, &spread, NULL), 0);
	assert_int_equal(sw_spread_make(&spread, &sources, clients, seed, &source_of), 0);
	return source_of;
}

/* counts[sources]: how many clients each has. */
static void count(const uint32_t *source_of, uint32_t clients, uint32_t sources, uint32_t *counts)
{
	memset(counts, 0, sources * sizeof(*counts));
	for (uint32_t i = 0; i < clients; i++) {
		assert_true(source_of[i] < sources);
		counts[source_of[i]]++;
	}
}

static void a_distribution_is_a_name_and_perhaps_a_number(void **state)
{
	static const char *const good[][2] = {
		{"uniform", "uniform"},	  {"zipf", "zipf:1"},	  {"zipf:1.2", "zipf:1.2"},
		{"zipf:0.5", "zipf:0.5"}, {"zipf:10", "zipf:10"}, {"hog", "hog:0.8"},
		{"hog:0.95", "hog:0.95"},
	};
	static const char *const bad[] = {
		"",	   "zip",      "zipf:",	    "zipf:x",	"zipf:-1",  "zipf:1e0", "zipf:inf",
		"zipf: 1", "zipf:0",   "zipf:10.1", "zipf:1.",	"zipf:.5",  "hog:0",	"hog:1",
		"hog:80%", "hogs:0.5", "uniform:1", "uniform:", "hog:0.5:1"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct sw_spread spread;
		char text[SW_SPREAD_TEXT];

		assert_int_equal(sw_spread_parse(good[i][0], &spread, NULL), 0);
		sw_spread_format(&spread, text, sizeof(text));
		assert_string_equal(text, good[i][1]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sw_spread spread = {.number = 99};
		struct sw_error err = {0};

		assert_true(sw_spread_parse(bad[i], &spread, &err) < 0);
		assert_int_equal((int)spread.number, 99);
		assert_string_not_equal(err.text, "");
	}
}

static void uniform_goes_in_turn(void **state)
{
	uint32_t *source_of = make("uniform", 7, CLIENTS, 1);

	(void)state;
	for (uint32_t i = 0; i < CLIENTS; i++)
		assert_int_equal(source_of[i], i % 7);
	assert_int_equal(sw_sources_bound(source_of, 5), 5);
	assert_int_equal(sw_sources_bound(source_of, CLIENTS), 7);
	free(source_of);
}

static void a_hog_has_exactly_its_part_at_all_times_of_the_storm(void **state)
{
	uint32_t *source_of = make("hog:0.8", 11, CLIENTS, 1), counts[11];

	(void)state;
	count(source_of, CLIENTS, 11, counts);
	assert_int_equal(counts[0], 8000);
	for (uint32_t i = 1; i < 11; i++)
		assert_int_equal(counts[i], 200);
	/* Of each tenth of the arrivals 800 are its own, standard deviation 12: five of them. */
	for (uint32_t tenth = 0; tenth < 10; tenth++) {
		count(source_of + tenth * 1000, 1000, 11, counts);
		assert_in_range(counts[0], 740, 860);
	}
	free(source_of);
}

/* The k-th of three addresses has 1/k of 11/6: 54.5, 27.3 and 18.2 %. */
static void zipf_draws_by_rank(void **state)
{
	uint32_t *source_of = make("zipf", 3, CLIENTS, 1), counts[3];

	(void)state;
	count(source_of, CLIENTS, 3, counts);
	/* Five standard deviations, of at most 50. */
	assert_in_range(counts[0], 5455 - 250, 5455 + 250);
	assert_in_range(counts[1], 2727 - 250, 2727 + 250);
	assert_in_range(counts[2], 1818 - 250, 1818 + 250);
	free(source_of);
	/* 1, 1/4, 1/9 of 49/36. */
	source_of = make("zipf:2", 3, CLIENTS, 1);
	count(source_of, CLIENTS, 3, counts);
	assert_in_range(counts[0], 7347 - 250, 7347 + 250);
	assert_in_range(counts[1], 1837 - 250, 1837 + 250);
	assert_in_range(counts[2], 816 - 250, 816 + 250);
	free(source_of);
}

static void a_draw_finds_the_first_weight_above_it(void **state)
{
	static const double weights[] = {0.5, 0.75, 1};

	(void)state;
	assert_int_equal(zipf_draw(weights, 3, 0), 0);
	assert_int_equal(zipf_draw(weights, 3, 0.499), 0);
	assert_int_equal(zipf_draw(weights, 3, 0.5), 1);
	assert_int_equal(zipf_draw(weights, 3, 0.76), 2);
	assert_int_equal(zipf_draw(weights, 3, 0.9999999), 2);
	assert_int_equal(zipf_draw(weights, 1, 0.9999999), 0);
}

static void the_same_seed_is_the_same_spread(void **state)
{
	static const char *const texts[] = {"zipf:1.2", "hog"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		uint32_t *first = make(texts[i], 50, CLIENTS, 3),
			 *again = make(texts[i], 50, CLIENTS, 3);
		uint32_t *other = make(texts[i], 50, CLIENTS, 4);

		assert_memory_equal(first, again, CLIENTS * sizeof(*first));
		assert_memory_not_equal(first, other, CLIENTS * sizeof(*first));
		free(first);
		free(again);
		free(other);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_distribution_is_a_name_and_perhaps_a_number),
		cmocka_unit_test(uniform_goes_in_turn),
		cmocka_unit_test(a_hog_has_exactly_its_part_at_all_times_of_the_storm),
		cmocka_unit_test(zipf_draws_by_rank),
		cmocka_unit_test(a_draw_finds_the_first_weight_above_it),
		cmocka_unit_test(the_same_seed_is_the_same_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
