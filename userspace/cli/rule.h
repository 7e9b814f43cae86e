/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What allow, deny and forget have in common: a network, a service, a duration. Used by those three verbs.
 */
#ifndef SW_CLI_RULE_H
#define SW_CLI_RULE_H

#include "cli/args.h"

int sw_rule_request(const struct sw_args *args, json_t *out, struct sw_error *err);
int sw_rule_render(const struct sw_cli *cli, const json_t *result);

#endif
