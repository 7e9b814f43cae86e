/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See share.h.
 */
#include "policy/share.h"

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* How many come before it when a slot is left over. */
static size_t rank_of(const struct sw_sharer *sharers, size_t count, size_t which)
{
	size_t rank = 0;

	for (size_t i = 0; i < count; i++)
		rank += sharers[i].used < sharers[which].used ||
			(sharers[i].used == sharers[which].used && i < which);
	return rank;
}

static uint32_t part_of(uint32_t free, const struct sw_sharer *sharers, size_t count, size_t which)
{
	const struct sw_sharer *sharer = &sharers[which];
	uint32_t part = sharer->used + free / (uint32_t)count +
			(rank_of(sharers, count, which) < free % count);

	if (sharer->is_fixed)
		return larger(sharer->budget, sharer->used);
	return sharer->bound && part > sharer->bound ? larger(sharer->bound, sharer->used) : part;
}

uint32_t sw_share_of(uint32_t room, const struct sw_sharer *sharers, size_t count, size_t me)
{
	uint64_t used = 0, parts = 0, in_force = 0, others;

	for (size_t i = 0; i < count; i++)
		used += sharers[i].used;
	for (size_t i = 0; i < count; i++) {
		if (i == me)
			continue;
		parts += part_of(room > used ? room - (uint32_t)used : 0, sharers, count, i);
		in_force += larger(sharers[i].budget, sharers[i].used);
	}
	others = parts > in_force ? parts : in_force;
	return others < room ? room - (uint32_t)others : 0;
}
