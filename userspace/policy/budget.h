/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many direct connections a database has room for: `budget.mode: auto`, as arithmetic alone. Used by
 * daemon/monitor*.c, which asks the database, and shown term by term by status, metrics and explain.
 */
#ifndef SW_POLICY_BUDGET_H
#define SW_POLICY_BUDGET_H

#include <stddef.h>
#include <stdint.h>

/* Whose a connection inside the database is. */
enum sw_backend_origin {
	SW_BACKEND_GATE,      /* it came through the gate and holds a slot */
	SW_BACKEND_UNIX,      /* by a Unix socket of the database's host */
	SW_BACKEND_LOCAL,     /* by TCP from this host: a pooler's, as a rule */
	SW_BACKEND_ELSEWHERE, /* by TCP past the gate */
	SW_BACKEND_MONITOR,   /* the daemon's own, and those of its other services there */
	SW_BACKEND_ORIGINS,
};

/* What a budget is made of, in connections. */
struct sw_budget_terms {
	uint32_t max_connections;
	uint32_t superuser_reserved;
	uint32_t reserved;		       /* reserved_connections, PostgreSQL 16 and later */
	uint32_t backends[SW_BACKEND_ORIGINS]; /* each takes one of max_connections */
	/*
	 * Through the gate as well, with a slot each, but not out of max_connections: replication has places
	 * of its own (max_wal_senders) since PostgreSQL 12.
	 */
	uint32_t gate_walsenders;
	uint32_t
		lately; /* that came past the gate were there within SW_BUDGET_LATELY_S, and are not now */
	uint32_t neighbours; /* of what is left, for the other services at this database */
	uint32_t headroom;
	uint32_t bound; /* budget.direct; 0: none */
};

/*
 * Who comes past the gate for moments only is seen in some looks and not in others, and may be back at any time: the
 * most of the last seconds count. An exact sliding window in steps of a second.
 */
#define SW_BUDGET_LATELY_S 10

struct sw_budget_recent {
	uint64_t second[SW_BUDGET_LATELY_S];
	uint32_t most[SW_BUDGET_LATELY_S];
};

/* Sets terms->lately. now_s: any clock that goes on. */
void sw_budget_remember(struct sw_budget_recent *recent, uint64_t now_s,
			struct sw_budget_terms *terms);

/* So many of them came through the gate after all, and will not be back. */
void sw_budget_forget(struct sw_budget_recent *recent, uint32_t count);

/* Backends that did not come through the gate. */
uint64_t sw_budget_others(const struct sw_budget_terms *terms);

/*
 * max_connections - superuser_reserved - reserved - others - lately - neighbours - headroom + gate_walsenders, at least 0,
 * at most the bound. Other users than superusers are refused (53300) as soon as no more places are free than
 * are reserved, whoever holds them (InitPostgres), so reserved places count as taken in any case.
 */
uint32_t sw_budget_auto(const struct sw_budget_terms *terms);

#endif
