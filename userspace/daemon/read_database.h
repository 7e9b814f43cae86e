/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What status and explain tell of a service's database, and of how its budget came about.
 */
#ifndef SW_DAEMON_READ_DATABASE_H
#define SW_DAEMON_READ_DATABASE_H

#include <jansson.h>

#include "daemon/daemon.h"
#include "daemon/ready.h"
#include "kern/listeners.h"
#include "policy/budget.h"
#include "policy/plan.h"

/*
 * {"up","why","max_connections","backends","states","walsenders","probe_ms","error"}: `why` it is not up, one of
 * the names below, or null. listeners: NULL where the kernel does not tell.
 */
json_t *sw_read_database_json(const struct sw_daemon *daemon, const struct sw_plan_service *service,
			      const struct sw_listeners *listeners);

/* "turns_away"; NULL for SW_READY_SERVES. */
const char *sw_read_database_why(enum sw_ready_state state);

/* What explain says of it, added to its result: "budget" and its terms, "database", "evicted", "unanswered". */
void sw_read_database_explain(const struct sw_daemon *daemon, const struct sw_plan_service *service,
			      json_t *result);

/* Each term of the budget by its name; null where it is fixed, or the database has not answered yet. */
json_t *sw_read_budget_terms_json(const struct sw_daemon *daemon, uint32_t service);

/*
 * What an adaptive budget is made of: {"floor","ceiling","frozen","state","gradient","cuts","at_work","waiting",
 * "signals":{NAME:{"now_ms"?,"usual_ms"?,"ratio"}}}; null as above.
 */
json_t *sw_read_adaptive_json(const struct sw_daemon *daemon, uint32_t service);

/* each(arg, name, value) for every term, in the order of the sum; what lowers the budget is negative. */
void sw_read_budget_terms(const struct sw_budget_terms *terms,
			  void (*each)(void *arg, const char *name, int64_t value), void *arg);

#endif
