/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * db/session: what it asks libpq for besides the conninfo.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "db/session.c"

static int begin_test(void **state)
{
	(void)state;
	unsetenv("PGGSSENCMODE");
	unsetenv("PGSERVICE");
	return 0;
}

static void expect(const struct sw_session *session, const char *keyword, const char *value)
{
	PQconninfoOption *options = PQconninfo(session->conn), *option = options;

	while (strcmp(option->keyword, keyword) != 0)
		option++;
	assert_string_equal(option->val ? option->val : "", value);
	PQconninfoFree(options);
}

static void no_ticket_is_looked_for_without_a_child_that_was_there_before(void **state)
{
	static const char *const conninfos[] = {"host=/nonexistent/folder dbname=app",
						"postgresql:///app?host=/nonexistent/folder"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct sw_session *session = sw_session_open(conninfos[i]);

		assert_int_equal(session->phase, CONNECTING);
		expect(session, "gssencmode", "disable");
		sw_session_close(session);
	}
}

/* Of a folder of services: one that would lead elsewhere, and be read by libpq. */
static void make_service(char *path)
{
	FILE *file = fdopen(mkstemp(path), "w");

	assert_non_null(file);
	fputs("[watched]\nuser=other\ngssencmode=prefer\nkrbsrvname=elsewhere\n", file);
	fclose(file);
	setenv("PGSERVICEFILE", path, 1);
	setenv("PGSERVICE", "watched", 1);
}

static void what_the_child_brings_is_all_that_counts(void **state)
{
	static const struct sw_scouted at = {
		.is_in = true,
		.host = "/nonexistent/folder",
		.port = "7",
		.gssencmode = "disable",
		.options = "user=keyed dbname=app",
	};
	char path[] = "/tmp/spillway-service-XXXXXX";
	struct sw_session session = {.conninfo = "service=watched"};

	(void)state;
	make_service(path);
	begin(&session, &at);
	assert_non_null(session.conn);
	expect(&session, "user", "keyed");
	expect(&session, "dbname", "app");
	expect(&session, "host", "/nonexistent/folder");
	expect(&session, "port", "7");
	expect(&session, "gssencmode", "disable");
	/* The service was not looked at, and is there for the next child. */
	expect(&session, "krbsrvname", "postgres");
	assert_string_equal(getenv("PGSERVICE"), "watched");
	PQfinish(session.conn);
	unlink(path);
	unsetenv("PGSERVICEFILE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			no_ticket_is_looked_for_without_a_child_that_was_there_before, begin_test),
		cmocka_unit_test_setup(what_the_child_brings_is_all_that_counts, begin_test),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
