/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hash of sources, in chunks, whose ids are given out again.
 */
#include "policy/queue_source.h"

#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "spillway/address.h"

#define BUCKETS_MIN 64u
#define NO_ID	    UINT32_MAX
#define CHUNK	    64u /* places */
/* What of the key is hashed: no padding. */
#define KEY_BYTES (sizeof(struct sw_in6) + sizeof(uint32_t))

void sw_queue_sources_clear(struct sw_queue_sources *sources)
{
	for (uint32_t i = 0; i < sources->id_count / CHUNK; i++)
		free(sources->chunks[i]);
	free(sources->chunks);
	free(sources->buckets);
	*sources = (struct sw_queue_sources){.store = sources->store};
}

static struct sw_turn_source *place_of(const struct sw_queue_sources *sources, uint32_t id)
{
	return &sources->chunks[id / CHUNK][id % CHUNK];
}

struct sw_turn_source *sw_queue_source_at(const struct sw_queue_sources *sources, uint32_t id)
{
	struct sw_turn_source *source = place_of(sources, id);

	return source->id == id ? source : NULL;
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

void sw_queue_source_address(const struct sw_queue_sources *sources,
			     const struct sw_turn_source *source, struct sw_in6 *out)
{
	sw_store_client(sources->store, sw_store_at(sources->store, source->first), out);
	sw_address_cut(out, source->bits);
}

static bool is_of(const struct sw_queue_sources *sources, const struct sw_turn_source *source,
		  const struct sw_in6 *address)
{
	struct sw_in6 own;

	sw_queue_source_address(sources, source, &own);
	return !memcmp(&own, address, sizeof(own));
}

static void chain_in(struct sw_queue_sources *sources, struct sw_turn_source *source,
		     const struct sw_in6 *address)
{
	uint32_t *bucket = &sources->buckets[bucket_of(sources, source->class_id, address)];

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
	for (uint32_t i = 0; i < sources->id_count; i++) {
		struct sw_turn_source *source = sw_queue_source_at(sources, i);
		struct sw_in6 address;

		if (!source)
			continue;
		sw_queue_source_address(sources, source, &address);
		chain_in(sources, source, &address);
	}
	return true;
}

/* One more chunk, when all places are taken. */
static bool grow_ids(struct sw_queue_sources *sources)
{
	uint32_t count = sources->id_count / CHUNK;
	struct sw_turn_source **chunks =
		reallocarray(sources->chunks, count + 1, sizeof(struct sw_turn_source *));

	if (!chunks)
		return false;
	sources->chunks = chunks;
	chunks[count] = reallocarray(NULL, CHUNK, sizeof(struct sw_turn_source));
	if (!chunks[count])
		return false;
	for (uint32_t i = 0; i < CHUNK; i++)
		chunks[count][i] = (struct sw_turn_source){
			.id = NO_ID,
			.same_hash = i + 1 < CHUNK ? sources->id_count + i + 1 : NO_ID,
		};
	sources->free = sources->id_count;
	sources->id_count += CHUNK;
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
		struct sw_turn_source *source = place_of(sources, id);

		if (source->class_id == class_id && is_of(sources, source, address))
			return source;
		id = source->same_hash;
	}
	return NULL;
}

struct sw_turn_source *sw_queue_sources_add(struct sw_queue_sources *sources, uint32_t class_id,
					    const struct sw_in6 *address, uint8_t bits)
{
	struct sw_turn_source *source;
	uint32_t id;

	if ((sources->count >= 2 * sources->bucket_count && !grow_buckets(sources)) ||
	    (sources->count == sources->id_count && !grow_ids(sources)))
		return NULL;
	id = sources->free;
	source = place_of(sources, id);
	sources->free = source->same_hash;
	*source = (struct sw_turn_source){
		.class_id = class_id,
		.bits = bits,
		.first = SW_NOBODY,
		.last = SW_NOBODY,
		.place = SW_TURNS_NONE,
		.id = id,
	};
	sources->count++;
	chain_in(sources, source, address);
	return source;
}

void sw_queue_sources_remove(struct sw_queue_sources *sources, struct sw_turn_source *source,
			     const struct sw_in6 *address)
{
	uint32_t *link = &sources->buckets[bucket_of(sources, source->class_id, address)];

	while (*link != source->id)
		link = &place_of(sources, *link)->same_hash;
	*link = source->same_hash;
	source->same_hash = sources->free;
	sources->free = source->id;
	source->id = NO_ID;
	if (--sources->count == 0)
		sw_queue_sources_clear(sources);
}

size_t sw_queue_sources_bytes(const struct sw_queue_sources *sources)
{
	return sources->id_count * sizeof(struct sw_turn_source) +
	       sources->id_count / CHUNK * sizeof(struct sw_turn_source *) +
	       sources->bucket_count * sizeof(*sources->buckets);
}
