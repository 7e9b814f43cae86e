/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sources that have waiters: found by class and address, or by id. Used by policy/queue alone. Addresses are not
 * kept but in the waiters, of which each source has one as long as it is here.
 */
#ifndef SW_POLICY_QUEUE_SOURCE_H
#define SW_POLICY_QUEUE_SOURCE_H

#include "policy/turns.h"

struct sw_queue_sources {
	const struct sw_store *store;	/* of the waiters; all else is zero at first */
	struct sw_turn_source **chunks; /* that never move; an id is a place in them */
	uint32_t id_count;		/* places, used and free */
	uint32_t free;			/* the first that is, which knows the next by same_hash */
	uint32_t *buckets;
	uint32_t bucket_count;
	uint32_t count;
};

void sw_queue_sources_clear(struct sw_queue_sources *sources);
/* NULL: the id, which is below id_count, is nobody's. */
struct sw_turn_source *sw_queue_source_at(const struct sw_queue_sources *sources, uint32_t id);
/* NULL: it has none waiting. */
struct sw_turn_source *sw_queue_sources_find(const struct sw_queue_sources *sources,
					     uint32_t class_id, const struct sw_in6 *address);
void sw_queue_source_address(const struct sw_queue_sources *sources,
			     const struct sw_turn_source *source, struct sw_in6 *out);
/* Of that many bits, without waiters yet: the first of them comes next. NULL: no memory. */
struct sw_turn_source *sw_queue_sources_add(struct sw_queue_sources *sources, uint32_t class_id,
					    const struct sw_in6 *address, uint8_t bits);
/* Its waiters are gone. */
void sw_queue_sources_remove(struct sw_queue_sources *sources, struct sw_turn_source *source,
			     const struct sw_in6 *address);
size_t sw_queue_sources_bytes(const struct sw_queue_sources *sources);

#endif
