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

uint32_t sw_budget_auto(const struct sw_budget_terms *terms)
{
	int64_t room = (int64_t)terms->max_connections + terms->gate_walsenders;

	room -= (int64_t)terms->superuser_reserved + terms->reserved + terms->headroom;
	room -= (int64_t)sw_budget_others(terms);
	if (room < 0)
		room = 0;
	return terms->bound && room > terms->bound ? terms->bound : (uint32_t)room;
}
