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

/*
 * What each version answers to the one question: reserved_connections came with 16, and where a version does not know
 * it the question itself makes it 0. Only 15 is there to be asked in the tests of the whole.
 */
static void each_version_s_settings_are_read(void **state)
{
	static const struct {
		const char *max, *superuser, *reserved;
		uint32_t expected[3];
	} versions[] = {
		{"100", "3", "0", {100, 3, 0}}, /* 12 to 15; 16 and 17 as they come */
		{"200", "5", "7", {200, 5, 7}}, /* 16, 17, of which some keep */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		const char *values[SETTINGS];
		struct sw_facts facts = {0};
		struct sw_error err;

		memcpy(values, settings, sizeof(values));
		values[0] = versions[i].max;
		values[1] = versions[i].superuser;
		values[2] = versions[i].reserved;
		answer(0, SETTINGS);
		row(0, values);
		assert_int_equal(sw_facts_read(NULL, &facts, &err), 0);
		assert_int_equal(facts.max_connections, versions[i].expected[0]);
		assert_int_equal(facts.superuser_reserved, versions[i].expected[1]);
		assert_int_equal(facts.reserved, versions[i].expected[2]);
		sw_facts_free(&facts);
	}
}

/* By feature: what not every version from 12 on has is asked for in a way that all of them answer. */
static void what_only_some_versions_have_is_asked_for_so_that_all_can_answer(void **state)
{
	(void)state;
	assert_non_null(strstr(sw_facts_sql,
			       "coalesce(current_setting('reserved_connections', true), '0')"));
	/* Columns of pg_stat_activity that came later: 13, 14. */
	assert_null(strstr(sw_facts_sql, "leader_pid"));
	assert_null(strstr(sw_facts_sql, "query_id"));
	/* Of pg_stat_database: 14. */
	assert_null(strstr(sw_facts_sql, "sessions"));
	/* Later words: roles of 14 and 16, and the number of a version nowhere. */
	assert_null(strstr(sw_facts_sql, "pg_read_all_data"));
	assert_null(strstr(sw_facts_sql, "pg_use_reserved_connections"));
	assert_null(strstr(sw_facts_sql, "server_version"));
}

/* The words of pg_stat_activity.wait_event_type and state, by the version that has them. */
static void words_of_any_version_are_understood(void **state)
{
	static const struct {
		const char *type;
		enum sw_backend_wait wait;
	} waits[] = {
		{NULL, SW_BACKEND_RUNS},
		{"Lock", SW_BACKEND_WAITS_FOR_OTHERS}, /* 12 to 17, and what follows */
		{"LWLock", SW_BACKEND_WAITS_FOR_OTHERS},
		{"BufferPin", SW_BACKEND_WAITS_FOR_OTHERS},
		{"Client", SW_BACKEND_WAITS_FOR_CLIENT},
		{"Activity", SW_BACKEND_WAITS_OTHERWISE},
		{"Extension", SW_BACKEND_WAITS_OTHERWISE},
		{"IPC", SW_BACKEND_WAITS_OTHERWISE},
		{"Timeout", SW_BACKEND_WAITS_OTHERWISE},
		{"IO", SW_BACKEND_WAITS_OTHERWISE},
		{"InjectionPoint", SW_BACKEND_WAITS_OTHERWISE}, /* 17 */
		{"what 99 will have", SW_BACKEND_WAITS_OTHERWISE},
	};
	static const struct {
		const char *word;
		enum sw_backend_state state;
	} words[] = {
		{"active", SW_BACKEND_ACTIVE},
		{"idle", SW_BACKEND_IDLE},
		{"idle in transaction", SW_BACKEND_IN_TRANSACTION},
		{"idle in transaction (aborted)", SW_BACKEND_ABORTED},
		{"fastpath function call", SW_BACKEND_FASTPATH},
		{"disabled", SW_BACKEND_UNKNOWN}, /* track_activities = off */
		{"starting", SW_BACKEND_UNKNOWN}, /* 18 */
	};
	struct sw_facts facts = {0};
	struct sw_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		const char *const values[COLUMNS] = {"7",	    "1", NULL, "-1", "active",
						     waits[i].type, "f", "0",  "f",  "f"};

		row(1, values);
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *const values[COLUMNS] = {"8",  "1", NULL, "-1", words[i].word,
						     NULL, "f", "0",  "f",  "f"};

		row(1, values);
	}
	assert_int_equal(sw_facts_read(NULL, &facts, &err), 0);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		assert_int_equal(facts.backends[i].wait, waits[i].wait);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_int_equal(facts.backends[sizeof(waits) / sizeof(waits[0]) + i].state,
				 words[i].state);
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
		cmocka_unit_test_setup_teardown(each_version_s_settings_are_read, begin, end),
		cmocka_unit_test(what_only_some_versions_have_is_asked_for_so_that_all_can_answer),
		cmocka_unit_test_setup_teardown(words_of_any_version_are_understood, begin, end),
		cmocka_unit_test_setup_teardown(backends_are_told_apart, begin, end),
		cmocka_unit_test_setup_teardown(another_answer_than_asked_for_is_none, begin, end),
		cmocka_unit_test_setup_teardown(who_is_to_end_is_named_by_pid_and_start, begin,
						end),
		cmocka_unit_test_setup_teardown(only_who_was_ended_is_told_of, begin, end),
	};

	return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
