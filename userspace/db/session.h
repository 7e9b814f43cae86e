/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection to a database that is kept, and one question at a time on it, without ever waiting: the
 * caller waits for the descriptor. Names are looked up by a child (db/scout.h), because libpq would wait for
 * the resolver. TLS, passwords, service files are libpq's.
 */
#ifndef SW_DB_SESSION_H
#define SW_DB_SESSION_H

#include <stddef.h>

/* What the daemon's connections call themselves in the database, whatever a conninfo says. */
#define SW_DB_APPLICATION "spillwayd"

enum sw_session_state {
	SW_SESSION_READS,    /* step again when the descriptor is readable */
	SW_SESSION_WRITES,   /* likewise writable */
	SW_SESSION_READY,    /* it may be asked something */
	SW_SESSION_ANSWERED, /* and has answered; the rows are there until it is asked again */
	SW_SESSION_LOST,     /* see sw_session_error(); only to be closed */
};

struct sw_session;
struct pg_result;

/* conninfo as libpq takes it. NULL: no memory, no process. */
struct sw_session *sw_session_open(const char *conninfo);
void sw_session_close(struct sw_session *session); /* NULL is fine */

/* To be called at once after opening and asking, and then when the descriptor says so. */
enum sw_session_state sw_session_step(struct sw_session *session);
int sw_session_fd(const struct sw_session *session); /* may change with each step */

/* Begins with it; sql may be several statements. For whom is READY or has ANSWERED. 0 or -EIO. */
int sw_session_ask(struct sw_session *session, const char *sql);

/* The rows of the n-th statement; NULL: there are none. */
const struct pg_result *sw_session_rows(const struct sw_session *session, size_t n);

/* What became of it, on one line, as the database or libpq says it. Never NULL. */
const char *sw_session_error(const struct sw_session *session);

#endif
