/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One that waits, in as few bytes as will do, and the store of all of them: found by flow or by handle.
 * Used by policy/queue alone, which owns the order.
 */
#ifndef SW_POLICY_WAITER_H
#define SW_POLICY_WAITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/frame.h"
#include "spillway/queue.h"

/* An index into the store; there may be millions, and four links each. */
typedef uint32_t sw_handle;
#define SW_NOBODY UINT32_MAX

/* Aligned to 4: that saves as many bytes for each. */
struct sw_waiter {
	uint64_t syn_ns;	 /* when its first SYN came */
	uint32_t seen_ms;	 /* when the last one came, since the first */
	sw_handle older, newer;	 /* of all waiters, by syn_ns */
	sw_handle before, after; /* of the same source */
	sw_handle same_hash;
	uint32_t source; /* policy/queue_source.h */
	uint32_t form;	 /* policy/form.h: what its frame is made from, with its own bytes */
	uint16_t gap_ms; /* the longest between two SYNs; 0: there was one only */
	/* policy/queue_time.c: the first look that found it so; 0: none did */
	uint8_t unserved_at : 6;
	uint8_t is_finger : 1; /* policy/queue_links.c */
	uint8_t own[];
} __attribute__((packed, aligned(4)));

struct sw_store;

struct sw_store *sw_store_new(void);
void sw_store_free(struct sw_store *store);

size_t sw_store_count(const struct sw_store *store);
/* Bytes of memory that it takes, free places included. */
size_t sw_store_bytes(const struct sw_store *store);

/* Its newest frame, whole. */
void sw_store_frame(const struct sw_store *store, const struct sw_waiter *waiter,
		    struct sw_frame *out);

/* The address that it came from. */
void sw_store_client(const struct sw_store *store, const struct sw_waiter *waiter,
		     struct sw_in6 *out);
/* What it wants to be: client and server. */
void sw_store_flow(const struct sw_store *store, const struct sw_waiter *waiter,
		   struct sw_flow_key *out);

struct sw_waiter *sw_store_at(const struct sw_store *store, sw_handle handle);

/* SW_NOBODY if none of that flow waits. */
sw_handle sw_store_find(const struct sw_store *store, const struct sw_flow_key *flow);

/* What the gate parked, and its frame made ready (policy/frame.h). */
struct sw_arrival {
	const struct sw_parked *parked;
	struct sw_frame frame;
	struct sw_flow_key flow;
};

/*
 * A new waiter, its links SW_NOBODY. SW_NOBODY: no memory. The memory of the last one that goes is given
 * back.
 */
sw_handle sw_store_add(struct sw_store *store, const struct sw_arrival *arrival);
void sw_store_remove(struct sw_store *store, sw_handle handle);

/* Puts a newer frame in the place of the waiter's. False where it is of another form and does not fit. */
bool sw_store_renew(struct sw_store *store, sw_handle handle, const struct sw_arrival *arrival);

#endif
