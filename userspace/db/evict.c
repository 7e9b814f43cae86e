/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See evict.h. Nothing but numbers goes into the text.
 */
#include "db/evict.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

/* ",(2147483647,18446744073709551615)" */
#define ROW_TEXT 36

static const char head[] =
	"SELECT host(client_addr), client_port, pg_terminate_backend(pid), "
	"extract(epoch from clock_timestamp() - state_change) FROM pg_stat_activity "
	"WHERE state = 'idle' AND state_change <= clock_timestamp() - interval '%" PRIu64
	" milliseconds' AND (pid, (extract(epoch from backend_start) * 1000000)::bigint) IN (";

char *sw_evict_sql(const struct sw_backend *chosen, size_t count, uint64_t idle_ms)
{
	size_t size = sizeof(head) + 24 + count * ROW_TEXT, used;
	char *text = malloc(size);

	if (!text)
		return NULL;
	used = (size_t)snprintf(text, size, head, idle_ms);
	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, size - used, "%s(%d,%" PRIu64 ")",
					 i ? "," : "", chosen[i].pid, chosen[i].started_us);
	snprintf(text + used, size - used, ")");
	return text;
}

size_t sw_evict_read(const struct sw_session *session,
		     void (*each)(void *arg, const struct sw_evicted *evicted), void *arg)
{
	const PGresult *rows = sw_session_rows(session, 0);
	size_t ended = 0;

	for (int i = 0; rows && i < PQntuples(rows); i++) {
		const struct sw_evicted evicted = {
			.client = PQgetvalue(rows, i, 0),
			.port = PQgetvalue(rows, i, 1),
			.idle_s = strtod(PQgetvalue(rows, i, 3), NULL),
		};

		if (PQgetvalue(rows, i, 2)[0] != 't')
			continue;
		each(arg, &evicted);
		ended++;
	}
	return ended;
}
