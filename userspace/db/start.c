/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See start.h. This process has one thread, so nobody else looks at the environment meanwhile; its children are to have
 * all of it.
 */
#include "db/start.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"

#define SERVICE "PGSERVICE"

static void on_notice(void *arg, const char *message)
{
	(void)arg;
	sw_log_debug("the database says: %.*s", (int)strcspn(message, "\n"), message);
}

void sw_db_hear_notices(PGconn *conn)
{
	PQsetNoticeProcessor(conn, on_notice, NULL);
}

PGconn *sw_db_start(const char *const *keys, const char *const *values, bool is_conninfo)
{
	const char *said = getenv(SERVICE);
	char *service = said ? strdup(said) : NULL;
	PGconn *conn;

	if (said && !service)
		return NULL;
	unsetenv(SERVICE);
	conn = PQconnectStartParams(keys, values, is_conninfo);
	sw_db_hear_notices(conn);
	if (service)
		setenv(SERVICE, service, 1);
	free(service);
	return conn;
}
