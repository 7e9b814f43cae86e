/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One request to the daemon over its control socket. Called by main.c.
 */
#ifndef SW_CLI_CLIENT_H
#define SW_CLI_CLIENT_H

#include <jansson.h>

#include "cli/cli.h"
#include "core/error.h"

/*
 * SW_EXIT_OK with a new reference to the reply's result, an object; otherwise what the process is to exit with, and
 * err's text. Gives up on a daemon that is silent for 5 s. SIGPIPE need not be ignored.
 */
enum sw_exit sw_client_call(const char *path, const char *verb, json_t *args, json_t **result,
			    struct sw_error *err);

#endif
