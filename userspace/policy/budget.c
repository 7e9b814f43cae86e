/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See budget.h.
 */
#include "policy/budget.h"

uint64_t sw_budget_others(const struct sw_budget_terms *terms)
{
	uint64_t others = 0;

	for (int origin = 0; origin < SW_BACKEND_ORIGINS; origin++)
		if (origin != SW_BACKEND_GATE)
			others += terms->backends[origin];
	return others;
}

void sw_budget_remember(struct sw_budget_recent *recent, uint64_t now_s,
			struct sw_budget_terms *terms)
{
	const uint32_t *backends = terms->backends;
	uint32_t now = backends[SW_BACKEND_UNIX] + backends[SW_BACKEND_LOCAL] +
		       backends[SW_BACKEND_ELSEWHERE];
	size_t at = now_s % SW_BUDGET_LATELY_S;
	uint32_t most = now;

	if (recent->second[at] != now_s)
		recent->most[at] = 0;
	recent->second[at] = now_s;
	if (recent->most[at] < now)
		recent->most[at] = now;
	for (size_t i = 0; i < SW_BUDGET_LATELY_S; i++)
		if (recent->second[i] + SW_BUDGET_LATELY_S > now_s && recent->most[i] > most)
			most = recent->most[i];
	terms->lately = most - now;
}

void sw_budget_forget(struct sw_budget_recent *recent, uint32_t count)
{
	for (size_t i = 0; i < SW_BUDGET_LATELY_S; i++)
		recent->most[i] -= recent->most[i] < count ? recent->most[i] : count;
}

uint32_t sw_budget_auto(const struct sw_budget_terms *terms)
{
	int64_t room = (int64_t)terms->max_connections + terms->gate_walsenders;

	room -= (int64_t)terms->superuser_reserved + terms->reserved + terms->headroom +
		terms->neighbours;
	room -= (int64_t)sw_budget_others(terms) + terms->lately;
	if (room < 0)
		room = 0;
	return terms->bound && room > terms->bound ? terms->bound : (uint32_t)room;
}
