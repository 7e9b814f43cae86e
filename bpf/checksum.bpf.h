/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The Internet checksum (RFC 1071) over headers. Used by what answers, keeps or believes a segment.
 */
#ifndef SPILLWAY_CHECKSUM_BPF_H
#define SPILLWAY_CHECKSUM_BPF_H

#include <linux/in.h>
#include <bpf/bpf_endian.h>

#include "spillway/address.h"
#include "spillway/maps.h"

static __always_inline __u16 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Sum over 32-bit words as they lie in memory; the bytes' order does not matter (RFC 1071). */
static __always_inline __u64 sum_words(const void *from, int words)
{
	const __u32 *word = from;
	__u64 sum = 0;

	for (int i = 0; i < words; i++)
		sum += word[i];
	return sum;
}

/* The part of TCP's checksum that is not in the segment, as a partial checksum has it. */
static __always_inline __u16 pseudo_sum(__u64 addresses, __u32 bytes)
{
	return ~fold(addresses + bpf_htons(IPPROTO_TCP) + bpf_htons(bytes));
}

/* What a checksum is made of beside the segment, for a flow. */
static __always_inline __u64 pseudo_header(const struct sw_flow_key *key, __u32 bytes)
{
	__u64 sum = bpf_htons(IPPROTO_TCP) + bpf_htons(bytes);

	if (sw_address_is_ipv4(&key->client))
		return sum + key->client.words_be[3] + key->server.words_be[3];
	return sum + sum_words(&key->client, 4) + sum_words(&key->server, 4);
}

#endif
