/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a queue is made of, for the files of policy/queue*.c only.
 */
#ifndef SW_POLICY_QUEUE_PARTS_H
#define SW_POLICY_QUEUE_PARTS_H

#include "policy/queue.h"
#include "policy/queue_source.h"

struct sw_queue_class {
	uint32_t id;
	uint32_t weight;
	uint32_t waiting;
	uint32_t sources; /* with waiters; `ready` has room for all of them */
	bool is_aside;
	bool is_stuck; /* queue_ramp.c */
	uint32_t ramp_sources;
	uint8_t wakeup; /* queue_found.c */
	uint32_t tried; /* the source that it was set aside for, by id; SW_NOBODY: any by now */
	uint64_t pass;	/* stride scheduling: the least is next */
	uint64_t turns; /* given out so far, to its sources */
	struct sw_turns ready;
	sw_handle oldest, newest; /* queue_links.c: by age */
	sw_handle *fingers;
	uint32_t finger_count, finger_room;
	uint64_t busy_since_ns; /* room has been wanting since then; 0: it has not */
	uint64_t short_ns;	/* when somebody was kept out for want of it last */
};

/*
 * Sources that are passed over, by id, those that were tried longest ago first: none before tried_ns, and none behind
 * `mark` before marked_ns.
 */
struct sw_queue_aside {
	uint32_t first, last;
	size_t count;
	uint32_t mark; /* SW_NOBODY: it was before all that are here */
	uint64_t marked_ns, tried_ns;
};

struct sw_queue {
	struct sw_queue_settings settings;
	struct sw_store *store;
	struct sw_queue_sources sources;
	struct sw_queue_class *classes;
	size_t class_count;
	struct sw_queue_aside aside[SW_QUEUE_CLASS]; /* by scope */
	uint64_t pass; /* of the class that was let in last; never goes down */
	bool is_held;
	uint64_t ramp_began_ns; /* queue_ramp.c; 0: there was none yet */
	uint8_t looks, found; /* queue_found.c: the number of the last look, and while it goes on */
	uint64_t look_ns[3];  /* when it was, and the two before it */
	uint64_t tried_ns;    /* those that had their turn in it were tried then or later */
	double rate;	      /* a second, as it was at rate_ns */
	uint64_t rate_ns;
	uint64_t rate_since_ns; /* there is nothing from before in it */
};

/* The class, made if there was none; NULL: no memory. And as it is; NULL: there is none. */
struct sw_queue_class *sw_queue_class_of(struct sw_queue *queue, uint32_t class_id);
struct sw_queue_class *sw_queue_class_find(const struct sw_queue *queue, uint32_t class_id);
void sw_queue_link(struct sw_queue *queue, sw_handle handle, struct sw_turn_source *source);
void sw_queue_unlink(struct sw_queue *queue, sw_handle handle, struct sw_turn_source *source);
sw_handle sw_queue_handle_of(const struct sw_queue *queue, const struct sw_waiter *waiter);

/* queue_time.c: one was let in. */
void sw_queue_count_in(struct sw_queue *queue, uint64_t now_ns);

/* queue_ramp.c: around each change of who is the source's first, or whether it is aside or stuck. */
void sw_queue_ramp_before(struct sw_queue *queue, const struct sw_turn_source *source);
void sw_queue_ramp_after(struct sw_queue *queue, const struct sw_turn_source *source);
/* One of it gets in. */
void sw_queue_ramp_unstick(struct sw_queue *queue, struct sw_turn_source *source);

/* queue_aside.c: it is passed over no more. */
void sw_queue_aside_drop(struct sw_queue *queue, struct sw_turn_source *source);

/* queue_found.c: the clock looks; what becomes of a source's or class's word when it is passed over no more. */
void sw_queue_found_look(struct sw_queue *queue, uint64_t now_ns);
uint8_t sw_queue_found_rejoin(const struct sw_queue *queue, uint8_t wakeup, bool is_untold);

/* queue_order.c: the source's turn; the class's place in the order of classes, and what a turn costs it. NULL: it is new. */
uint64_t sw_queue_pass_of(const struct sw_queue *queue, const struct sw_queue_class *class);
uint64_t sw_queue_stride_of(const struct sw_queue_class *class);
uint64_t sw_queue_turn_of(const struct sw_queue *queue, struct sw_queue_class *class,
			  const struct sw_turn_source *source);
/* A source that has waiters from now on, one whose waiters changed, one that has none. */
bool sw_queue_order_join(struct sw_queue *queue, struct sw_turn_source *source);
void sw_queue_order_change(struct sw_queue *queue, struct sw_turn_source *source, bool had_turn);
void sw_queue_order_part(struct sw_queue *queue, struct sw_turn_source *source);

#endif
