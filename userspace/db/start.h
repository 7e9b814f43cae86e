/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the daemon itself, not a child of it, begins a connection: with options that are all said. And where notices go.
 * Used by db/session.c and db/ping.c.
 */
#ifndef SW_DB_START_H
#define SW_DB_START_H

#include <stdbool.h>

struct pg_conn;

/*
 * PQconnectStartParams() without PGSERVICE: libpq would read that service file, and wait for an LDAP server that it
 * may name. What a service says the scout brings (db/scout.h).
 */
struct pg_conn *sw_db_start(const char *const *keys, const char *const *values, bool is_conninfo);

/*
 * A database may greet all who connect with a warning, as where its collation has another version by now. libpq would
 * put that on stderr each time; it goes to the log, at debug. sw_db_start() has seen to it.
 */
void sw_db_hear_notices(struct pg_conn *conn);

#endif
