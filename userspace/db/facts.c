/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The question, and the answer out of libpq's rows.
 */
#include "db/facts.h"

#include <errno.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Two statements, one snapshot. The second argument of current_setting() makes what a version does not know
 * NULL. Roles are asked for by what they may do: a superuser is in no need of a grant.
 */
const char sw_facts_sql[] =
	"SELECT current_setting('max_connections'), "
	"current_setting('superuser_reserved_connections'), "
	"coalesce(current_setting('reserved_connections', true), '0'), "
	"pg_backend_pid(), pg_has_role('pg_read_all_stats', 'usage'), "
	"pg_has_role('pg_signal_backend', 'usage'), host(inet_client_addr()), current_user, "
	"(SELECT sum(xact_commit + xact_rollback) FROM pg_stat_database), "
	"(extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint;"
	"SELECT pid, (extract(epoch from backend_start) * 1000000)::bigint, host(client_addr), client_port, "
	"state, wait_event_type, "
	"backend_type = 'walsender', "
	"greatest(extract(epoch from clock_timestamp() - state_change) * 1000, 0), "
	"EXISTS (SELECT FROM pg_roles r WHERE r.oid = usesysid AND rolsuper), "
	"application_name = '" SW_DB_APPLICATION "' AND usename = current_user "
	"FROM pg_stat_activity WHERE backend_type IN ('client backend', 'walsender')";

static const char *const states[SW_BACKEND_STATES] = {
	[SW_BACKEND_UNKNOWN] = "unknown",
	[SW_BACKEND_ACTIVE] = "active",
	[SW_BACKEND_IDLE] = "idle",
	[SW_BACKEND_IN_TRANSACTION] = "idle in transaction",
	[SW_BACKEND_ABORTED] = "idle in transaction (aborted)",
	[SW_BACKEND_FASTPATH] = "fastpath function call",
};

const char *sw_facts_state_name(enum sw_backend_state state)
{
	return states[state];
}

static enum sw_backend_state state_of(const char *text)
{
	for (int state = SW_BACKEND_ACTIVE; state < SW_BACKEND_STATES; state++)
		if (!strcmp(states[state], text))
			return state;
	return SW_BACKEND_UNKNOWN;
}

static enum sw_backend_wait wait_of(const char *type)
{
	if (!strcmp(type, "Lock") || !strcmp(type, "LWLock") || !strcmp(type, "BufferPin"))
		return SW_BACKEND_WAITS_FOR_OTHERS;
	if (!strcmp(type, "Client"))
		return SW_BACKEND_WAITS_FOR_CLIENT;
	return *type ? SW_BACKEND_WAITS_OTHERWISE : SW_BACKEND_RUNS;
}

/* Numbers of the server's own making; a fraction is cut off, NULL is 0. */
static uint64_t number_at(const PGresult *rows, int row, int column)
{
	double value = strtod(PQgetvalue(rows, row, column), NULL);

	return value > 0 ? (uint64_t)value : 0;
}

static bool true_at(const PGresult *rows, int row, int column)
{
	return PQgetvalue(rows, row, column)[0] == 't';
}

static struct sw_backend backend_at(const PGresult *rows, int row)
{
	struct sw_backend backend = {
		.pid = (int32_t)number_at(rows, row, 0),
		.started_us = number_at(rows, row, 1),
		.state = state_of(PQgetvalue(rows, row, 4)),
		.wait = wait_of(PQgetvalue(rows, row, 5)),
		.is_walsender = true_at(rows, row, 6),
		.in_state_ms = number_at(rows, row, 7),
		.is_superuser = true_at(rows, row, 8),
		.is_own = true_at(rows, row, 9),
	};

	/* A Unix socket has no address, and -1 for its port. */
	if (!sw_addr_parse(PQgetvalue(rows, row, 2), &backend.client))
		backend.client_port = (uint16_t)number_at(rows, row, 3);
	return backend;
}

int sw_facts_read(const struct sw_session *session, struct sw_facts *out, struct sw_error *err)
{
	const PGresult *settings = sw_session_rows(session, 0);
	const PGresult *rows = sw_session_rows(session, 1);
	struct sw_facts facts = {0};

	if (!settings || !rows || PQntuples(settings) != 1 || PQnfields(settings) != 10 ||
	    PQnfields(rows) != 10)
		return sw_error_set(err, -EPROTO,
				    "the database answered something else than asked");
	facts.max_connections = (uint32_t)number_at(settings, 0, 0);
	facts.superuser_reserved = (uint32_t)number_at(settings, 0, 1);
	facts.reserved = (uint32_t)number_at(settings, 0, 2);
	facts.own_pid = (int32_t)number_at(settings, 0, 3);
	facts.sees_all = true_at(settings, 0, 4);
	facts.may_signal = true_at(settings, 0, 5);
	facts.is_unix = sw_addr_parse(PQgetvalue(settings, 0, 6), &facts.own_addr) != 0;
	snprintf(facts.role, sizeof(facts.role), "%s", PQgetvalue(settings, 0, 7));
	facts.transactions = number_at(settings, 0, 8);
	facts.server_started_us = number_at(settings, 0, 9);
	facts.count = (size_t)PQntuples(rows);
	facts.backends = calloc(facts.count + 1, sizeof(*facts.backends));
	if (!facts.backends)
		return sw_error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < facts.count; i++)
		facts.backends[i] = backend_at(rows, (int)i);
	*out = facts;
	return 0;
}

void sw_facts_free(struct sw_facts *facts)
{
	free(facts->backends);
	*facts = (struct sw_facts){0};
}
