/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See database.h.
 */
#include "cli/database.h"

#include <string.h>

#include "cli/field.h"
#include "cli/term.h"

static const char *sentence_of(const char *why)
{
	static const char *const sentences[][2] = {
		{"nobody_listens", "nobody listens there"},
		{"turns_away",
		 "it turns new connections away, as one that starts, recovers or shuts down"},
		{"silent", "it does not answer"},
		{"monitor_unanswered", "the monitor gets no answer"},
	};

	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++)
		if (!strcmp(sentences[i][0], why))
			return sentences[i][1];
	return why;
}

void sw_database_print_state(const char *service, const json_t *database)
{
	const json_t *why = json_object_get(database, "why");
	const json_t *error = json_object_get(database, "error");

	if (json_is_string(why))
		sw_term_print("%s: the database does not serve: %s\n", service,
			      sentence_of(json_string_value(why)));
	if (json_is_string(error))
		sw_term_print("%s: the database cannot be asked: %s\n", service,
			      json_string_value(error));
}

void sw_database_print_ended(const char *service, const json_t *counts)
{
	long long evicted = sw_field_int(counts, "evicted");
	long long unanswered = sw_field_int(counts, "unanswered");

	if (evicted || unanswered)
		sw_term_print(
			"%s: so far %lld idle sessions were ended for those who waited, and %lld "
			"slots were freed of clients that did not answer\n",
			service, evicted, unanswered);
}
