/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection attempt by libpq whose end tells what PQping() would say. libpq tells the SQLSTATE of an
 * attempt that failed only in its message; by that verbosity it is all there is behind the severity.
 */
#include "db/ping.h"

#include <ctype.h>
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "db/child.h"
#include "db/session.h"
#include "db/start.h"

#define CANNOT_CONNECT_NOW "57P03"
#define SQLSTATE_BYTES	   5
/* Of a child, with all but the resolver; whoever asks has more. */
#define PATIENCE_MS 1500
#define OPTIONS_MAX 16

#define WHY_MAX 256

/* A child's. */
struct answer {
	unsigned char what;
	char why[WHY_MAX]; /* "": there is nothing to be said */
};

struct sw_ping {
	PGconn *conn;	       /* asked step by step; NULL: a child asks */
	struct sw_child child; /* a conninfo may name a host, and libpq waits for the resolver */
	struct answer answer;
	bool started;
};

/* The SQLSTATE of "FATAL:  57P03", NULL for a message of libpq's own. */
static const char *sqlstate_of(const char *message)
{
	for (; *message; message++) {
		size_t length = 0;

		if (message[0] != ':' || message[1] != ' ')
			continue;
		message += strspn(message + 1, " ") + 1;
		while (isupper((unsigned char)message[length]) ||
		       isdigit((unsigned char)message[length]))
			length++;
		if (length == SQLSTATE_BYTES && !isgraph((unsigned char)message[length]))
			return message;
		message--;
	}
	return NULL;
}

static enum sw_ping_state failed(const PGconn *conn)
{
	const char *sqlstate = sqlstate_of(PQerrorMessage(conn));

	if (sqlstate)
		return strncmp(sqlstate, CANNOT_CONNECT_NOW, SQLSTATE_BYTES) ? SW_PING_SERVES
									     : SW_PING_REJECTS;
	/* It asked for a password, so it is there. */
	return PQconnectionNeedsPassword(conn) ? SW_PING_SERVES : SW_PING_SILENT;
}

static enum sw_ping_state step(PGconn *conn)
{
	if (PQstatus(conn) == CONNECTION_BAD)
		return failed(conn);
	switch (PQconnectPoll(conn)) {
	case PGRES_POLLING_READING:
		return SW_PING_READS;
	case PGRES_POLLING_WRITING:
		return SW_PING_WRITES;
	case PGRES_POLLING_OK:
		return SW_PING_SERVES;
	default:
		return failed(conn);
	}
}

/* With dbname as a whole conninfo, if so: in a child, which may wait for a service. */
static PGconn *begin(const char *const (*rows)[2], bool is_conninfo)
{
	const char *keys[OPTIONS_MAX] = {0}, *values[OPTIONS_MAX] = {0};
	PGconn *conn;

	for (size_t i = 0; rows[i][0]; i++) {
		keys[i] = rows[i][0];
		values[i] = rows[i][1];
	}
	conn = is_conninfo ? PQconnectStartParams(keys, values, true)
			   : sw_db_start(keys, values, false);
	sw_db_hear_notices(conn);
	if (conn)
		PQsetErrorVerbosity(conn, PQERRORS_SQLSTATE);
	return conn;
}

/*
 * Replication has places of its own (max_wal_senders) since PostgreSQL 12. Whether the role may replicate, or
 * one of those places is free, is nothing that matters here: it was answered.
 */
static PGconn *begin_at(const char *host, const char *port, bool spares)
{
	const char *const rows[][2] = {{"hostaddr", host},
				       {"port", port},
				       {"dbname", "postgres"},
				       {"user", "spillway"},
				       {"sslmode", "disable"},
				       {"gssencmode", "disable"},
				       {"application_name", SW_DB_APPLICATION},
				       {"connect_timeout", "2"},
				       {spares ? "replication" : NULL, "database"},
				       {NULL, NULL}};

	return begin(rows, false);
}

/* False when there is no more time. */
static bool await(const PGconn *conn, enum sw_ping_state state, uint64_t until_ns)
{
	struct pollfd wait = {.fd = PQsocket(conn),
			      .events = state == SW_PING_READS ? POLLIN : POLLOUT};
	uint64_t now_ns = sw_clock_monotonic_ns();

	return now_ns < until_ns && poll(&wait, 1, (int)((until_ns - now_ns) / SW_NS_PER_MS)) > 0;
}

/* Beyond the connection itself: somebody took it. */
static bool is_connected(const PGconn *conn)
{
	return PQstatus(conn) != CONNECTION_BAD && PQstatus(conn) != CONNECTION_NEEDED &&
	       PQstatus(conn) != CONNECTION_STARTED;
}

/*
 * True where the way is right, and nobody at its end: refused, or hung up on. libpq has no other word for an
 * error than its text, which is English in a process without setlocale().
 */
static bool is_absent(const PGconn *conn)
{
	const char *message = PQerrorMessage(conn);

	return strstr(message, strerror(ECONNREFUSED)) || strstr(message, strerror(ECONNRESET)) ||
	       strstr(message, "server closed the connection unexpectedly");
}

/* The first line of what libpq says. */
static void explain(const PGconn *conn, bool in_time, struct answer *out)
{
	const char *message = !conn	 ? "out of memory"
			      : !in_time ? "no answer in time"
					 : PQerrorMessage(conn);

	snprintf(out->why, sizeof(out->why), "%.*s", (int)strcspn(message, "\n"), message);
}

/* In a child: all steps, each waited for. */
static void ask_by(const char *conninfo, bool spares, struct answer *out)
{
	const char *const rows[][2] = {{"dbname", conninfo},
				       {"application_name", SW_DB_APPLICATION},
				       {"connect_timeout", "2"},
				       {spares ? "replication" : NULL, "database"},
				       {NULL, NULL}};
	PGconn *conn = begin(rows, true);
	enum sw_ping_state state = conn ? SW_PING_WRITES : SW_PING_SILENT;
	uint64_t until_ns = sw_clock_monotonic_ns() + PATIENCE_MS * SW_NS_PER_MS;
	bool in_time = true, is_there = false;

	if (conn && PQstatus(conn) == CONNECTION_BAD)
		state = failed(conn);
	while (state == SW_PING_READS || state == SW_PING_WRITES) {
		is_there = is_connected(conn);
		in_time = await(conn, state, until_ns);
		state = in_time ? step(conn) : SW_PING_SILENT;
	}
	if (state == SW_PING_SILENT && (in_time ? !conn || !is_absent(conn) : !is_there))
		state = SW_PING_ASTRAY;
	out->what = state;
	if (state == SW_PING_SILENT || state == SW_PING_ASTRAY)
		explain(conn, in_time, out);
	PQfinish(conn);
}

static void ask_plainly(const char *conninfo, void *answer)
{
	ask_by(conninfo, false, answer);
}

static void ask_sparingly(const char *conninfo, void *answer)
{
	ask_by(conninfo, true, answer);
}

struct sw_ping *sw_ping_start(const char *conninfo, const char *host, const char *port, bool spares)
{
	struct sw_ping *ping = calloc(1, sizeof(*ping));

	if (!ping)
		return NULL;
	if (conninfo ? !sw_child_start(&ping->child, spares ? ask_sparingly : ask_plainly,
				       sizeof(ping->answer), conninfo)
		     : (ping->conn = begin_at(host, port, spares)) != NULL)
		return ping;
	free(ping);
	return NULL;
}

static enum sw_ping_state go_astray(struct sw_ping *ping, const char *why)
{
	snprintf(ping->answer.why, sizeof(ping->answer.why), "%s", why);
	return SW_PING_ASTRAY;
}

static enum sw_ping_state step_of_child(struct sw_ping *ping)
{
	int failed = sw_child_answer(&ping->child, &ping->answer, sizeof(ping->answer));

	if (failed == -EAGAIN)
		return SW_PING_READS;
	if (failed)
		return go_astray(ping, "the process that asked died");
	return (enum sw_ping_state)ping->answer.what;
}

enum sw_ping_state sw_ping_give_up(struct sw_ping *ping)
{
	return ping->conn ? SW_PING_SILENT : go_astray(ping, "the resolver does not answer");
}

const char *sw_ping_why(const struct sw_ping *ping)
{
	return ping->answer.why;
}

enum sw_ping_state sw_ping_step(struct sw_ping *ping)
{
	if (!ping->conn)
		return step_of_child(ping);
	if (!ping->started && PQstatus(ping->conn) != CONNECTION_BAD) {
		ping->started = true;
		return SW_PING_WRITES;
	}
	return step(ping->conn);
}

int sw_ping_fd(const struct sw_ping *ping)
{
	return ping->conn ? PQsocket(ping->conn) : ping->child.fd;
}

void sw_ping_free(struct sw_ping *ping)
{
	if (!ping)
		return;
	PQfinish(ping->conn);
	sw_child_end(&ping->child);
	free(ping);
}
