/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The doctor's questions to PostgreSQL and to PgBouncer's console. Each is asked once, and may say no.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/probe.h"
#include "db/session.h"

#define WAIT_S	   "3"
#define REASON_MAX 120

static void close_connection(PGconn **connection)
{
	PQfinish(*connection);
}

static void clear_result(PGresult **result)
{
	PQclear(*result);
}

#define CONNECTION __attribute__((cleanup(close_connection))) PGconn *
#define RESULT	   __attribute__((cleanup(clear_result))) PGresult *

/* conninfo's own settings come first, and ours after them. */
static PGconn *connect_to(const char *conninfo)
{
	const char *const keywords[] = {"dbname", "connect_timeout", "fallback_application_name",
					NULL};
	const char *const values[] = {conninfo, WAIT_S, SW_DB_APPLICATION, NULL};

	return PQconnectdbParams(keywords, values, 1);
}

/* The first line of what it says, without where it was asked. */
static void note_reason(const PGconn *connection, char reason[REASON_MAX])
{
	const char *said = PQerrorMessage(connection);
	const char *failed = strstr(said, "failed: ");

	said = failed ? failed + strlen("failed: ") : said;
	snprintf(reason, REASON_MAX, "%.*s", (int)strcspn(said, "\n"), said);
}

/* The answer; NULL, and why: there is none. */
static PGresult *ask(PGconn *connection, const char *question, char reason[REASON_MAX])
{
	PGresult *rows = NULL;

	if (PQstatus(connection) == CONNECTION_OK)
		rows = PQexec(connection, question);
	if (PQresultStatus(rows) == PGRES_TUPLES_OK)
		return rows;
	PQclear(rows);
	note_reason(connection, reason);
	return NULL;
}

/* The value beside a name in rows of two columns; -1: there is none. */
static long setting(const PGresult *rows, const char *name)
{
	for (int row = 0; row < PQntuples(rows); row++)
		if (PQnfields(rows) >= 2 && !strcmp(PQgetvalue(rows, row, 0), name))
			return strtol(PQgetvalue(rows, row, 1), NULL, 10);
	return -1;
}

static void compare_budget(struct sw_probe *probe, const struct sw_config_service *service,
			   long most, long kept)
{
	long room = most - kept, direct = service->budget.direct;

	if (service->budget.mode != SW_BUDGET_FIXED && room <= (long)service->budget.headroom)
		sw_probe_say(
			probe, "postgresql", SW_PROBE_FAIL,
			"%s: max_connections is %ld, of which %ld are reserved: nothing is left "
			"beside a headroom of %u; raise max_connections",
			service->name, most, kept, service->budget.headroom);
	else if (service->budget.mode == SW_BUDGET_FIXED && direct > room)
		sw_probe_say(
			probe, "postgresql", SW_PROBE_FAIL,
			"%s: a budget of %ld, but max_connections is %ld, of which %ld are "
			"reserved: clients will hear 'too many clients'; budget.direct: %ld at "
			"most, or mode: auto",
			service->name, direct, most, kept, room > 0 ? room : 0);
	else if (service->budget.mode == SW_BUDGET_FIXED &&
		 direct + (long)service->budget.headroom > room)
		sw_probe_say(probe, "postgresql", SW_PROBE_WARN,
			     "%s: a budget of %ld of the %ld that max_connections leaves: nothing "
			     "for poolers, cron and whoever else comes past the gate; lower "
			     "budget.direct, or mode: auto",
			     service->name, direct, room);
	else
		sw_probe_say(probe, "postgresql", SW_PROBE_OK,
			     "%s: max_connections is %ld, of which %ld are reserved", service->name,
			     most, kept);
}

static void compare_limits(struct sw_probe *probe, const struct sw_config_service *service,
			   const PGresult *rows)
{
	long reserved = setting(rows, "reserved_connections");
	long kept = setting(rows, "superuser_reserved_connections") + (reserved > 0 ? reserved : 0);

	compare_budget(probe, service, setting(rows, "max_connections"), kept);
	/* PostgreSQL 14 has it. */
	if (setting(rows, "client_connection_check_interval") == 0)
		sw_probe_say(
			probe, "postgresql", SW_PROBE_WARN,
			"%s: client_connection_check_interval is 0: whose client is gone stays "
			"at its query, while its slot is free; 'alter system set "
			"client_connection_check_interval = 1000'",
			service->name);
}

static void probe_postgres(struct sw_probe *probe, const struct sw_config_service *service)
{
	enum sw_probe_level level =
		service->budget.mode == SW_BUDGET_FIXED ? SW_PROBE_OK : SW_PROBE_WARN;
	CONNECTION connection = connect_to(service->budget.conninfo);
	char reason[REASON_MAX];
	RESULT rows = ask(connection,
			  "select name, setting from pg_settings where name in "
			  "('max_connections', 'superuser_reserved_connections', "
			  "'reserved_connections', 'client_connection_check_interval')",
			  reason);

	if (rows)
		compare_limits(probe, service, rows);
	else
		sw_probe_say(probe, "postgresql", level,
			     "%s: PostgreSQL cannot be asked for its limits (%s): see "
			     "budget.conninfo; whoever runs spillwayd may be let in all the same",
			     service->name, reason);
}

static void compare_pooler(struct sw_probe *probe, const struct sw_config_service *service,
			   const PGresult *rows)
{
	long clients = setting(rows, "max_client_conn"), backlog = setting(rows, "listen_backlog");
	long most = service->pooler.max_connections;
	long burst = most < SW_PROBE_BURST_MAX ? most : SW_PROBE_BURST_MAX;

	if (clients < most)
		sw_probe_say(probe, "pgbouncer", SW_PROBE_FAIL,
			     "%s: max_client_conn is %ld, and %ld may be sent there: the rest is "
			     "turned away by it; raise it in pgbouncer.ini, or lower "
			     "pooler.max_connections",
			     service->name, clients, most);
	else
		sw_probe_say(probe, "pgbouncer", SW_PROBE_OK,
			     "%s: max_client_conn is %ld for %ld that may be sent there",
			     service->name, clients, most);
	if (backlog < burst)
		sw_probe_say(
			probe, "pgbouncer", SW_PROBE_WARN,
			"%s: listen_backlog is %ld, and %ld may come at once: clients wait for "
			"a retransmit; listen_backlog = %ld in pgbouncer.ini, and start it again",
			service->name, backlog, burst, burst);
	else
		sw_probe_say(probe, "pgbouncer", SW_PROBE_OK, "%s: listen_backlog is %ld",
			     service->name, backlog);
}

/* Its console lets in whom admin_users and stats_users name, and root's own name is seldom among them. */
static void probe_pgbouncer(struct sw_probe *probe, const struct sw_config_service *service)
{
	char host[SW_ADDR_TEXT], conninfo[160], reason[REASON_MAX];
	CONNECTION connection = NULL;
	RESULT rows = NULL;

	sw_addr_format(&service->pooler.address.addr, host, sizeof(host));
	snprintf(conninfo, sizeof(conninfo), "host=%s port=%u dbname=pgbouncer user=pgbouncer",
		 host, service->pooler.address.port);
	connection = connect_to(conninfo);
	rows = ask(connection, "SHOW CONFIG", reason);
	if (rows)
		compare_pooler(probe, service, rows);
	else
		sw_probe_say(probe, "pgbouncer", SW_PROBE_OK,
			     "%s: its console cannot be read (%s), so its limits are not compared; "
			     "stats_users = pgbouncer lets it",
			     service->name, reason);
}

void sw_probe_databases(struct sw_probe *probe, const struct sw_config *config)
{
	for (size_t i = 0; i < config->service_count; i++) {
		const struct sw_config_service *service = &config->services[i];

		if (service->protocol != SW_PROTOCOL_POSTGRES)
			continue;
		probe_postgres(probe, service);
		if (service->pooler.address.port)
			probe_pgbouncer(probe, service);
	}
}
