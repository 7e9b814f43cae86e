/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of pins: ours to the letter, or a stranger's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kern/generation.h"
#include "kern/pins.h"
#include "kern/pins_check.h"

static void a_number_is_digits_and_nothing_else(void **state)
{
	static const char *const bad[] = {"gen_",   "gen_x",  "gen_0",	 "gen_01",
					  "gen_1x", "gen_-1", "gen_ 1",	 "gen_+1",
					  "Gen_1",  "xgen_1", "gen_1/a", "gen_1234567890"};
	unsigned long number = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(sw_pins_number(bad[i], "gen_", &number));
	assert_int_equal(number, 7);
	assert_true(sw_pins_number("gen_123456789", "gen_", &number));
	assert_int_equal(number, 123456789);
}

static void a_generation_has_our_maps_links_and_notes(void **state)
{
	static const char *const good[] = {"map_flows",	      "map_service_conf", "link_life",
					   "link_life_again", "link_refused",	  "state",
					   "next_state",      "next_link_life"};
	static const char *const bad[] = {"",	   "map_",	"map_mine",	   "map_flows2",
					  "flows", "next_",	"next_mine",	   "link_xdp_3",
					  "link_", "statement", "next_next_state", "life"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(sw_pins_is_part(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(sw_pins_is_part(bad[i]));
}

static void the_pointer_has_two_names(void **state)
{
	(void)state;
	assert_true(sw_generation_is_pointer("current"));
	assert_true(sw_generation_is_pointer("next_current"));
	assert_false(sw_generation_is_pointer("currently"));
	assert_false(sw_generation_is_pointer("next_"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_digits_and_nothing_else),
		cmocka_unit_test(a_generation_has_our_maps_links_and_notes),
		cmocka_unit_test(the_pointer_has_two_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
