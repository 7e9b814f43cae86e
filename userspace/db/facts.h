/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a PostgreSQL says of itself: how many connections it may have, and which it has. Asked over a
 * kept connection (db/session.h) by daemon/monitor.c. PostgreSQL 12 and later; what a version lacks is asked
 * for in a way that it can answer.
 */
#ifndef SW_DB_FACTS_H
#define SW_DB_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/error.h"
#include "db/session.h"

/* pg_stat_activity.state, in its order of words in db/facts.c. */
enum sw_backend_state {
	SW_BACKEND_UNKNOWN, /* it starts, or says nothing */
	SW_BACKEND_ACTIVE,
	SW_BACKEND_IDLE,
	SW_BACKEND_IN_TRANSACTION,
	SW_BACKEND_ABORTED, /* in a transaction that failed */
	SW_BACKEND_FASTPATH,
	SW_BACKEND_STATES,
};

/* What a session waits for, as far as it matters. */
enum sw_backend_wait {
	SW_BACKEND_RUNS,
	SW_BACKEND_WAITS_FOR_OTHERS, /* a lock, a latch, a buffer that is pinned */
	SW_BACKEND_WAITS_FOR_CLIENT,
	SW_BACKEND_WAITS_OTHERWISE, /* for its disk, a parallel worker, a time that it sleeps */
};

struct sw_backend {
	int32_t pid;
	uint64_t started_us; /* by the database's clock; with the pid it names the backend */
	struct sw_addr client;
	uint16_t client_port; /* 0: a Unix socket */
	enum sw_backend_state state;
	enum sw_backend_wait wait;
	bool is_walsender;
	bool is_superuser;
	bool is_own; /* this daemon's, by its name and role: whichever service it is for, the one that asks too */
	uint64_t in_state_ms;
};

struct sw_facts {
	uint32_t max_connections;
	uint32_t superuser_reserved;
	uint32_t reserved;
	uint64_t
		server_started_us; /* by its clock, when it was started last; no two databases have the same */
	uint64_t transactions; /* ended so far, in all databases; this question's counts as well */
	int32_t own_pid;
	bool sees_all;	 /* the role may read what others do: pg_monitor, or pg_read_all_stats */
	bool may_signal; /* it may end other roles' sessions: pg_signal_backend */
	struct sw_addr own_addr; /* where the database sees this connection come from */
	bool is_unix;		 /* by a Unix socket; own_addr is unset */
	char role[64];		 /* by which it was asked */
	struct sw_backend *backends;
	size_t count;
};

/* For sw_session_ask(). */
extern const char sw_facts_sql[];

/* Out of the session's answer. 0, or -EPROTO with err, and *out untouched. */
int sw_facts_read(const struct sw_session *session, struct sw_facts *out, struct sw_error *err);
void sw_facts_free(struct sw_facts *facts);

/* "idle in transaction" and so on, as pg_stat_activity has it; "unknown". */
const char *sw_facts_state_name(enum sw_backend_state state);

#endif
