/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose turn it is: a binary heap of the sources of one class, the least `turn` first. The discipline is
 * in what a turn is; see policy/queue.h. Used by policy/queue alone.
 */
#ifndef SW_POLICY_TURNS_H
#define SW_POLICY_TURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/waiter.h"

#define SW_TURNS_NONE UINT32_MAX

/*
 * A source with waiters; one that is in two classes is two. Its address is that of any of them, cut
 * (policy/queue_source.h).
 */
struct sw_turn_source {
	uint64_t turn;
	sw_handle first, last; /* waiters, by syn_ns */
	uint32_t count;
	uint32_t id;	    /* what its waiters know it by */
	uint32_t same_hash; /* id of the next in the bucket */
	uint32_t class_id : 12;
	uint32_t bits : 8;     /* of its address */
	uint32_t wakeup : 8;   /* policy/queue_found.c */
	uint32_t aside : 2;    /* 0, or 1 + which list it is in: enum sw_queue_scope */
	uint32_t is_stuck : 1; /* policy/queue_ramp.c */
	union {
		uint32_t place; /* in the class's heap */
		struct {	/* neighbours in that list, by id */
			uint32_t aside_before, aside_after;
		};
	};
};

_Static_assert(SW_CLASSES_MAX <= 1 << 12, "a source's class fits");
_Static_assert(sizeof(struct sw_turn_source) == 40, "there may be as many as waiters");

struct sw_queue_sources;

/* Of ids: half of what pointers take, of which there would be one for each source that waits. */
struct sw_turns {
	uint32_t *heap;
	uint32_t count;
	uint32_t room;
};

void sw_turns_clear(struct sw_turns *turns);
/* Room for so many, so that adding one of them cannot fail. False: no memory. */
bool sw_turns_reserve(struct sw_turns *turns, uint32_t count);
/* Of `all` are those that are in it. */
void sw_turns_add(struct sw_turns *turns, const struct sw_queue_sources *all,
		  struct sw_turn_source *source);
void sw_turns_remove(struct sw_turns *turns, const struct sw_queue_sources *all,
		     struct sw_turn_source *source);
/* After its turn has changed. */
void sw_turns_moved(struct sw_turns *turns, const struct sw_queue_sources *all,
		    struct sw_turn_source *source);
/* NULL: nobody's. */
struct sw_turn_source *sw_turns_first(const struct sw_turns *turns,
				      const struct sw_queue_sources *all);

#endif
