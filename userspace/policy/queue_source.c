/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hash of sources, and ids that are given out again.
 */
#include "policy/queue_source.h"

#include <stdlib.h>
#include <string.h>

#include "core/hash.h"

#define BUCKETS_MIN 64u
#define NO_ID	    UINT32_MAX
/* What of the key is hashed: no padding. */
#define KEY_BYTES (sizeof(struct sw_in6) + sizeof(uint32_t))

void sw_queue_sources_clear(struct sw_queue_sources *sources)
{
	for (uint32_t i = 0; i < sources->id_count; i++)
		free(sources->by_id[i]);
	free(sources->by_id);
	free(sources->free_ids);
	free(sources->buckets);
	*sources = (struct sw_queue_sources){0};
}

static uint32_t bucket_of(const struct sw_queue_sources *sources, uint32_t class_id,
			  const struct sw_in6 *address)
{
	const struct {
		struct sw_in6 address;
		uint32_t class_id;
	} key = {*address, class_id};

	return (uint32_t)((uint64_t)sw_hash(&key, KEY_BYTES) * sources->bucket_count >> 32);
}

static void chain_in(struct sw_queue_sources *sources, struct sw_turn_source *source)
{
	uint32_t *bucket =
		&sources->buckets[bucket_of(sources, source->class_id, &source->address)];

	source->same_hash = *bucket;
	*bucket = source->id;
}

static bool grow_buckets(struct sw_queue_sources *sources)
{
	uint32_t count = sources->bucket_count ? 2 * sources->bucket_count : BUCKETS_MIN;
	uint32_t *buckets = reallocarray(sources->buckets, count, sizeof(*buckets));

	if (!buckets)
		return false;
	sources->buckets = buckets;
	sources->bucket_count = count;
	memset(buckets, 0xff, count * sizeof(*buckets));
	for (uint32_t i = 0; i < sources->id_count; i++)
		if (sources->by_id[i])
			chain_in(sources, sources->by_id[i]);
	return true;
}

/* One more id, and room to note that it is free again. */
static bool grow_ids(struct sw_queue_sources *sources)
{
	uint32_t room = sources->id_count ? 2 * sources->id_count : BUCKETS_MIN;
	struct sw_turn_source **by_id =
		reallocarray(sources->by_id, room, sizeof(struct sw_turn_source *));
	uint32_t *free_ids;

	if (!by_id)
		return false;
	sources->by_id = by_id;
	free_ids = reallocarray(sources->free_ids, room, sizeof(*free_ids));
	if (!free_ids)
		return false;
	sources->free_ids = free_ids;
	for (uint32_t id = room; id-- > sources->id_count;) {
		by_id[id] = NULL;
		free_ids[sources->free_count++] = id;
	}
	sources->id_count = room;
	return true;
}

struct sw_turn_source *sw_queue_sources_find(const struct sw_queue_sources *sources,
					     uint32_t class_id, const struct sw_in6 *address)
{
	uint32_t id;

	if (!sources->bucket_count)
		return NULL;
	id = sources->buckets[bucket_of(sources, class_id, address)];
	while (id != NO_ID) {
		struct sw_turn_source *source = sources->by_id[id];

		if (source->class_id == class_id &&
		    !memcmp(&source->address, address, sizeof(*address)))
			return source;
		id = source->same_hash;
	}
	return NULL;
}

struct sw_turn_source *sw_queue_sources_add(struct sw_queue_sources *sources, uint32_t class_id,
					    const struct sw_in6 *address)
{
	struct sw_turn_source *source;

	if ((sources->count >= sources->bucket_count && !grow_buckets(sources)) ||
	    (!sources->free_count && !grow_ids(sources)))
		return NULL;
	source = calloc(1, sizeof(*source));
	if (!source)
		return NULL;
	source->address = *address;
	source->class_id = (uint16_t)class_id;
	source->first = source->last = SW_NOBODY;
	source->place = SW_TURNS_NONE;
	source->id = sources->free_ids[--sources->free_count];
	sources->by_id[source->id] = source;
	sources->count++;
	chain_in(sources, source);
	return source;
}

void sw_queue_sources_remove(struct sw_queue_sources *sources, struct sw_turn_source *source)
{
	uint32_t *link = &sources->buckets[bucket_of(sources, source->class_id, &source->address)];

	while (*link != source->id)
		link = &sources->by_id[*link]->same_hash;
	*link = source->same_hash;
	sources->by_id[source->id] = NULL;
	sources->free_ids[sources->free_count++] = source->id;
	free(source);
	if (--sources->count == 0)
		sw_queue_sources_clear(sources);
}

size_t sw_queue_sources_bytes(const struct sw_queue_sources *sources)
{
	return sources->count * sizeof(struct sw_turn_source) +
	       sources->id_count * (sizeof(struct sw_turn_source *) + sizeof(*sources->free_ids)) +
	       sources->bucket_count * sizeof(*sources->buckets);
}
