/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking a PostgreSQL whether it takes connections, as PQping() does, but without waiting: the caller
 * waits for the descriptor. It costs the database a fork, and a connection for some milliseconds.
 */
#ifndef SW_DB_PING_H
#define SW_DB_PING_H

#include <stdbool.h>

enum sw_ping_state {
	SW_PING_READS,	 /* step again when the descriptor is readable */
	SW_PING_WRITES,	 /* likewise writable */
	SW_PING_SERVES,	 /* it answered; whether it would let this role in is another matter */
	SW_PING_REJECTS, /* it says that it starts, recovers or shuts down (57P03) */
	SW_PING_SILENT,	 /* nobody there, or no answer */
	SW_PING_ASTRAY, /* by a conninfo only: it leads to no database (name, route, an option); all may be well */
};

struct sw_ping;

/*
 * conninfo as libpq takes it, asked by a child; NULL: host, an address, and port. spares: takes no place of
 * max_connections, where it could be the one that a client then misses (53300), at the price of an error in
 * the database's log. NULL: no memory, no process.
 */
struct sw_ping *sw_ping_start(const char *conninfo, const char *host, const char *port,
			      bool spares);
enum sw_ping_state sw_ping_step(struct sw_ping *ping);
int sw_ping_fd(const struct sw_ping *ping); /* may change with each step */
/* Whoever asks by a conninfo does not want to wait any longer: only a resolver takes so long. */
enum sw_ping_state sw_ping_give_up(struct sw_ping *ping);
/* Why a conninfo brought no answer, one line. */
const char *sw_ping_why(const struct sw_ping *ping);
void sw_ping_free(struct sw_ping *ping); /* NULL is fine */

#endif
