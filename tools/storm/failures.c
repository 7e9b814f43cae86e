/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts failures by cause. See failures.h.
 */
#include "failures.h"

#include <stdio.h>
#include <string.h>

static struct sw_failure *find_or_add(struct sw_failures *failures, const char *cause)
{
	struct sw_failure *row;

	for (size_t i = 0; i < failures->count; i++) {
		if (strcmp(failures->rows[i].cause, cause) == 0)
			return &failures->rows[i];
	}
	if (failures->count == SW_FAILURES_MAX - 1 && strcmp(cause, "other") != 0)
		return find_or_add(failures, "other");
	if (failures->count == SW_FAILURES_MAX)
		return &failures->rows[SW_FAILURES_MAX - 1];
	row = &failures->rows[failures->count++];
	snprintf(row->cause, sizeof(row->cause), "%s", cause);
	return row;
}

void sw_failures_note(struct sw_failures *failures, const char *cause, const char *fmt,
		      va_list args)
{
	struct sw_failure *row = find_or_add(failures, cause);

	if (row->count++ > 0)
		return;
	vsnprintf(row->sample, sizeof(row->sample), fmt, args);
	/* It comes from a server nobody vouches for and goes to a terminal. */
	for (char *at = row->sample; *at; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = ' ';
	}
}
