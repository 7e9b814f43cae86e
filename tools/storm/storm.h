/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A running storm: what all its clients share, and what is written down about each. Made by main.c,
 * driven by loop.c, read by stats.c and the reports once it is over. All times are of
 * CLOCK_MONOTONIC; 0 means that it did not happen.
 */
#ifndef STORM_STORM_H
#define STORM_STORM_H

#include <stdbool.h>
#include <stdint.h>

#include "failures.h"
#include "options.h"
#include "scram.h"
#include "wire.h"

struct sw_client;

enum sw_outcome {
	SW_OUTCOME_NOT_STARTED,
	SW_OUTCOME_UNFINISHED, /* in flight, or was when the storm was interrupted */
	SW_OUTCOME_SUCCEEDED,
	SW_OUTCOME_FAILED,
};

/* What one client experienced in one connection. */
struct sw_record {
	uint64_t due_ns; /* when it wanted to connect, whatever kept it from doing so */
	uint64_t
		ready_ns; /* when only this process kept it: then, or when --max-in-flight had room */
	uint64_t start_ns; /* just before connect() */
	uint64_t
		from_ns; /* what its latencies count from: due_ns with --connect-rate, else start_ns */
	uint64_t connected_ns; /* the handshake was seen to be complete */
	uint64_t login_ns;     /* first ReadyForQuery */
	uint64_t answered_ns;  /* ReadyForQuery of the last query; with --no-query the first one */
	uint64_t done_ns;      /* just before close() */
	enum sw_outcome outcome;
};

/* Clients in the order in which their time runs out: all waits of a queue are equally long. */
struct sw_queue {
	struct sw_client *first, *last;
};

struct sw_tally {
	uint32_t launched, succeeded, failed;
	uint32_t in_flight, connected, logged_in; /* now */
	uint32_t peak_in_flight, peak_connected, peak_logged_in;
	uint32_t deferred; /* launched late because of max_in_flight */
	uint64_t queries;  /* answered */
};

/*
 * Who connects next: the clients in order of arrival, and those that come again (--reconnect), who all
 * stay away for equally long. A client is in the ring once at most.
 */
struct sw_arrivals {
	uint32_t arrived;		    /* clients that came for the first time */
	uint32_t *ring, first, count, room; /* connections that are due again */
};

/* The messages that are the same for all clients. */
struct sw_messages {
	struct sw_message ssl_request, startup, query, terminate;
};

struct sw_storm {
	const struct sw_options *options;
	struct sw_messages messages;
	struct sw_scram_keys scram_keys;
	uint32_t *source_of; /* each client's address number; NULL: the kernel chooses addresses */
	uint32_t sources_used; /* how many different ones */
	uint32_t
		connections; /* in all: one per client, with --reconnect one per client and round */
	struct sw_record *records; /* each; client n's are n, n + clients, n + 2 * clients... */
	uint64_t *query_ns; /* how long each answered query took since it was due, as they came */
	struct sw_failures failures;
	struct sw_tally tally;
	struct sw_arrivals arrivals;
	struct sw_queue waiting;  /* for an answer: --timeout */
	struct sw_queue thinking; /* --think, in the connection */
	struct sw_queue holding;  /* --hold */
	uint64_t room_since_ns;	  /* when max_in_flight last let somebody in again */
	int epoll_fd;
	bool interrupted;
	uint64_t start_ns, end_ns;
	uint64_t cpu_ns;	  /* user and system time of this process in between */
	uint64_t longest_pass_ns; /* the loop's longest time away from epoll */
	uint8_t received[65536];  /* what the client being served has just read */
};

#endif
