/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a budget came about, on a line or two. Used by status and explain.
 */
#ifndef SW_CLI_BUDGET_TERMS_H
#define SW_CLI_BUDGET_TERMS_H

#include <jansson.h>

/*
 * "main: 17 slots = 23 max_connections - 3 superuser_reserved - 3 headroom"; of an adaptive one that is the most,
 * and a second line says what it goes by. Nothing for a fixed budget.
 */
void sw_budget_terms_print(const char *service, const json_t *budget);

#endif
