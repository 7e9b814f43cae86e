/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that explains the command line, made from the verbs' rows. Called by main.c.
 */
#ifndef SW_CLI_USAGE_H
#define SW_CLI_USAGE_H

#include <stdio.h>

#include "cli/verb.h"

void sw_usage_all(FILE *out);
void sw_usage_verb(const struct sw_verb *verb, FILE *out);

#endif
