/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts of two looks are taken together: what ends at once may lie on both sides of one.
 */
#include "policy/endings.h"

/* Whose end together tells nothing. */
#define FEW 4
/* More than that many times what is usual is not. */
#define UNUSUAL 3
/* Of the average, in looks. */
#define LOOKS 8

static bool are_many(const struct sw_endings *endings, uint32_t ended)
{
	uint32_t open = endings->open > endings->open_before ? endings->open : endings->open_before;

	return ended >= FEW && ended >= open - open / 4 && ended > 2 * UNUSUAL * endings->usual;
}

bool sw_endings_look(struct sw_endings *endings, uint64_t so_far, uint32_t open)
{
	uint64_t since = so_far - endings->so_far;
	uint32_t ended = since < UINT32_MAX ? (uint32_t)since : UINT32_MAX;
	bool many;

	/* They begin anew for another service with that number. */
	if (!endings->is_known || so_far < endings->so_far) {
		*endings = (struct sw_endings){.is_known = true, .so_far = so_far, .open = open};
		return false;
	}
	if (ended > UINT32_MAX - endings->last)
		ended = UINT32_MAX - endings->last;
	many = are_many(endings, endings->last + ended);
	endings->usual += (ended - endings->usual) / LOOKS;
	endings->last = many ? 0 : ended;
	endings->so_far = so_far;
	endings->open_before = endings->open;
	endings->open = open;
	return many;
}
