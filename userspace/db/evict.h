/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ending sessions that are idle, over a kept connection (db/session.h). Which, is daemon/monitor_evict.c's to
 * say.
 */
#ifndef SW_DB_EVICT_H
#define SW_DB_EVICT_H

#include <stddef.h>
#include <stdint.h>

#include "db/facts.h"

/*
 * The question that ends them. Only who is still what he was when he was chosen: a session that has begun to
 * work meanwhile, or a pid that has gone to another, is let be. NULL: no memory; the caller frees.
 */
char *sw_evict_sql(const struct sw_backend *chosen, size_t count, uint64_t idle_ms);

struct sw_evicted {
	const char *client; /* as the database writes it; gone with the next question */
	const char *port;
	double idle_s;
};

/* each() for every session that was ended; how many. */
size_t sw_evict_read(const struct sw_session *session,
		     void (*each)(void *arg, const struct sw_evicted *evicted), void *arg);

#endif
