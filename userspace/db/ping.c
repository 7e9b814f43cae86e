/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection attempt by libpq whose end tells what PQping() would say. libpq tells the SQLSTATE of an
 * attempt that failed only in its message; by that verbosity it is all there is behind the severity.
 */
#include "db/ping.h"

#include <ctype.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#define CANNOT_CONNECT_NOW "57P03"
#define SQLSTATE_BYTES	   5

struct sw_ping {
	PGconn *conn;
	bool started;
};

static PGconn *begin(const char *conninfo, const char *host, const char *port)
{
	const char *of_file[][2] = {{"dbname", conninfo},
				    {"fallback_application_name", "spillwayd"},
				    {"connect_timeout", "2"},
				    {NULL, NULL}};
	const char *of_address[][2] = {{"hostaddr", host},
				       {"port", port},
				       {"dbname", "postgres"},
				       {"user", "spillway"},
				       {"sslmode", "disable"},
				       {"gssencmode", "disable"},
				       {"application_name", "spillwayd"},
				       {"connect_timeout", "2"},
				       {NULL, NULL}};
	const char *(*from)[2] = conninfo ? of_file : of_address;
	const char *keys[16], *values[16];
	size_t i = 0;

	for (; from[i][0]; i++) {
		keys[i] = from[i][0];
		values[i] = from[i][1];
	}
	keys[i] = values[i] = NULL;
	return PQconnectStartParams(keys, values, conninfo != NULL);
}

struct sw_ping *sw_ping_start(const char *conninfo, const char *host, const char *port)
{
	struct sw_ping *ping = calloc(1, sizeof(*ping));

	if (!ping)
		return NULL;
	ping->conn = begin(conninfo, host, port);
	if (!ping->conn) {
		free(ping);
		return NULL;
	}
	PQsetErrorVerbosity(ping->conn, PQERRORS_SQLSTATE);
	return ping;
}

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

enum sw_ping_state sw_ping_step(struct sw_ping *ping)
{
	if (PQstatus(ping->conn) == CONNECTION_BAD)
		return failed(ping->conn);
	if (!ping->started) {
		ping->started = true;
		return SW_PING_WRITES;
	}
	switch (PQconnectPoll(ping->conn)) {
	case PGRES_POLLING_READING:
		return SW_PING_READS;
	case PGRES_POLLING_WRITING:
		return SW_PING_WRITES;
	case PGRES_POLLING_OK:
		return SW_PING_SERVES;
	default:
		return failed(ping->conn);
	}
}

int sw_ping_fd(const struct sw_ping *ping)
{
	return PQsocket(ping->conn);
}

void sw_ping_free(struct sw_ping *ping)
{
	if (!ping)
		return;
	PQfinish(ping->conn);
	free(ping);
}
