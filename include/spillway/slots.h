/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Slots: taking and freeing one unit of a service's direct budget, exact while any number of CPUs
 * and the daemon do so at once.
 *
 * A service's word is {total:32, shared:32}, a class's {reserved:32, shared:32}. A class takes from
 * its own reserve first and then from the shared slots (budget less all reserves). It gives shared
 * slots back first, so that what it holds fills its reserve and nothing lies idle for it elsewhere:
 *
 *   total <= budget
 *   sum of the classes' shared <= shared <= budget - sum of reserves
 *   a class has shared slots  =>  its reserve is used up
 *
 * A shared slot is raised in the service first and lowered there last; a reserved one the other way
 * round. So no sum is ever below what is held, and while the pools add up to the budget the check of
 * the total cannot fail falsely: it decides only after the budget was cut while slots were out.
 */
#ifndef SPILLWAY_SLOTS_H
#define SPILLWAY_SLOTS_H

#include "spillway/maps.h"

#define SW_SLOTS_NO_LIMIT 0xffffffffu

SW_INLINE __u32 sw_slots_high(__u64 word)
{
	return (__u32)(word >> 32);
}

SW_INLINE __u32 sw_slots_low(__u64 word)
{
	return (__u32)word;
}

SW_INLINE __u64 sw_slots_word(__u32 high, __u32 low)
{
	return (__u64)high << 32 | low;
}

/* service_state.direct: all slots in use, and those of them that are shared ones. */
#define sw_slots_total(word)  sw_slots_high(word)
#define sw_slots_shared(word) sw_slots_low(word)

/* class_state.direct: slots in use from the class's own reserve; the low half is its shared ones. */
#define sw_slots_reserved(word) sw_slots_high(word)

SW_INLINE __u32 sw_slots_of_class(__u64 word)
{
	return sw_slots_high(word) + sw_slots_low(word);
}

/* See SW_REPEAT. */
struct sw_slots_adding {
	__u64 *word;
	__u32 high, high_limit;
	__u32 low, low_limit;
	int reason;
};

static long sw_slots_try_add(__u32 turn, void *state)
{
	struct sw_slots_adding *adding = state;
	__u64 seen = *(volatile __u64 *)adding->word;
	__u64 next = seen + sw_slots_word(adding->high, adding->low);

	(void)turn;
	if ((adding->high && sw_slots_high(seen) >= adding->high_limit) ||
	    (adding->low && sw_slots_low(seen) >= adding->low_limit))
		adding->reason = SW_REASON_BUDGET;
	else if (__sync_val_compare_and_swap(adding->word, seen, next) == seen)
		adding->reason = 0;
	else
		return 0;
	return 1;
}

/* Adds to both halves of the word unless one would pass its limit. 0 or enum sw_reason. */
SW_SUBPROGRAM int sw_slots_add(__u64 *word, __u32 high, __u32 high_limit, __u32 low,
			       __u32 low_limit)
{
	struct sw_slots_adding adding = {word, high,	  high_limit,
					 low,  low_limit, SW_REASON_CONTENDED};

	if (!word)
		return SW_REASON_BUDGET;
	SW_REPEAT(SW_CAS_TRIES, sw_slots_try_add, &adding);
	return adding.reason;
}

/* Nobody is ever refused to give back, so this has no loop to lose. */
SW_INLINE void sw_slots_sub(__u64 *word, __u32 high, __u32 low)
{
	__sync_fetch_and_sub(word, sw_slots_word(high, low));
}

/* Small: a BPF program has 512 bytes of stack over the deepest of its calls, and this is at the end of it. */
struct sw_slots_noting {
	const struct sw_class_conf *conf;
	struct sw_class_state *state;
	__u8 has_shared;
	__u8 reserved;
	__s16 reason;
};

static long sw_slots_try_note(__u32 turn, void *state)
{
	struct sw_slots_noting *noting = state;
	const struct sw_class_conf *conf = noting->conf;
	__u64 seen = *(volatile __u64 *)&noting->state->direct;
	int room = sw_slots_reserved(seen) < conf->reserved;
	__u64 next = seen + sw_slots_word(room, !room);

	(void)turn;
	if (conf->max_direct && sw_slots_of_class(seen) >= conf->max_direct)
		noting->reason = SW_REASON_CLASS_DIRECT;
	else if (!room && !noting->has_shared)
		noting->reason = SW_REASON_BUDGET;
	else if (__sync_val_compare_and_swap(&noting->state->direct, seen, next) == seen)
		noting->reason = 0;
	else
		return 0;
	noting->reserved = room;
	return 1;
}

/*
 * Raises the class's word by one slot: a reserved one while its reserve has room, else a shared one
 * if the caller holds one of the service's. 0, or a reason and nothing changed.
 */
SW_SUBPROGRAM int sw_slots_note(const struct sw_class_conf *conf, struct sw_class_state *state,
				int has_shared, int *reserved)
{
	struct sw_slots_noting noting = {conf, state, has_shared, 0, SW_REASON_CONTENDED};

	if (!conf || !state || !reserved)
		return SW_REASON_BUDGET;
	SW_REPEAT(SW_CAS_TRIES, sw_slots_try_note, &noting);
	*reserved = noting.reserved;
	return noting.reason;
}

SW_INLINE int sw_slots_take_shared(const struct sw_service_conf *svc_conf,
				   struct sw_service_state *service,
				   const struct sw_class_conf *conf, struct sw_class_state *state)
{
	int reserved = 0;
	int reason;

	reason = sw_slots_add(&service->direct, 1, svc_conf->budget, 1, svc_conf->shared_limit);
	if (reason)
		return reason;
	reason = sw_slots_note(conf, state, 1, &reserved);
	if (reason)
		sw_slots_sub(&service->direct, 1, 1);
	else if (reserved) /* its reserve got room meanwhile */
		sw_slots_sub(&service->direct, 0, 1);
	return reason;
}

/* Takes a direct slot for the class. 0, or the reason why there is none. */
SW_SUBPROGRAM int sw_slots_take(const struct sw_service_conf *svc_conf,
				struct sw_service_state *service, const struct sw_class_conf *conf,
				struct sw_class_state *state)
{
	int reserved = 0;
	int reason;

	if (!svc_conf || !service || !conf || !state)
		return SW_REASON_BUDGET;
	reason = sw_slots_note(conf, state, 0, &reserved);
	if (reason == SW_REASON_BUDGET)
		return sw_slots_take_shared(svc_conf, service, conf, state);
	if (reason)
		return reason;
	reason = sw_slots_add(&service->direct, 1, svc_conf->budget, 0, 0);
	if (reason)
		sw_slots_sub(&state->direct, 1, 0);
	return reason;
}

/* 1 if the class has shared slots; without a branch, each of which the verifier walks both ways. */
SW_INLINE __u32 sw_slots_has_shared(__u64 word)
{
	__u32 shared = sw_slots_low(word);

	return (shared | -shared) >> 31;
}

struct sw_slots_freeing {
	struct sw_service_state *service;
	struct sw_class_state *state;
	__u32 lowered; /* the service's total was lowered already */
	__u32 is_done;
};

static long sw_slots_try_free(__u32 turn, void *state)
{
	struct sw_slots_freeing *freeing = state;
	__u64 seen = *(volatile __u64 *)&freeing->state->direct;
	__u32 shared = sw_slots_has_shared(seen);

	(void)turn;
	if (!shared && !freeing->lowered) {
		sw_slots_sub(&freeing->service->direct, 1, 0);
		freeing->lowered = 1;
	}
	if (__sync_val_compare_and_swap(&freeing->state->direct, seen,
					seen - sw_slots_word(shared ^ 1, shared)) != seen)
		return 0;
	sw_slots_sub(&freeing->service->direct, freeing->lowered ^ 1, shared);
	freeing->is_done = 1;
	return 1;
}

/*
 * Frees the slot of one of the class's flows, a shared one before a reserved one. Should every try
 * be lost, the class's word is lowered in the half that was seen last: no slot is ever kept.
 */
SW_SUBPROGRAM int sw_slots_free(struct sw_service_state *service, struct sw_class_state *state)
{
	struct sw_slots_freeing freeing = {service, state, 0, 0};
	__u32 shared;

	if (!service || !state)
		return 0;
	SW_REPEAT(SW_CAS_TRIES, sw_slots_try_free, &freeing);
	if (freeing.is_done)
		return 0;
	shared = sw_slots_has_shared(*(volatile __u64 *)&state->direct);
	sw_slots_sub(&state->direct, shared ^ 1, shared);
	sw_slots_sub(&service->direct, freeing.lowered ^ 1, shared);
	return 0;
}

/* Takes a slot whatever the budget says, for those who may never be refused. The service's word before. */
SW_INLINE __u64 sw_slots_take_anyway(struct sw_service_state *service, struct sw_class_state *state)
{
	__u64 before = __sync_fetch_and_add(&service->direct, sw_slots_word(1, 1));

	__sync_fetch_and_add(&state->direct, sw_slots_word(0, 1));
	return before;
}

/* The pooler's places are one number with one limit, 0 for none. */
SW_SUBPROGRAM int sw_pooler_take(const struct sw_service_conf *conf,
				 struct sw_service_state *service, struct sw_class_state *state)
{
	__u32 limit;
	int reason;

	if (!conf || !service || !state)
		return SW_REASON_POOLER_FULL;
	limit = conf->pooler_max ? conf->pooler_max : SW_SLOTS_NO_LIMIT;
	reason = sw_slots_add(&service->pooler, 0, 0, 1, limit);
	if (reason == SW_REASON_BUDGET)
		return SW_REASON_POOLER_FULL;
	if (!reason)
		__sync_fetch_and_add(&state->pooler, 1);
	return reason;
}

SW_INLINE void sw_pooler_take_anyway(struct sw_service_state *service, struct sw_class_state *state)
{
	__sync_fetch_and_add(&service->pooler, 1);
	__sync_fetch_and_add(&state->pooler, 1);
}

SW_INLINE void sw_pooler_free(struct sw_service_state *service, struct sw_class_state *state)
{
	__sync_fetch_and_sub(&state->pooler, 1);
	__sync_fetch_and_sub(&service->pooler, 1);
}

#endif
