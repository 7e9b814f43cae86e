/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See start.h. This process has one thread, so nobody else looks at the environment meanwhile; its children are to have
 * all of it.
 */
#include "db/start.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#define SERVICE "PGSERVICE"

PGconn *sw_db_start(const char *const *keys, const char *const *values, bool is_conninfo)
{
	const char *said = getenv(SERVICE);
	char *service = said ? strdup(said) : NULL;
	PGconn *conn;

	if (said && !service)
		return NULL;
	unsetenv(SERVICE);
	conn = PQconnectStartParams(keys, values, is_conninfo);
	if (service)
		setenv(SERVICE, service, 1);
	free(service);
	return conn;
}
