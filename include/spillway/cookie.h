/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The sequence number of a SYN-ACK that no socket sent: a keyed hash of the connection, so that whoever returns
 * it has received it, and nothing has to be kept to know it again (the idea of SYN cookies, RFC 4987, 3.6).
 */
#ifndef SPILLWAY_COOKIE_H
#define SPILLWAY_COOKIE_H

#include "spillway/maps.h"
#include "spillway/siphash.h"

/*
 * cookie_secrets: two, so that a cookie made just before a change is known still. The daemon writes the one that
 * is not the newest and makes it that; a cookie's lowest bit says which it was made with.
 */
struct sw_cookie_secrets {
	struct sw_siphash_key key[2];
	__u32 newest;
	__u32 is_set; /* 0: none yet, and nothing can be answered by cookie */
};

/* All of a flow, and the client's first number. The upper half is for what else is to differ by flow. */
SW_SUBPROGRAM __u64 sw_cookie_hash(const struct sw_cookie_secrets *secrets, __u32 which,
				   const struct sw_flow_key *flow, __u32 isn)
{
	__u64 words[6];

	if (!secrets || !flow)
		return 0;
	words[0] = flow->client.longs[0];
	words[1] = flow->client.longs[1];
	words[2] = flow->server.longs[0];
	words[3] = flow->server.longs[1];
	words[4] = (__u64)flow->client_port_be << 16 | flow->server_port_be;
	words[5] = isn;
	return which ? sw_siphash_words(&secrets->key[1], words, 6)
		     : sw_siphash_words(&secrets->key[0], words, 6);
}

SW_INLINE __u32 sw_cookie_of(__u64 hash, __u32 which)
{
	return ((__u32)hash & ~1u) | which;
}

/* The cookie that is made for a SYN now. */
SW_INLINE __u32 sw_cookie_now(const struct sw_cookie_secrets *secrets,
			      const struct sw_flow_key *flow, __u32 isn)
{
	__u32 which = *(volatile const __u32 *)&secrets->newest & 1;

	return sw_cookie_of(sw_cookie_hash(secrets, which, flow, isn), which);
}

/* True for one that was made with either secret. */
SW_INLINE int sw_cookie_holds(const struct sw_cookie_secrets *secrets,
			      const struct sw_flow_key *flow, __u32 isn, __u32 cookie)
{
	__u32 which = cookie & 1;

	return sw_cookie_of(sw_cookie_hash(secrets, which, flow, isn), which) == cookie;
}

#endif
