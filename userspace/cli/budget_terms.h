/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a budget came about, on one line. Used by status and explain.
 */
#ifndef SW_CLI_BUDGET_TERMS_H
#define SW_CLI_BUDGET_TERMS_H

#include <jansson.h>

/* "main: 17 slots = 23 max_connections - 3 superuser_reserved - 3 headroom"; nothing for a fixed budget. */
void sw_budget_terms_print(const char *service, long long slots, const json_t *terms);

#endif
