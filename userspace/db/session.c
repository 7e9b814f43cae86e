/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See session.h: scouting, connecting, asking, each a step at a time.
 */
#include "db/session.h"

#include <ctype.h>
#include <errno.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/scout.h"
#include "db/start.h"

#define RESULTS_MAX 4

enum phase { SCOUTING, CONNECTING, IDLE, ASKING };

struct sw_session {
	char *conninfo;
	enum phase phase;
	struct sw_child scout;
	PGconn *conn;
	bool has_begun; /* PQconnectPoll() is for after the first time that it may write */
	PGresult *results[RESULTS_MAX];
	size_t count;
	char error[512];
};

/* libpq's messages are several lines at times, and end in one. */
static enum sw_session_state lost(struct sw_session *session, const char *why)
{
	size_t length = 0;

	for (; *why && length + 1 < sizeof(session->error); why++) {
		bool is_blank = isspace((unsigned char)*why);

		if (!is_blank)
			session->error[length++] = *why;
		else if (length && session->error[length - 1] != ' ')
			session->error[length++] = ' ';
	}
	while (length && session->error[length - 1] == ' ')
		length--;
	session->error[length] = '\0';
	return SW_SESSION_LOST;
}

static void forget_rows(struct sw_session *session)
{
	while (session->count)
		PQclear(session->results[--session->count]);
}

/*
 * Where and how the scout got in, if one was sent: what it brings is all that the conninfo, a service and the
 * environment say, and its host instead of theirs. To look for a ticket and a key distribution centre libpq waits for
 * both, so without a scout, which has been there before, there is no GSS.
 */
static enum sw_session_state begin(struct sw_session *session, const struct sw_scouted *at)
{
	const char *keys[] = {
		"dbname", "application_name", "gssencmode", "host", "hostaddr", "port", NULL};
	const char *values[] = {
		session->conninfo, SW_DB_APPLICATION, "disable", NULL, NULL, NULL, NULL};

	if (at) {
		values[0] = at->options;
		values[2] = at->gssencmode;
		values[3] = at->host;
		values[4] = at->hostaddr;
		values[5] = at->port;
	}
	session->phase = CONNECTING;
	session->conn = sw_db_start(keys, values, true);
	if (!session->conn)
		return lost(session, "out of memory");
	if (PQstatus(session->conn) == CONNECTION_BAD)
		return lost(session, PQerrorMessage(session->conn));
	return SW_SESSION_WRITES;
}

static enum sw_session_state scout(struct sw_session *session)
{
	struct sw_scouted at;
	int failed = sw_scout_answer(&session->scout, &at);

	if (failed == -EAGAIN)
		return SW_SESSION_READS;
	sw_child_end(&session->scout);
	if (failed)
		return lost(session, "the process that looked for the database died");
	return at.is_in ? begin(session, &at) : lost(session, at.error);
}

static enum sw_session_state connect_on(struct sw_session *session)
{
	switch (PQconnectPoll(session->conn)) {
	case PGRES_POLLING_READING:
		return SW_SESSION_READS;
	case PGRES_POLLING_WRITING:
		return SW_SESSION_WRITES;
	case PGRES_POLLING_OK:
		session->phase = IDLE;
		return PQsetnonblocking(session->conn, 1)
			       ? lost(session, PQerrorMessage(session->conn))
			       : SW_SESSION_READY;
	default:
		return lost(session, PQerrorMessage(session->conn));
	}
}

/* Takes in what has come. A statement that fails ends the session: none is asked that should. */
static enum sw_session_state collect(struct sw_session *session)
{
	while (!PQisBusy(session->conn)) {
		PGresult *result = PQgetResult(session->conn);

		if (!result) {
			session->phase = IDLE;
			return SW_SESSION_ANSWERED;
		}
		if (PQresultStatus(result) != PGRES_TUPLES_OK || session->count == RESULTS_MAX) {
			enum sw_session_state end = lost(session, PQresultErrorMessage(result));

			PQclear(result);
			return end;
		}
		session->results[session->count++] = result;
	}
	return SW_SESSION_READS;
}

static enum sw_session_state ask_on(struct sw_session *session)
{
	int unsent = PQflush(session->conn);

	if (unsent < 0 || !PQconsumeInput(session->conn))
		return lost(session, PQerrorMessage(session->conn));
	return unsent ? SW_SESSION_WRITES : collect(session);
}

/* Nothing was asked, and yet it is readable: a notice, or its end. */
static enum sw_session_state idle(struct sw_session *session)
{
	if (!PQconsumeInput(session->conn))
		return lost(session, PQerrorMessage(session->conn));
	return SW_SESSION_READY;
}

enum sw_session_state sw_session_step(struct sw_session *session)
{
	switch (session->phase) {
	case SCOUTING:
		return scout(session);
	case CONNECTING:
		if (PQstatus(session->conn) == CONNECTION_BAD)
			return lost(session, PQerrorMessage(session->conn));
		if (session->has_begun)
			return connect_on(session);
		session->has_begun = true;
		return SW_SESSION_WRITES;
	case ASKING:
		return ask_on(session);
	default:
		return idle(session);
	}
}

struct sw_session *sw_session_open(const char *conninfo)
{
	struct sw_session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->conninfo = strdup(conninfo);
	if (session->conninfo && sw_scout_is_needed(conninfo)) {
		session->phase = SCOUTING;
		if (!sw_scout_start(&session->scout, conninfo))
			return session;
	} else if (session->conninfo) {
		begin(session, NULL);
		if (session->conn)
			return session;
	}
	sw_session_close(session);
	return NULL;
}

void sw_session_close(struct sw_session *session)
{
	if (!session)
		return;
	forget_rows(session);
	sw_child_end(&session->scout);
	PQfinish(session->conn);
	free(session->conninfo);
	free(session);
}

int sw_session_fd(const struct sw_session *session)
{
	return session->phase == SCOUTING ? session->scout.fd : PQsocket(session->conn);
}

int sw_session_ask(struct sw_session *session, const char *sql)
{
	forget_rows(session);
	if (session->phase != IDLE || !PQsendQuery(session->conn, sql)) {
		lost(session, PQerrorMessage(session->conn));
		return -EIO;
	}
	session->phase = ASKING;
	return 0;
}

const struct pg_result *sw_session_rows(const struct sw_session *session, size_t n)
{
	return n < session->count ? session->results[n] : NULL;
}

const char *sw_session_error(const struct sw_session *session)
{
	return session->error;
}
