/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Live connections of sources in their map; the arithmetic is in spillway/source.h. Used by the gate,
 * which adds to them, and by flows, which take away.
 */
#ifndef SPILLWAY_SOURCE_BPF_H
#define SPILLWAY_SOURCE_BPF_H

#include "maps.bpf.h"
#include "spillway/address.h"
#include "spillway/source.h"

static __always_inline void source_key(__u32 service, const struct sw_in6 *client, __u32 bits,
				       struct sw_source_key *key)
{
	key->service = service;
	key->pad = 0;
	key->address = *client;
	sw_address_cut(&key->address, bits);
}

/* The source's entry, NULL if it has none. */
static __always_inline struct sw_source_live *source_find(const struct sw_source_key *key)
{
	return bpf_map_lookup_elem(&source_live, key);
}

/* Likewise, making the entry if there is none; NULL if there is no room. */
static __noinline struct sw_source_live *source_make(const struct sw_source_key *key, __u64 empty)
{
	struct sw_source_live fresh = {.word = empty, .seen_ns = bpf_ktime_get_ns()};

	bpf_map_update_elem(&source_live, key, &fresh, BPF_NOEXIST);
	return source_find(key);
}

/*
 * Counts one connection to the source, making its entry if need be: 0, or enum sw_reason. *live is
 * its entry if that is known already, and says afterwards where the connection was counted. Twice,
 * because an entry found may be on its way out, and then another takes its place.
 */
static __always_inline int source_take(const struct sw_source_key *key,
				       struct sw_source_live **live, int direct,
				       const struct sw_source_limits *limits)
{
	__u64 empty = sw_source_empty(key);
	int reason = SW_REASON_SOURCES_FULL;

	if (!*live)
		*live = source_find(key);
	if (*live)
		reason = sw_source_take(&(*live)->word, empty, direct, limits);
	if (reason != SW_REASON_SOURCES_FULL)
		return reason;
	*live = source_make(key, empty);
	if (!*live)
		return reason;
	reason = sw_source_take(&(*live)->word, empty, direct, limits);
	return reason == SW_REASON_SOURCES_FULL ? SW_REASON_CONTENDED : reason;
}

/*
 * Likewise for one that is to wait. Where sources have no limit for that, one without an entry, or whose entry is on
 * its way out, is given none: that would take nearly as much memory as the flow. Then *live is NULL.
 */
static __always_inline int source_wait(const struct sw_source_key *key,
				       struct sw_source_live **live, __u32 limit)
{
	__u64 empty = sw_source_empty(key);
	int reason = SW_REASON_SOURCES_FULL;

	if (!*live)
		*live = source_find(key);
	if (*live)
		reason = sw_source_wait(&(*live)->word, empty, limit);
	if (reason != SW_REASON_SOURCES_FULL)
		return reason;
	*live = limit ? source_make(key, empty) : 0;
	if (!*live)
		return limit ? reason : 0;
	reason = sw_source_wait(&(*live)->word, empty, limit);
	return reason == SW_REASON_SOURCES_FULL ? SW_REASON_CONTENDED : reason;
}

#endif
