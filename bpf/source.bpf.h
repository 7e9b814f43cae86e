/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Live connections of sources in their map; the arithmetic is in spillway/source.h. Used by the gate,
 * which adds to them, and by flows, which take away.
 */
#ifndef SPILLWAY_SOURCE_BPF_H
#define SPILLWAY_SOURCE_BPF_H

#include "maps.bpf.h"
#include "spillway/address.h"
#include "spillway/half_open.h"

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
 * The source's share of a connection within its limits, and of the handshake that it begins with: 0, or enum
 * sw_reason. A global function, as is the next: with an entry or without the chain goes on in the same way, which the
 * verifier would follow once for each way to come by one.
 */
SW_SUBPROGRAM int source_enter(const struct sw_source_key *source,
			       const struct sw_service_conf *conf, struct sw_service_state *service,
			       const struct sw_source_limits *limits, enum sw_source_share share)
{
	struct sw_source_live *live = 0;
	struct sw_source_key key;
	int reason;

	if (!source || !conf || !service || !limits)
		return SW_REASON_SOURCES_FULL;
	key = *source;
	reason = source_take(&key, &live, share != SW_SHARE_POOLED, limits);
	return reason ? reason : sw_half_open_begin(conf, service, live, share);
}

/* What source_wait() says of one that waits without an entry. */
#define SOURCE_UNLISTED 0x100

/*
 * Counts one that is to wait: 0, enum sw_reason, or SOURCE_UNLISTED. Where sources have no limit for that, one without
 * an entry, or whose entry is on its way out, is given none: that would take nearly as much memory as the flow.
 */
SW_SUBPROGRAM int source_wait(const struct sw_source_key *source, __u32 limit)
{
	struct sw_source_live *live;
	struct sw_source_key key;
	int reason = SW_REASON_SOURCES_FULL;
	__u64 empty;

	if (!source)
		return reason;
	key = *source;
	empty = sw_source_empty(&key);
	live = source_find(&key);
	if (live)
		reason = sw_source_wait(&live->word, empty, limit);
	if (reason != SW_REASON_SOURCES_FULL)
		return reason;
	live = limit ? source_make(&key, empty) : 0;
	if (!live)
		return limit ? reason : SOURCE_UNLISTED;
	reason = sw_source_wait(&live->word, empty, limit);
	return reason == SW_REASON_SOURCES_FULL ? SW_REASON_CONTENDED : reason;
}

#endif
