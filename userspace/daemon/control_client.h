/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clients of one control socket. Owned and filled by control.c.
 */
#ifndef SW_DAEMON_CONTROL_CLIENT_H
#define SW_DAEMON_CONTROL_CLIENT_H

#include <sys/queue.h>
#include <sys/time.h>
#include <sys/types.h>
#include <event2/event.h>

#include "daemon/control_request.h"

struct sw_control_client;

struct sw_control_clients {
	struct event_base *base;
	const struct sw_control_table *table;
	TAILQ_HEAD(, sw_control_client) list;
	size_t count;
	struct timeval half_line_limit; /* from a line's first byte to its newline */
};

void sw_control_clients_init(struct sw_control_clients *all, struct event_base *base,
			     const struct sw_control_table *table);

/* Takes fd over, whatever happens; uid is its peer's. */
void sw_control_client_add(struct sw_control_clients *all, int fd, uid_t uid);

/* Hangs up on everybody. */
void sw_control_clients_close(struct sw_control_clients *all);

#endif
