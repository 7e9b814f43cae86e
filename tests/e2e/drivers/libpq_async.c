/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libpq as programs with an event loop use it: connects by PQconnectPoll(), which never waits, and prints what
 * became of it. libpq_async CONNINFO; called by tests/e2e/drivers.bats.
 */
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* Waits until the socket is ready for what libpq wants of it next. */
static int wait_for(const PGconn *conn, PostgresPollingStatusType wanted)
{
	struct pollfd socket = {
		.fd = PQsocket(conn),
		.events = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT,
	};

	return poll(&socket, 1, -1) < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
	PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;
	PGconn *conn = argc == 2 ? PQconnectStart(argv[1]) : NULL;
	int failed = 0;

	if (!conn) {
		fprintf(stderr, "usage: libpq_async CONNINFO\n");
		return 2;
	}
	/* With the SQLSTATE, which libpq gives in no other way of what went wrong before a connection is there. */
	PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
	if (PQstatus(conn) == CONNECTION_BAD)
		wanted = PGRES_POLLING_FAILED;
	while (!failed && (wanted == PGRES_POLLING_READING || wanted == PGRES_POLLING_WRITING)) {
		failed = wait_for(conn, wanted);
		wanted = PQconnectPoll(conn);
	}
	if (failed)
		fprintf(stderr, "libpq_async: poll: %s\n", strerror(-failed));
	else if (wanted == PGRES_POLLING_OK)
		puts("connected");
	else
		fputs(PQerrorMessage(conn), stdout);
	PQfinish(conn);
	return failed || wanted != PGRES_POLLING_OK;
}
