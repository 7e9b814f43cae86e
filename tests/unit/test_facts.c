/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * db/facts and db/evict: what is made of the database's rows, which the test writes, and what is asked.
 */
#include <errno.h>
#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define sw_session_rows fake_session_rows

#include "db/evict.c"
#include "db/facts.c"

#define SETTINGS 10
#define COLUMNS	 10

static PGresult *answers[2];

const struct pg_result *fake_session_rows(const struct sw_session *session, size_t n)
{
	(void)session;
	return n < 2 ? answers[n] : NULL;
}

/* The n-th answer, of so many columns; NULL in a row is NULL in SQL. */
static void answer(size_t n, int columns)
{
	PGresAttDesc names[16] = {{0}};
	char name[] = "c";

	for (int i = 0; i < columns; i++)
		names[i].name = name;
	PQclear(answers[n]);
	answers[n] = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	assert_non_null(answers[n]);
	assert_int_equal(PQsetResultAttrs(answers[n], columns, names), 1);
}

static void row(size_t n, const char *const *values)
{
	int at = PQntuples(answers[n]);

	for (int i = 0; i < PQnfields(answers[n]); i++)
		assert_int_equal(PQsetvalue(answers[n], at, i, (char *)(uintptr_t)values[i],
					    values[i] ? (int)strlen(values[i]) : -1),
				 1);
}

static const char *const settings[SETTINGS] = {
	"100", "3", "2", "4711", "t", "f", NULL, "spillway", "123456", "1764500000000001"};

static int begin(void **state)
{
	(void)state;
	answer(0, SETTINGS);
	row(0, settings);
	answer(1, COLUMNS);
	return 0;
}

static int end(void **state)
{
	(void)state;
	PQclear(answers[0]);
	PQclear(answers[1]);
	answers[0] = answers[1] = NULL;
	return 0;
}

static void settings_are_what_the_database_says(void **state)
{
	struct sw_facts facts = {0};
	struct sw_error err;

	(void)state;
	assert_int_equal(sw_facts_read(NULL, &facts, &err), 0);
	assert_int_equal(facts.max_connections, 100);
	assert_int_equal(facts.superuser_reserved, 3);
	assert_int_equal(facts.reserved, 2);
	assert_int_equal(facts.own_pid, 4711);
	assert_true(facts.sees_all);
	assert_false(facts.may_signal);
	assert_true(facts.is_unix);
	assert_string_equal(facts.role, "spillway");
	assert_int_equal(facts.server_started_us, 1764500000000001);
	assert_int_equal(facts.count, 0);
	sw_facts_free(&facts);
}

static void backends_are_told_apart(void **state)
{
	static const char *const idle[COLUMNS] = {
		"7", "1764500000000002", "10.77.1.1", "40001", "idle", "Client",
		"f", "1500.75",		 "f",	      "f"};
	static const char *const local[COLUMNS] = {
		"8", "1764500000000003", NULL, "-1", "active", NULL, "f", "0", "t", "t"};
	static const char *const fresh[COLUMNS] = {
		"9", "1764500000000004", "fd77::1", "5", NULL, NULL, "t", NULL, "f", "f"};
	struct sw_facts facts = {0};
	struct sw_error err;

	(void)state;
	row(1, idle);
	row(1, local);
	row(1, fresh);
	assert_int_equal(sw_facts_read(NULL, &facts, &err), 0);
	assert_int_equal(facts.count, 3);
	assert_int_equal(facts.backends[0].pid, 7);
	assert_int_equal(facts.backends[0].started_us, 1764500000000002);
	assert_int_equal(facts.backends[0].client_port, 40001);
	assert_int_equal(facts.backends[0].state, SW_BACKEND_IDLE);
	assert_int_equal(facts.backends[0].in_state_ms, 1500);
	assert_int_equal(facts.backends[1].client_port, 0);
	assert_true(facts.backends[1].is_superuser);
	assert_true(facts.backends[1].is_own);
	assert_false(facts.backends[0].is_own);
	assert_int_equal(facts.backends[2].state, SW_BACKEND_UNKNOWN);
	assert_true(facts.backends[2].is_walsender);
	assert_int_equal(facts.backends[2].in_state_ms, 0);
	sw_facts_free(&facts);
}

/* Whatever stands behind the conninfo: a pooler, for one, has a mind of its own. */
static void another_answer_than_asked_for_is_none(void **state)
{
	struct sw_facts facts = {.max_connections = 1};
	struct sw_error err;

	(void)state;
	answer(1, COLUMNS - 1);
	assert_int_equal(sw_facts_read(NULL, &facts, &err), -EPROTO);
	answer(1, COLUMNS);
	row(0, settings);
	assert_int_equal(sw_facts_read(NULL, &facts, &err), -EPROTO);
	answer(0, SETTINGS);
	assert_int_equal(sw_facts_read(NULL, &facts, &err), -EPROTO);
	PQclear(answers[1]);
	answers[1] = NULL;
	assert_int_equal(sw_facts_read(NULL, &facts, &err), -EPROTO);
	assert_int_equal(facts.max_connections, 1);
}

static void who_is_to_end_is_named_by_pid_and_start(void **state)
{
	struct sw_backend chosen[64] = {{.pid = 7, .started_us = 1}, {.pid = 8, .started_us = 2}};
	char *sql = sw_evict_sql(chosen, 2, 300000);

	(void)state;
	assert_non_null(strstr(sql, "state = 'idle'"));
	assert_non_null(strstr(sql, "interval '300000 milliseconds'"));
	assert_non_null(strstr(sql, "IN ((7,1),(8,2))"));
	free(sql);
	/* The longest that there can be. */
	for (size_t i = 0; i < 64; i++)
		chosen[i] = (struct sw_backend){.pid = INT32_MAX, .started_us = UINT64_MAX};
	sql = sw_evict_sql(chosen, 64, UINT64_MAX);
	assert_string_equal(sql + strlen(sql) - 34, "(2147483647,18446744073709551615))");
	free(sql);
}

static void count_ended(void *arg, const struct sw_evicted *evicted)
{
	*(double *)arg += evicted->idle_s;
	assert_string_equal(evicted->client, "10.77.1.1");
}

static void only_who_was_ended_is_told_of(void **state)
{
	static const char *const ended[4] = {"10.77.1.1", "40001", "t", "12.5"};
	static const char *const gone[4] = {"10.77.1.2", "40002", "f", "99"};
	double idle_s = 0;

	(void)state;
	answer(0, 4);
	row(0, ended);
	row(0, gone);
	assert_int_equal(sw_evict_read(NULL, count_ended, &idle_s), 1);
	assert_true(idle_s > 12.4 && idle_s < 12.6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(settings_are_what_the_database_says, begin, end),
		cmocka_unit_test_setup_teardown(backends_are_told_apart, begin, end),
		cmocka_unit_test_setup_teardown(another_answer_than_asked_for_is_none, begin, end),
		cmocka_unit_test_setup_teardown(who_is_to_end_is_named_by_pid_and_start, begin,
						end),
		cmocka_unit_test_setup_teardown(only_who_was_ended_is_told_of, begin, end),
	};

	return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
