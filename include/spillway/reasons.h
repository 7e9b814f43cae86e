/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Why a connection went where it went: the reason the lane before did not take it, one row each.
 * The names are labels of spillway_verdicts_total and the "reason" of `spillway explain`.
 * Values are indices into a map: append, never reorder.
 */
#ifndef SPILLWAY_REASONS_H
#define SPILLWAY_REASONS_H

/* ROW(id, name, help) */
#define SW_REASONS(ROW)                                                                            \
	ROW(FIRST, "first", "the first lane of its chain had room")                                \
	ROW(ACTION, "action", "its class has one fixed answer for everybody")                      \
	ROW(RATE, "rate", "the source is over its rate")                                           \
	ROW(SOURCE_LIVE, "connections_per_source", "the source has all connections it may have")   \
	ROW(SOURCE_DIRECT, "direct_per_source", "the source has all direct slots it may have")     \
	ROW(CLASS_DIRECT, "max_direct", "the class has all direct slots it may have")              \
	ROW(BUDGET, "budget", "every slot that the class may use is taken")                        \
	ROW(NO_LISTENER, "no_listener", "nothing listens for the direct lane")                     \
	ROW(NO_POOLER, "no_pooler", "the service has no pooler address")                           \
	ROW(POOLER_FULL, "pooler_full", "the pooler has max_connections")                          \
	ROW(POOLER_DOWN, "pooler_down", "nothing listens on the pooler's address")                 \
	ROW(PORT_REUSE, "port_reuse", "the client's port is in TIME_WAIT here: not to be steered") \
	ROW(NO_QUEUE, "no_queue", "nobody would let a waiter in: the daemon is gone")              \
	ROW(FLOWS_FULL, "flows_full", "the table of flows has no room")                            \
	ROW(SOURCES_FULL, "sources_full", "the table of sources has no room")                      \
	ROW(CONTENDED, "contended", "too many CPUs changed one count at once")                     \
	ROW(DAEMON_LOST, "daemon_lost", "the daemon is gone and on_daemon_loss says so")           \
	ROW(UNSTEERABLE, "unsteerable",                                                            \
	    "the listener's SO_REUSEPORT needs Linux 6.6 to be steered to")                        \
	ROW(HALF_OPEN, "half_open",                                                                \
	    "too many handshakes are incomplete, and the source has one or is new")                \
	ROW(SOURCE_HALF_OPEN, "half_open_per_source",                                              \
	    "the source has all incomplete handshakes it may have")                                \
	ROW(PAUSED, "paused", "the service is paused")                                             \
	ROW(NOT_READY, "not_ready", "the database says that it does not serve at the moment")      \
	ROW(WAITERS, "waiters", "others were there before and wait")                               \
	ROW(QUEUE_FULL, "queue_full", "max_waiting wait already")                                  \
	ROW(QUEUE_SOURCE, "max_waiting_per_source", "as many of the source wait as may")           \
	ROW(UNPARKABLE, "unparkable", "a SYN with data, or too long to be kept")                   \
	ROW(CHECKSUM, "checksum", "the SYN's checksum is wrong: the kernel would drop it")         \
	ROW(QUEUE_TIMEOUT, "max_wait", "it has waited as long as it may")

enum sw_reason {
#define SW_REASON_ID(id, name, help) SW_REASON_##id,
	SW_REASONS(SW_REASON_ID)
#undef SW_REASON_ID
		SW_REASON_COUNT,
};

#endif
