/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The secrets of the answers' numbers: made once, and changed in turns, so that a number is good for two changes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/secrets.c"
#include "spillway/cookie.h"

static struct sw_cookie_secrets secrets;
static struct sw_maps maps = {.cookie_secrets = &secrets};
static struct sw_daemon the_daemon = {.maps = &maps};
static const struct sw_flow_key flow = {.client_port_be = 7, .server_port_be = 5432};

#define ISN 1234567u

static int start(void **state)
{
	struct sw_error err;

	(void)state;
	memset(&secrets, 0, sizeof(secrets));
	the_daemon.base = event_base_new();
	return !the_daemon.base || sw_secrets_start(&the_daemon, &err);
}

static int stop(void **state)
{
	(void)state;
	sw_secrets_stop(&the_daemon);
	event_base_free(the_daemon.base);
	return 0;
}

/* As when its time has come. */
static void change(void)
{
	event_active(the_daemon.secrets, EV_TIMEOUT, 1);
	assert_int_equal(event_base_loop(the_daemon.base, EVLOOP_NONBLOCK), 0);
}

static void both_are_there_from_the_start_and_differ(void **state)
{
	static const struct sw_siphash_key none;

	(void)state;
	assert_true(secrets.is_set);
	assert_memory_not_equal(&secrets.key[0], &none, sizeof(none));
	assert_memory_not_equal(&secrets.key[1], &none, sizeof(none));
	assert_memory_not_equal(&secrets.key[0], &secrets.key[1], sizeof(none));
}

static void a_change_replaces_the_older_one_and_makes_it_the_newest(void **state)
{
	struct sw_cookie_secrets before = secrets;

	(void)state;
	change();
	assert_int_equal(secrets.newest, !before.newest);
	assert_memory_equal(&secrets.key[before.newest], &before.key[before.newest],
			    sizeof(before.key[0]));
	assert_memory_not_equal(&secrets.key[secrets.newest], &before.key[secrets.newest],
				sizeof(before.key[0]));
}

static void a_number_is_good_over_one_change_and_not_over_two(void **state)
{
	uint32_t cookie = sw_cookie_now(&secrets, &flow, ISN);

	(void)state;
	assert_true(sw_cookie_holds(&secrets, &flow, ISN, cookie));
	change();
	assert_true(sw_cookie_holds(&secrets, &flow, ISN, cookie));
	change();
	assert_false(sw_cookie_holds(&secrets, &flow, ISN, cookie));
}

static void a_daemon_that_takes_over_keeps_those_that_are_there(void **state)
{
	struct sw_cookie_secrets before = secrets;
	struct sw_error err;

	(void)state;
	sw_secrets_stop(&the_daemon);
	assert_int_equal(sw_secrets_start(&the_daemon, &err), 0);
	assert_memory_equal(&secrets, &before, sizeof(before));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(both_are_there_from_the_start_and_differ, start,
						stop),
		cmocka_unit_test_setup_teardown(
			a_change_replaces_the_older_one_and_makes_it_the_newest, start, stop),
		cmocka_unit_test_setup_teardown(a_number_is_good_over_one_change_and_not_over_two,
						start, stop),
		cmocka_unit_test_setup_teardown(a_daemon_that_takes_over_keeps_those_that_are_there,
						start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
