/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conversation of one client with its server, from the first byte sent to the last answer.
 * Called by attempt.c; it changes the client's state or fails it, and frees nothing.
 */
#ifndef STORM_SESSION_H
#define STORM_SESSION_H

#include "client.h"

/* TCP is up: sends the first message. */
void sw_session_begin(struct sw_storm *storm, struct sw_client *client);

/* The server sent these bytes. */
void sw_session_receive(struct sw_storm *storm, struct sw_client *client, const uint8_t *data,
			size_t length);

/* The next query, due at due_ns, is sent. */
void sw_session_ask(struct sw_storm *storm, struct sw_client *client, uint64_t due_ns);

/* The server closed the connection. */
void sw_session_end(struct sw_storm *storm, struct sw_client *client);

#endif
