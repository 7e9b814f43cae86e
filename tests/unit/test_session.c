/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * db/session: what it asks libpq for besides the conninfo.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "db/session.c"

static int begin_test(void **state)
{
	(void)state;
	unsetenv("PGGSSENCMODE");
	unsetenv("PGSERVICE");
	return 0;
}

static void expect_gss(const char *conninfo, const char *mode)
{
	struct sw_session *session = sw_session_open(conninfo);
	PQconninfoOption *options = PQconninfo(session->conn), *option = options;

	while (strcmp(option->keyword, "gssencmode") != 0)
		option++;
	assert_string_equal(option->val, mode);
	PQconninfoFree(options);
	sw_session_close(session);
}

static void no_ticket_is_looked_for_unless_somebody_wants_that(void **state)
{
	(void)state;
	expect_gss("host=/nonexistent/folder dbname=app", "disable");
	expect_gss("postgresql:///app?host=/nonexistent/folder", "disable");
	expect_gss("host=/nonexistent/folder gssencmode=prefer", "prefer");
	setenv("PGGSSENCMODE", "prefer", 1);
	expect_gss("host=/nonexistent/folder dbname=app", "prefer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(no_ticket_is_looked_for_unless_somebody_wants_that,
				       begin_test),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
