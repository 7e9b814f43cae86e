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

/*
 * Of a cookie, what is of the flow alone: from a client that has said something already it tells how much it has heard,
 * wherever what it says now begins. The rest is of its first number, too: by that is known where a message begins.
 */
#define SW_COOKIE_FLOW 0x00ffffffu

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

/* The flow's part, of the hash with 0 for the client's number: each bit of a hash is as good as another. */
SW_INLINE __u32 sw_cookie_flow(const struct sw_cookie_secrets *secrets,
			       const struct sw_flow_key *flow, __u32 which)
{
	return ((__u32)sw_cookie_hash(secrets, which, flow, 0) & SW_COOKIE_FLOW & ~1u) | which;
}

/* And the rest. */
SW_INLINE __u32 sw_cookie_isn(const struct sw_cookie_secrets *secrets,
			      const struct sw_flow_key *flow, __u32 isn, __u32 which)
{
	return (__u32)sw_cookie_hash(secrets, which, flow, isn) & ~SW_COOKIE_FLOW;
}

SW_INLINE __u32 sw_cookie_of(const struct sw_cookie_secrets *secrets,
			     const struct sw_flow_key *flow, __u32 isn, __u32 which)
{
	return sw_cookie_flow(secrets, flow, which) | sw_cookie_isn(secrets, flow, isn, which);
}

/* The cookie that is made for a SYN now. */
SW_INLINE __u32 sw_cookie_now(const struct sw_cookie_secrets *secrets,
			      const struct sw_flow_key *flow, __u32 isn)
{
	return sw_cookie_of(secrets, flow, isn, *(volatile const __u32 *)&secrets->newest & 1);
}

/* True for one that was made with either secret. */
SW_INLINE int sw_cookie_holds(const struct sw_cookie_secrets *secrets,
			      const struct sw_flow_key *flow, __u32 isn, __u32 cookie)
{
	return sw_cookie_of(secrets, flow, isn, cookie & 1) == cookie;
}

#endif
