/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every verb is given, and what the process exits with. Made by main.c from the global options.
 */
#ifndef SW_CLI_CLI_H
#define SW_CLI_CLI_H

#include <stdbool.h>

#include "cli/term.h"

#define SW_CLI_SOCKET_DEFAULT "/run/spillway/spillway.sock"
#define SW_CLI_SOCKET_ENV     "SPILLWAY_SOCKET"

/* Promised to scripts. */
enum sw_exit {
	SW_EXIT_OK = 0,
	SW_EXIT_FAILED = 1,
	SW_EXIT_USAGE = 2,     /* usage or configuration */
	SW_EXIT_KERNEL = 3,    /* kernel feature or privilege missing */
	SW_EXIT_NO_DAEMON = 4, /* nobody listens on the control socket */
};

struct sw_cli {
	const char *socket_path;
	bool json;
	struct sw_term term; /* of stdout */
};

#endif
