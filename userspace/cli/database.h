/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is to be known of a service's database, a line each: why it does not serve, whose sessions were ended. Used
 * by status and explain.
 */
#ifndef SW_CLI_DATABASE_H
#define SW_CLI_DATABASE_H

#include <jansson.h>

/* "main: the database does not serve: it turns new connections away"; nothing where all is well. */
void sw_database_print_state(const char *service, const json_t *database);

/* counts: an object with "evicted" and "unanswered"; nothing where both are 0. */
void sw_database_print_ended(const char *service, const json_t *counts);

#endif
