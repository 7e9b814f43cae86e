/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PostgreSQL's CancelRequest, and how the gate tells the daemon of one. It comes by a connection of its own,
 * as the first thing said there, and so by a lane of its own: the session that it means may live on the
 * other. The daemon hands it on to the listener there; the one that does not know the key ignores it.
 */
#ifndef SPILLWAY_CANCEL_H
#define SPILLWAY_CANCEL_H

#include "spillway/address.h"
#include "spillway/queue.h"

/*
 * Four words: its own length, a code where a startup packet has the protocol's version, the process, and
 * the key. That is one word, and from protocol 3.2 on up to 256 bytes.
 */
#define SW_CANCEL_CODE	    80877102
#define SW_CANCEL_BYTES_MIN 16u
#define SW_CANCEL_BYTES_MAX (12u + 256u)

/* Of a service: what the gate tells of. Each costs the database a fork. */
#define SW_CANCEL_INTERVAL_NS  10000000ull /* 100/s, see gcra.h */
#define SW_CANCEL_TOLERANCE_NS (99 * SW_CANCEL_INTERVAL_NS)

struct sw_cancel {
	__u32 kind;    /* SW_WAKEUP_CANCEL */
	__u32 ifindex; /* where it came in */
	__u64 at_ns;
	struct sw_flow_key flow; /* the connection that it came by */
	__u32 sequence;		 /* where in that it stands */
	__u8 service;
	__u8 lane; /* the flow's */
	__u16 bytes;
	__u8 request[SW_CANCEL_BYTES_MAX]; /* ends in the key: not for any log */
	__u32 pad;
};

_Static_assert(sizeof(struct sw_cancel) == 336, "no hidden padding in a record");

/* Data of that many bytes may be one. */
SW_INLINE int sw_cancel_fits(__u32 bytes)
{
	return bytes - SW_CANCEL_BYTES_MIN <= SW_CANCEL_BYTES_MAX - SW_CANCEL_BYTES_MIN;
}

/* And is one if it begins with these two words. */
SW_INLINE int sw_cancel_begins(const __be32 head_be[2], __u32 bytes)
{
	return head_be[0] == SW_ADDRESS_BE32(bytes) &&
	       head_be[1] == SW_ADDRESS_BE32(SW_CANCEL_CODE);
}

/*
 * Whether nothing was said before. libpq 17 asks for encryption first, by GSS and by TLS, in 8 bytes each,
 * and goes on in the clear where both are refused and it may.
 */
SW_INLINE int sw_cancel_is_first(__u32 sequence, __u32 isn)
{
	__u32 said = sequence - isn - 1;

	return said == 0 || said == 8 || said == 16;
}

#endif
