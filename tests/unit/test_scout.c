/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * db/scout: for which conninfos a child looks for the way, so that the daemon never waits for a resolver; and what it
 * brings home where there is none.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "db/scout.h"

/* What the test's own environment says is not the point. */
static int begin(void **state)
{
	(void)state;
	unsetenv("PGHOST");
	unsetenv("PGHOSTADDR");
	unsetenv("PGSERVICE");
	return 0;
}

static void a_name_needs_a_scout_and_an_address_or_a_path_does_not(void **state)
{
	(void)state;
	assert_true(sw_scout_is_needed("host=db.example.net"));
	assert_true(sw_scout_is_needed("postgresql://db.example.net/app"));
	assert_true(sw_scout_is_needed("host=localhost"));
	assert_false(sw_scout_is_needed("host=10.0.0.1"));
	assert_false(sw_scout_is_needed("host=fd00::1"));
	assert_false(sw_scout_is_needed("host=/var/run/postgresql"));
	assert_false(sw_scout_is_needed("dbname=app"));
	/* The name is for the certificate alone. */
	assert_false(sw_scout_is_needed("host=db.example.net hostaddr=10.0.0.1"));
}

static void a_choice_of_hosts_and_a_service_need_one(void **state)
{
	(void)state;
	assert_true(sw_scout_is_needed("host=10.0.0.1,10.0.0.2"));
	assert_true(sw_scout_is_needed("hostaddr=10.0.0.1,10.0.0.2"));
	assert_true(sw_scout_is_needed("service=watched"));
}

static void the_environment_counts_as_for_libpq(void **state)
{
	(void)state;
	setenv("PGHOST", "db.example.net", 1);
	assert_true(sw_scout_is_needed("dbname=app"));
	assert_false(sw_scout_is_needed("host=10.0.0.1"));
	setenv("PGHOSTADDR", "10.0.0.1", 1);
	assert_false(sw_scout_is_needed("dbname=app"));
	setenv("PGSERVICE", "watched", 1);
	assert_true(sw_scout_is_needed("host=10.0.0.1"));
}

static void what_libpq_cannot_read_is_libpq_s_to_say(void **state)
{
	(void)state;
	assert_false(sw_scout_is_needed("no such option"));
}

static void a_way_that_leads_nowhere_is_said(void **state)
{
	struct sw_child child = {0};
	struct sw_scouted found;
	struct pollfd answer = {.events = POLLIN};

	(void)state;
	assert_int_equal(sw_scout_start(&child, "host=/nonexistent/folder dbname=app"), 0);
	answer.fd = child.fd;
	assert_int_equal(poll(&answer, 1, 30000), 1);
	assert_int_equal(sw_scout_answer(&child, &found), 0);
	assert_false(found.is_in);
	assert_non_null(strstr(found.error, "/nonexistent/folder"));
	sw_child_end(&child);
	assert_int_equal(child.pid, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_name_needs_a_scout_and_an_address_or_a_path_does_not,
				       begin),
		cmocka_unit_test_setup(a_choice_of_hosts_and_a_service_need_one, begin),
		cmocka_unit_test_setup(the_environment_counts_as_for_libpq, begin),
		cmocka_unit_test_setup(what_libpq_cannot_read_is_libpq_s_to_say, begin),
		cmocka_unit_test_setup(a_way_that_leads_nowhere_is_said, begin),
	};

	return cmocka_run_group_tests_name("scout", tests, NULL, NULL);
}
