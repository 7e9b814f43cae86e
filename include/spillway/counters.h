/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is counted per service beside the verdicts, one row each. BPF bumps them by id; the metrics
 * page, the CLI and the check of the manuals walk the rows. Values are indices: append only.
 */
#ifndef SPILLWAY_COUNTERS_H
#define SPILLWAY_COUNTERS_H

/* ROW(id, name, help) */
#define SW_COUNTERS(ROW)                                                                           \
	ROW(RETRANSMITS, "retransmits", "SYNs that repeat one already decided")                    \
	ROW(OVERCOMMITTED, "overcommitted", "connections completed after their slot had expired")  \
	ROW(OVER_BUDGET, "over_budget", "slots given beyond the budget to classes that allow all") \
	ROW(EXPIRED, "expired", "reserved slots freed because no handshake followed in time")      \
	ROW(DRIFT, "drift", "differences between the flows and the kernel's sockets")              \
	ROW(WAKEUPS_LOST, "wakeups_lost", "free slots found by the timer, not by their wakeup")    \
	ROW(MALFORMED, "malformed", "SYNs with an impossible TCP header, dropped")                 \
	ROW(FRAGMENTED, "fragmented", "SYNs in IP fragments, dropped")                             \
	ROW(UNANSWERABLE, "unanswerable", "refusals dropped: the frame could not be answered")     \
	ROW(STEERED, "steered", "SYNs given to another listener than the one addressed")           \
	ROW(STEER_COOKIES, "steer_cookies", "SYN-cookie ACKs given to the steered listener")       \
	ROW(STEER_LOST, "steer_lost", "steered SYNs dropped: the listener went away meanwhile")    \
	ROW(CONTENDED, "contended", "verdicts made harsher by too many CPUs at one count")         \
	ROW(ADOPTED, "adopted", "connections older than the gate that were given a slot")          \
	ROW(HANDSHAKE_RESETS, "handshake_resets",                                                  \
	    "reserved slots freed by a RST in the handshake")                                      \
	ROW(FLOWS_FULL, "flows_full", "SYNs turned away because the table of flows was full")      \
	ROW(SOURCES_FULL, "sources_full",                                                          \
	    "SYNs turned away, or late connections not counted: the table of sources was full")    \
	ROW(WAIT_ADMITTED, "wait_admitted", "waiters that got a direct slot")                      \
	ROW(WAIT_STEERED, "wait_steered", "waiters that got a place at the pooler")                \
	ROW(WAIT_TIMED_OUT, "wait_timed_out", "waiters that waited as long as they might")         \
	ROW(WAIT_ABANDONED, "wait_abandoned", "waiters whose client gave up")                      \
	ROW(WAIT_REPEATED, "wait_repeated", "SYNs of waiters, repeated by their clients")          \
	ROW(WAIT_COPY_LOST, "wait_copy_lost",                                                      \
	    "copies of waiting SYNs that the daemon had no room for; a repetition brings another") \
	ROW(RELEASED_UNSENT, "released_unsent",                                                    \
	    "waiters let in whose SYN the kernel did not take again: their next one gets in")      \
	ROW(CANCELS_HANDED_ON, "cancels_handed_on",                                                \
	    "cancel requests given to the service's other listener as well")                       \
	ROW(CANCELS_LOST, "cancels_lost",                                                          \
	    "cancel requests that were too many or too late to be given to the other listener")    \
	ROW(EVICTED, "evicted", "idle sessions that were ended for those who waited")              \
	ROW(UNANSWERED, "unanswered",                                                              \
	    "slots freed of connections closed on this side whose client did not answer")          \
	ROW(REFUSALS_TOLD, "refusals_told", "refused clients that were told why")                  \
	ROW(REFUSALS_RESET, "refusals_reset",                                                      \
	    "refused clients cut off: they said what no message can answer")                       \
	ROW(EVENTS_UNTOLD, "events_untold",                                                        \
	    "decisions that events was not told of: too many in that second")                      \
	ROW(ENDS_UNTOLD, "ends_untold",                                                            \
	    "ends of connections that record was not told of: too many in that second")

enum sw_counter {
#define SW_COUNTER_ID(id, name, help) SW_COUNTER_##id,
	SW_COUNTERS(SW_COUNTER_ID)
#undef SW_COUNTER_ID
		SW_COUNTER_COUNT,
};

#endif
