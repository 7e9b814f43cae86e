/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One live connection, and what its handlers may do to it: send, fail. It is made and freed in
 * attempt.c only, so that a handler never works on a client that is gone.
 */
#ifndef STORM_CLIENT_H
#define STORM_CLIENT_H

#include "storm.h"

/* What the client is waiting for. */
enum sw_client_state {
	SW_CLIENT_CONNECTING,
	SW_CLIENT_TLS_ANSWER,
	SW_CLIENT_LOGIN,
	SW_CLIENT_QUERY,
	SW_CLIENT_THINKING, /* --think, before the next query */
	SW_CLIENT_SERVED,   /* everything was answered; it may stay for --hold */
	SW_CLIENT_STATES,
};

struct sw_client {
	int fd;
	enum sw_client_state state;
	struct sw_record *record;
	bool ended;	    /* outcome is known: attempt.c closes and frees it */
	bool heard;	    /* the server has sent something */
	bool authenticated; /* AuthenticationOk */
	bool completed;	    /* the query's CommandComplete */
	bool renewed;	    /* a query after the first one was sent: its --timeout is to begin */
	uint32_t rounds;    /* queries that were answered */
	uint64_t query_due_ns;
	int send_error; /* errno of a failed send; what the server said before is read first */
	const uint8_t *unsent;
	size_t unsent_length;
	uint8_t *owned; /* memory behind unsent, if it is the client's own */
	struct sw_scram *scram;
	struct sw_wire_reader reader;
	uint64_t deadline_ns;
	struct sw_queue *queue;
	struct sw_client *previous, *next;
};

/* The client has failed; cause is a name scripts know, the rest its sample. Only the first counts. */
void sw_client_fail(struct sw_storm *storm, struct sw_client *client, const char *cause,
		    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The same for a system call's errno; what was tried, as "connect". */
void sw_client_fail_errno(struct sw_storm *storm, struct sw_client *client, const char *what,
			  int error);

/* Sends now what fits and the rest when the socket takes it. The message stays the caller's. */
void sw_client_send(struct sw_client *client, const struct sw_message *message);
/* The same; the message becomes the client's. */
void sw_client_send_own(struct sw_client *client, struct sw_message *message);
void sw_client_flush(struct sw_client *client);

/* "the login": for messages. */
const char *sw_client_waits_for(const struct sw_client *client);

#endif
