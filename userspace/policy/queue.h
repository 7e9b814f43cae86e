/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The waiting room of one service: who is next, who has waited too long, who has given up. Pure: all times
 * are the caller's. The daemon tells it what the gate parks, asks who is next, tries to let him in, and
 * says what came of it. Nothing here grows with the number waiting, but the logarithm of their sources.
 *
 *   fair   classes by weight (stride scheduling: Waldspurger, Weihl 1995), then the sources of a class in
 *          turn, first come first served within a source
 *   fifo   the first of all; lifo: the last of all
 *
 * A queue that never empties only makes everybody late: when room has been wanting for overload_after, and
 * the queue was not empty once, the wait that fair and fifo still serve shrinks from max_wait to
 * overload_wait within another overload_after. The idea is CoDel's (Nichols, Jacobson 2012), in the form
 * that Facebook gave it for request queues (Maurer, "Fail at Scale", ACM Queue 2015). It goes by room, not
 * by waiters, and class by class: who waits for a hold or a ramp to end, or for his own source, is not late because of
 * others, nor is a class that has room because of one that has not.
 */
#ifndef SW_POLICY_QUEUE_H
#define SW_POLICY_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/waiter.h"

/* As config/config.h's, which policy does not include here: fair, fifo, lifo. */
enum sw_queue_order { SW_QUEUE_FAIR = 0, SW_QUEUE_FIFO, SW_QUEUE_LIFO };

struct sw_queue_settings {
	enum sw_queue_order order;
	uint64_t max_wait_ns;
	uint64_t overload_after_ns; /* 0: max_wait holds whatever comes */
	uint64_t overload_wait_ns;
};

struct sw_queue;

struct sw_queue *sw_queue_new(void);
void sw_queue_free(struct sw_queue *queue);

/* May be called with waiters inside; they are ordered anew. */
void sw_queue_configure(struct sw_queue *queue, const struct sw_queue_settings *settings);
/* From 1 to 1000; a class that was not told has weight 1. -ENOMEM. */
int sw_queue_set_weight(struct sw_queue *queue, uint32_t class_id, uint32_t weight);

enum sw_queue_parked {
	SW_QUEUE_NEW,
	SW_QUEUE_REPEATED, /* the same SYN, newer */
	SW_QUEUE_REPLACED, /* another connection from the same port, which takes a place of its own */
};

/* One that waits, or a repetition. enum sw_queue_parked, -ENOMEM, -EBADMSG. */
int sw_queue_park(struct sw_queue *queue, const struct sw_parked *parked, uint64_t now_ns);

/* Who waits by that SYN; NULL: nobody. */
const struct sw_waiter *sw_queue_find(const struct sw_queue *queue, const struct sw_parked *parked);

/* Who is to be let in now; NULL: nobody who was not set aside. Valid until anything is changed. */
const struct sw_waiter *sw_queue_next(const struct sw_queue *queue);

/* The newest SYN of his client, to be sent in: with an Ethernet header, and a whole checksum. */
void sw_queue_frame(const struct sw_queue *queue, const struct sw_waiter *waiter,
		    struct sw_frame *out);
void sw_queue_flow(const struct sw_queue *queue, const struct sw_waiter *waiter,
		   struct sw_flow_key *out);

/* The id of his class. */
uint32_t sw_queue_class(const struct sw_queue *queue, const struct sw_waiter *waiter);

enum sw_queue_scope {
	SW_QUEUE_SOURCE, /* others of the class may get in: it waits for its own source */
	SW_QUEUE_EITHER, /* likewise, but something that anybody gives back may be for it as well */
	SW_QUEUE_CLASS,	 /* only those of other classes may */
};

/*
 * It does not get in, be it next or not: its source, or its class, is passed over until it rejoins. What was said
 * of its source before counts no more.
 */
void sw_queue_set_aside(struct sw_queue *queue, const struct sw_waiter *waiter,
			enum sw_queue_scope scope);
/*
 * To be said of it then: a wakeup will tell when that is over. Such a one that gets in when it may try again
 * by the clock alone was told of by none, and is found; until any wakeup comes, or sw_queue_tried_all(). Found or
 * untold, what it waited for came about since_ns or later.
 */
void sw_queue_expect_wakeup(struct sw_queue *queue, const struct sw_waiter *waiter);
enum sw_queue_found {
	SW_QUEUE_NOT_FOUND,
	SW_QUEUE_FOUND,
	SW_QUEUE_UNTOLD, /* its wakeup is known to be lost: none is under way */
};
enum sw_queue_found sw_queue_found(struct sw_queue *queue, const struct sw_waiter *waiter,
				   uint64_t *since_ns);
void sw_queue_tried_all(struct sw_queue *queue);
/* It does not get in, for a reason of its own: those behind it of its source are before it from now on. */
void sw_queue_postpone(struct sw_queue *queue, const struct sw_waiter *waiter);
/* That source gave something back: it, all classes and some of those that wait for either may try again. */
void sw_queue_rejoin(struct sw_queue *queue, const struct sw_in6 *source);
/*
 * So may, by the clock, as many as can be tried in a few milliseconds, by turns, and before them, be they ever so many,
 * those of whom is_untold() says that since the last time their wakeup was lost; NULL: nothing is known of that. Or all,
 * since all may be other (for the ramp, too).
 */
void sw_queue_rejoin_some(struct sw_queue *queue, uint64_t now_ns,
			  bool (*is_untold)(const void *arg, const struct sw_in6 *source),
			  const void *arg);
void sw_queue_rejoin_all(struct sw_queue *queue);

/* It is out; is_in: it got what it waited for, which counts as its source's and class's turn. */
void sw_queue_leave(struct sw_queue *queue, const struct sw_waiter *waiter, bool is_in,
		    uint64_t now_ns);

/* Whose first SYN came before all others'. NULL: nobody waits. */
const struct sw_waiter *sw_queue_oldest(const struct sw_queue *queue);
/* The oldest of those that have waited as long as they may; NULL: nobody has. */
const struct sw_waiter *sw_queue_overdue(const struct sw_queue *queue, uint64_t now_ns);
/* When that will be the case if all stays as it is, now_ns if it is; UINT64_MAX: nobody waits. */
uint64_t sw_queue_deadline_ns(const struct sw_queue *queue, uint64_t now_ns);
/* How long somebody of the class may wait who comes now. */
uint64_t sw_queue_max_wait_ns(const struct sw_queue *queue, uint32_t class_id, uint64_t now_ns);

/*
 * True when its client's next SYN is overdue: he has given up, or it was lost. He repeats it after 1 s and then after
 * the last gap again or twice as long (RFC 6298, 5.5; Linux 6.5 begins with five equal ones), up to a quarter late.
 */
bool sw_queue_is_silent(const struct sw_waiter *waiter, uint64_t now_ns);
/* When so is the one after that: where a machine has more to do than it can many SYNs get lost, but few twice. */
bool sw_queue_is_gone(const struct sw_waiter *waiter, uint64_t now_ns);
/* Its client was heard of since, last at that time. */
void sw_queue_note_alive(struct sw_queue *queue, const struct sw_waiter *waiter, uint64_t seen_ns);
/*
 * Nobody was found to listen where it goes: true if that was found before, at least 20 ms ago. now_ns 0: it is
 * not so, or no more.
 */
bool sw_queue_note_unserved(struct sw_queue *queue, const struct sw_waiter *waiter,
			    uint64_t now_ns);
/* When it was heard of last, to the millisecond before. */
uint64_t sw_queue_seen_ns(const struct sw_waiter *waiter);
/* Looks at all that wait; each() may let its waiter leave. Stops, and returns that, unless it returns 0. */
int sw_queue_each(const struct sw_queue *queue,
		  int (*each)(void *arg, const struct sw_waiter *waiter), void *arg);
/* Likewise, at those that are gone. */
int sw_queue_each_gone(const struct sw_queue *queue, uint64_t now_ns,
		       int (*gone)(void *arg, const struct sw_waiter *waiter), void *arg);

/*
 * Tells that he was kept out, and not by a limit of his own source: room is wanting for his class. Others may have
 * room, or be short of it as well: then they are kept out likewise, as each class with somebody to try is tried.
 */
void sw_queue_note_short(struct sw_queue *queue, const struct sw_waiter *waiter, uint64_t now_ns);
/* Tells that nobody is let in for a while, or that this is over. */
void sw_queue_hold(struct sw_queue *queue, bool is_held);

/*
 * A ramp begins, or began then under a daemon before this one, for those whose first SYN had come by then, be they
 * known already or not: whether the next has to wait for it, because one of them might get in. It is for none of
 * those that were kept out when they were tried last, for want of room or something of their own, until somebody of
 * their source or class gets in; so ask before and after.
 */
void sw_queue_begin_ramp(struct sw_queue *queue, uint64_t began_ns);
bool sw_queue_needs_ramp(const struct sw_queue *queue);

size_t sw_queue_count(const struct sw_queue *queue);
size_t sw_queue_bytes(const struct sw_queue *queue);
/* Those let in, a second, lately (an average that forgets with a time constant of some seconds). */
double sw_queue_rate(const struct sw_queue *queue, uint64_t now_ns);
/* How many would be let in before a newcomer of that source and class. */
size_t sw_queue_ahead_of(const struct sw_queue *queue, uint32_t class_id,
			 const struct sw_in6 *source);

/* For the eye: who waits, by class and source. */
struct sw_queue_line {
	struct sw_in6 source;
	uint32_t class_id;
	uint32_t waiting;
	uint64_t oldest_syn_ns;
};

/* Stops, and returns that, when each() does not return 0. */
int sw_queue_each_source(const struct sw_queue *queue,
			 int (*each)(void *arg, const struct sw_queue_line *line), void *arg);

#endif
