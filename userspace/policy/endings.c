/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts of some looks are taken together: what ends at once may lie on both sides of one, and takes its time where
 * the machine is busy.
 */
#include "policy/endings.h"

/* Whose end together tells nothing. */
#define FEW 4
/* More than that many times what is usual is not. */
#define UNUSUAL 3
/* Of the average, in looks. */
#define AVERAGED 8

static bool are_many(const struct sw_endings *endings)
{
	uint64_t ended = 0;
	uint32_t open = 0;

	for (unsigned int i = 0; i < SW_ENDINGS_LOOKS; i++) {
		ended += endings->looks[i].ended;
		open = endings->looks[i].open > open ? endings->looks[i].open : open;
	}
	return ended >= FEW && ended >= open - open / 4 &&
	       (double)ended > SW_ENDINGS_LOOKS * UNUSUAL * endings->usual;
}

static void begin(struct sw_endings *endings, uint64_t so_far, uint32_t open)
{
	*endings = (struct sw_endings){.is_known = true, .so_far = so_far};
	endings->looks[SW_ENDINGS_LOOKS - 1].open = open;
}

bool sw_endings_look(struct sw_endings *endings, uint64_t so_far, uint32_t open)
{
	uint64_t since = so_far - endings->so_far;
	uint32_t ended = since < UINT32_MAX ? (uint32_t)since : UINT32_MAX;
	bool many;

	/* They begin anew for another service with that number. */
	if (!endings->is_known || so_far < endings->so_far) {
		begin(endings, so_far, open);
		return false;
	}
	endings->looks[endings->next].ended = ended;
	many = are_many(endings);
	endings->looks[endings->next].open = open;
	endings->next = (endings->next + 1) % SW_ENDINGS_LOOKS;
	endings->so_far = so_far;
	endings->usual += (ended - endings->usual) / AVERAGED;
	for (unsigned int i = 0; many && i < SW_ENDINGS_LOOKS; i++)
		endings->looks[i].ended = 0;
	return many;
}
