/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store of waiters: places of two sizes in chunks that never move, and a hash by flow. Of a frame each has what
 * is its own; the rest, which many share, is in forms.
 */
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "policy/form.h"
#include "policy/waiter.h"

#define PLACES	    1024u /* of a chunk */
#define LARGE	    0x80000000u
#define BUCKETS_MIN 1024u

/* Places of one size. Those that are free are linked by same_hash. */
struct arena {
	char **chunks;
	size_t chunk_count;
	size_t stride;
	uint32_t used; /* places that were ever taken */
	sw_handle free;
};

struct sw_store {
	struct arena arenas[2]; /* small, large */
	sw_handle *buckets;
	uint32_t bucket_count; /* a power of two; 0: none yet */
	size_t count;
	struct sw_forms forms;
};

static size_t stride_of(size_t own)
{
	return (offsetof(struct sw_waiter, own) + own + 3) & ~(size_t)3;
}

struct sw_store *sw_store_new(void)
{
	struct sw_store *store = calloc(1, sizeof(*store));

	if (!store)
		return NULL;
	store->arenas[0].stride = stride_of(SW_OWN_SMALL);
	store->arenas[1].stride = stride_of(SW_OWN_MAX);
	store->arenas[0].free = store->arenas[1].free = SW_NOBODY;
	return store;
}

static void clear(struct sw_store *store)
{
	for (size_t i = 0; i < 2; i++) {
		struct arena *arena = &store->arenas[i];

		for (size_t c = 0; c < arena->chunk_count; c++)
			free(arena->chunks[c]);
		free(arena->chunks);
		*arena = (struct arena){.stride = arena->stride, .free = SW_NOBODY};
	}
	sw_forms_clear(&store->forms);
	free(store->buckets);
	store->buckets = NULL;
	store->bucket_count = 0;
}

void sw_store_free(struct sw_store *store)
{
	if (!store)
		return;
	clear(store);
	free(store);
}

size_t sw_store_count(const struct sw_store *store)
{
	return store->count;
}

size_t sw_store_bytes(const struct sw_store *store)
{
	size_t bytes =
		store->bucket_count * sizeof(*store->buckets) + sw_forms_bytes(&store->forms);

	for (size_t i = 0; i < 2; i++)
		bytes += store->arenas[i].chunk_count *
			 (PLACES * store->arenas[i].stride + sizeof(*store->arenas[i].chunks));
	return bytes;
}

struct sw_waiter *sw_store_at(const struct sw_store *store, sw_handle handle)
{
	const struct arena *arena = &store->arenas[!!(handle & LARGE)];
	uint32_t place = handle & ~LARGE;

	return (struct sw_waiter *)(arena->chunks[place / PLACES] + place % PLACES * arena->stride);
}

static sw_handle take_place(struct sw_store *store, bool large)
{
	struct arena *arena = &store->arenas[large];
	sw_handle handle = arena->free;

	if (handle != SW_NOBODY) {
		arena->free = sw_store_at(store, handle)->same_hash;
		return handle;
	}
	if (arena->used == arena->chunk_count * PLACES) {
		char **chunks =
			reallocarray(arena->chunks, arena->chunk_count + 1, sizeof(*chunks));

		if (!chunks)
			return SW_NOBODY;
		arena->chunks = chunks;
		chunks[arena->chunk_count] = malloc(PLACES * arena->stride);
		if (!chunks[arena->chunk_count])
			return SW_NOBODY;
		arena->chunk_count++;
	}
	return arena->used++ | (large ? LARGE : 0);
}

static uint32_t bucket_of(const struct sw_store *store, const struct sw_flow_key *key)
{
	return (uint32_t)((uint64_t)sw_hash(key, sizeof(*key)) * store->bucket_count >> 32);
}

void sw_store_frame(const struct sw_store *store, const struct sw_waiter *waiter,
		    struct sw_frame *out)
{
	sw_form_fill(&store->forms, waiter->form, waiter->own, out);
}

void sw_store_flow(const struct sw_store *store, const struct sw_waiter *waiter,
		   struct sw_flow_key *out)
{
	sw_form_flow(&store->forms, waiter->form, waiter->own, out);
}

void sw_store_client(const struct sw_store *store, const struct sw_waiter *waiter,
		     struct sw_in6 *out)
{
	struct sw_flow_key flow;

	sw_store_flow(store, waiter, &flow);
	*out = flow.client;
}

static void chain_in(struct sw_store *store, sw_handle handle)
{
	struct sw_waiter *waiter = sw_store_at(store, handle);
	struct sw_flow_key key;
	uint32_t bucket;

	sw_store_flow(store, waiter, &key);
	bucket = bucket_of(store, &key);
	waiter->same_hash = store->buckets[bucket];
	store->buckets[bucket] = handle;
}

/* Twice as many buckets, at the moment when there are two waiters for each. */
static bool grow(struct sw_store *store)
{
	uint32_t before = store->bucket_count;
	uint32_t count = before ? 2 * before : BUCKETS_MIN;
	sw_handle *old = store->buckets;
	sw_handle *buckets = malloc(count * sizeof(*buckets));

	if (!buckets)
		return before != 0; /* longer chains will do */
	memset(buckets, 0xff, count * sizeof(*buckets));
	store->buckets = buckets;
	store->bucket_count = count;
	for (uint32_t i = 0; i < before; i++) {
		for (sw_handle handle = old[i], next; handle != SW_NOBODY; handle = next) {
			next = sw_store_at(store, handle)->same_hash;
			chain_in(store, handle);
		}
	}
	free(old);
	return true;
}

sw_handle sw_store_find(const struct sw_store *store, const struct sw_flow_key *flow)
{
	struct sw_flow_key other;
	sw_handle handle;

	if (!store->bucket_count)
		return SW_NOBODY;
	for (handle = store->buckets[bucket_of(store, flow)]; handle != SW_NOBODY;
	     handle = sw_store_at(store, handle)->same_hash) {
		sw_store_flow(store, sw_store_at(store, handle), &other);
		if (!memcmp(flow, &other, sizeof(*flow)))
			break;
	}
	return handle;
}

sw_handle sw_store_add(struct sw_store *store, const struct sw_arrival *arrival)
{
	uint8_t own[SW_OWN_MAX];
	struct sw_waiter *waiter;
	sw_handle handle;
	uint32_t form;

	if (store->count >= 2 * (size_t)store->bucket_count && !grow(store))
		return SW_NOBODY;
	form = sw_form_take(&store->forms, &arrival->frame, own);
	if (form == SW_NO_FORM)
		return SW_NOBODY;
	handle = take_place(store, sw_form_own_bytes(&arrival->frame) > SW_OWN_SMALL);
	if (handle == SW_NOBODY) {
		sw_form_drop(&store->forms, form);
		return SW_NOBODY;
	}
	waiter = sw_store_at(store, handle);
	*waiter = (struct sw_waiter){
		.syn_ns = arrival->parked->syn_ns,
		.older = SW_NOBODY,
		.newer = SW_NOBODY,
		.before = SW_NOBODY,
		.after = SW_NOBODY,
		.form = form,
	};
	memcpy(waiter->own, own, sw_form_own_bytes(&arrival->frame));
	chain_in(store, handle);
	store->count++;
	return handle;
}

void sw_store_remove(struct sw_store *store, sw_handle handle)
{
	struct sw_waiter *waiter = sw_store_at(store, handle);
	struct arena *arena = &store->arenas[!!(handle & LARGE)];
	struct sw_flow_key key;
	sw_handle *link;

	sw_store_flow(store, waiter, &key);
	sw_form_drop(&store->forms, waiter->form);
	link = &store->buckets[bucket_of(store, &key)];
	while (*link != handle)
		link = &sw_store_at(store, *link)->same_hash;
	*link = waiter->same_hash;
	waiter->same_hash = arena->free;
	arena->free = handle;
	if (--store->count == 0)
		clear(store);
}

bool sw_store_renew(struct sw_store *store, sw_handle handle, const struct sw_arrival *arrival)
{
	struct sw_waiter *waiter = sw_store_at(store, handle);
	size_t bytes = sw_form_own_bytes(&arrival->frame);
	uint8_t own[SW_OWN_MAX];
	uint32_t form;

	if (bytes > SW_OWN_SMALL && !(handle & LARGE))
		return false;
	form = sw_form_take(&store->forms, &arrival->frame, own);
	if (form == SW_NO_FORM)
		return false;
	sw_form_drop(&store->forms, waiter->form);
	waiter->form = form;
	memcpy(waiter->own, own, bytes);
	return true;
}
