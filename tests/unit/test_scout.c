/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * db/scout: for which conninfos a child looks for the way, so that the daemon never waits for a resolver; and what it
 * brings home.
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

#include "db/scout.c"

/* What the test's own environment says is not the point. */
static int begin(void **state)
{
	(void)state;
	unsetenv("PGHOST");
	unsetenv("PGHOSTADDR");
	unsetenv("PGSERVICE");
	unsetenv("PGGSSENCMODE");
	unsetenv("PGUSER");
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

/* libpq would ask a key distribution centre, and wait. */
static void encryption_by_gss_needs_one(void **state)
{
	(void)state;
	assert_true(sw_scout_is_needed("host=10.0.0.1 gssencmode=prefer"));
	assert_false(sw_scout_is_needed("host=10.0.0.1 gssencmode=disable"));
	setenv("PGGSSENCMODE", "require", 1);
	assert_true(sw_scout_is_needed("host=10.0.0.1"));
	assert_false(sw_scout_is_needed("host=10.0.0.1 gssencmode=disable"));
}

static PGconn *nowhere(const char *conninfo)
{
	PGconn *conn = PQconnectdb(conninfo);

	assert_non_null(conn);
	return conn;
}

static void assert_told(const char *options, const char *keyword, const char *value)
{
	PQconninfoOption *all = PQconninfoParse(options, NULL), *option = all;

	assert_non_null(all);
	while (option->keyword && strcmp(option->keyword, keyword) != 0)
		option++;
	assert_non_null(option->keyword);
	if (value)
		assert_string_equal(option->val, value);
	else
		assert_null(option->val);
	PQconninfoFree(all);
}

static void what_it_brings_is_all_that_was_said_but_for_the_way(void **state)
{
	PGconn *conn =
		nowhere("host=/nonexistent/folder port=7 user='o\\'neill' password='a\\\\b c'");
	struct sw_scouted found = {0};

	(void)state;
	setenv("PGUSER", "another", 1);
	assert_true(tell_way(conn, &found));
	assert_told(found.options, "user", "o'neill");
	assert_told(found.options, "password", "a\\b c");
	assert_told(found.options, "sslmode", "prefer");
	assert_told(found.options, "host", NULL);
	assert_told(found.options, "port", NULL);
	assert_told(found.options, "gssencmode", NULL);
	assert_string_equal(found.port, "7");
	assert_string_equal(found.gssencmode, "disable");
	PQfinish(conn);
}

static void options_that_have_no_room_are_no_way(void **state)
{
	char conninfo[sizeof(((struct sw_scouted *)0)->options) + 64];
	struct sw_scouted found;
	PGconn *conn;

	(void)state;
	memset(conninfo, 'a', sizeof(conninfo));
	memcpy(conninfo, "host=/nonexistent user=", 23);
	conninfo[sizeof(conninfo) - 1] = '\0';
	conn = nowhere(conninfo);
	assert_false(tell_way(conn, &found));
	PQfinish(conn);
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
		cmocka_unit_test_setup(encryption_by_gss_needs_one, begin),
		cmocka_unit_test_setup(what_it_brings_is_all_that_was_said_but_for_the_way, begin),
		cmocka_unit_test_setup(options_that_have_no_room_are_no_way, begin),
		cmocka_unit_test_setup(what_libpq_cannot_read_is_libpq_s_to_say, begin),
		cmocka_unit_test_setup(a_way_that_leads_nowhere_is_said, begin),
	};

	return cmocka_run_group_tests_name("scout", tests, NULL, NULL);
}
