/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One request line in, one reply line out: parsing, access, dispatch, error codes.
 * Called by control.c for each line; touches no socket.
 */
#ifndef SW_DAEMON_CONTROL_REQUEST_H
#define SW_DAEMON_CONTROL_REQUEST_H

#include <stddef.h>
#include <sys/types.h>

#include "daemon/control.h"

struct sw_control_table {
	const struct sw_control_verb *verbs;
	size_t count;
	void *daemon;
	const struct sw_control_rules *rules; /* NULL: none */
};

/* A reply line with its newline, to be freed; NULL when out of memory. uid is the peer's, as the kernel told it. */
char *sw_control_answer(const struct sw_control_table *table, uid_t uid, const char *line,
			size_t length);

/* The reply line for an error that has no request: code is the exit code the client is to end with. */
char *sw_control_refusal(int code, const char *message);

#endif
