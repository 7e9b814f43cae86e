/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Live connections of sources in their map; the arithmetic is in spillway/source.h. Used by the gate,
 * which adds to them, and by flows, which take away.
 */
#ifndef SPILLWAY_SOURCE_BPF_H
#define SPILLWAY_SOURCE_BPF_H

#include <bpf/bpf_endian.h>

#include "maps.bpf.h"
#include "spillway/source.h"

static __always_inline int is_mapped_ipv4(const struct sw_in6 *address)
{
	return !address->longs[0] && address->words_be[2] == bpf_htonl(0xffff);
}

/* Cuts an address to its leading bits; an IPv4 one keeps its mapping prefix. */
static __always_inline void cut(struct sw_in6 *address, __u32 bits)
{
	if (is_mapped_ipv4(address)) {
		address->words_be[3] &= bpf_htonl(bits ? ~0u << (32 - bits) : 0);
		return;
	}
	if (bits < 128)
		address->longs[1] &= bpf_cpu_to_be64(bits > 64 ? ~0ull << (128 - bits) : 0);
	if (bits < 64)
		address->longs[0] &= bpf_cpu_to_be64(bits ? ~0ull << (64 - bits) : 0);
}

static __always_inline void source_key(__u32 service, const struct sw_in6 *client, __u32 bits,
				       struct sw_source_key *key)
{
	key->service = service;
	key->pad = 0;
	key->address = *client;
	cut(&key->address, bits);
}

/* The word of the source's live connections; NULL if it has no entry or none can be made. */
static __noinline __u64 *source_word(const struct sw_source_key *key, __u64 empty, int make)
{
	struct sw_source_live *live = bpf_map_lookup_elem(&source_live, key);

	if (!live && make) {
		struct sw_source_live fresh = {.word = empty, .seen_ns = bpf_ktime_get_ns()};

		bpf_map_update_elem(&source_live, key, &fresh, BPF_NOEXIST);
		live = bpf_map_lookup_elem(&source_live, key);
	}
	return live ? &live->word : 0;
}

/*
 * Counts one connection to the source, making its entry if need be: 0, or enum sw_reason. Twice,
 * because an entry found may be on its way out, and then another takes its place.
 */
__attribute__((noinline, weak)) int source_take(const struct sw_source_key *key, int direct,
						const struct sw_source_limits *limits)
{
	int reason = SW_REASON_SOURCES_FULL;
	__u64 empty;

	if (!key || !limits)
		return reason;
	empty = sw_source_empty(key);
	for (int i = 0; i < 2 && reason == SW_REASON_SOURCES_FULL; i++) {
		__u64 *word = source_word(key, empty, 1);

		if (!word)
			break;
		reason = sw_source_take(word, empty, direct, limits);
	}
	return reason;
}

#endif
