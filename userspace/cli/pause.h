/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What pause and resume have in common.
 */
#ifndef SW_CLI_PAUSE_H
#define SW_CLI_PAUSE_H

#include "cli/args.h"
#include "cli/verb.h"

int sw_pause_render(const struct sw_cli *cli, const json_t *result);

#endif
