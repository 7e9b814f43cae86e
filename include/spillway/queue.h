/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The waiting room between gate and daemon: what the gate tells through the ring buffer `wakeups`,
 * what the daemon has the program release_waiter do, and the counts of those that wait.
 *
 * The gate copies a SYN for which there is no room, notes its flow as WAITING and drops it. The daemon
 * decides who is next; release_waiter takes what the lane costs, moves the flow on and puts the SYN
 * back where it came in, all in one call.
 */
#ifndef SPILLWAY_QUEUE_H
#define SPILLWAY_QUEUE_H

#include "spillway/maps.h"

/* Ethernet with two VLAN tags, IPv6, and TCP with all the options that fit: 122 bytes. */
#define SW_FRAME_MAX 128

/* Records of `wakeups` begin with their kind. */
enum sw_wakeup {
	SW_WAKEUP_PARKED = 1,
	SW_WAKEUP_FREED,     /* a slot, a place at the pooler, a connection of the source */
	SW_WAKEUP_CANCEL,    /* cancel.h */
	SW_WAKEUP_COMPLETED, /* a handshake, so that others may begin: as FREED */
	SW_WAKEUP_TOLD,	     /* a refused client that cannot ask again: as PARKED */
};

/*
 * A SYN that waits: the first, or a repetition of one that is known. Or the ACK of a refused client that was told
 * why, who may not have heard it.
 */
struct sw_parked {
	__u32 kind;    /* SW_WAKEUP_PARKED, SW_WAKEUP_TOLD */
	__u32 ifindex; /* where it came in */
	__u64 syn_ns;  /* when the flow's first SYN came */
	__u64 seen_ns; /* when this one came */
	__u32 where;   /* where the headers are: ip in bits 0-7, tcp in bits 8-23 */
	__u32 isn;
	__u16 class_id;
	__u8 service;
	__u8 reason; /* why it waits: enum sw_reason */
	__u8 source_bits;
	__u8 is_ipv6;
	__u8 is_partial; /* its TCP checksum is to be completed: it is the pseudo header's sum alone */
	__u8 length;	 /* bytes of `frame` in use */
	__u16 vlan_tci; /* what the device took off the frame, 0 if it did not */
	__be16 vlan_protocol_be;
	__u32 pad;
	__u8 frame[SW_FRAME_MAX];
};

/* Something that a waiter might have was given back. Told only while somebody waits. */
struct sw_freed {
	__u32 kind; /* SW_WAKEUP_FREED, SW_WAKEUP_COMPLETED */
	__u32 class_id;
	struct sw_source_key source; /* whose it was */
	__u64 at_ns;
};

/* What only the daemon finds out, to be counted where all is counted; run by the program count_up. */
struct sw_count_up {
	__u32 service;
	__u32 counter; /* enum sw_counter */
	__u64 by;
};

/* What release_waiter is to do with the waiter whose SYN it is given: cb[0]. */
enum sw_release_op {
	SW_RELEASE_ADMIT = 1, /* into a lane before the queue, if one has room */
	SW_RELEASE_TIME_OUT,  /* to the lanes behind the queue */
	SW_RELEASE_ABANDON,   /* its client has given up: forget it */
	SW_RELEASE_ELSEWHERE, /* nobody listens where it goes: to any lane but direct and the queue */
	SW_RELEASE_TELL, /* no waiter: an ACK of a refused client, to be answered again; SW_LANE_REFUSE if it was */
};

/* Added to the above for waiter_turn(). */
#define SW_RELEASE_AGAIN 0x100

/*
 * cb[1]: ifindex; cb[2], cb[3]: low and high half of a time, that since when its slot is free, 0 if unknown,
 * or if it is to be abandoned that of the last SYN its client is known to have sent; cb[4]: 1 if the gate
 * stands where the SYN goes in, and sees it again.
 */
#define SW_RELEASE_CB_OP      0
#define SW_RELEASE_CB_IFINDEX 1
#define SW_RELEASE_CB_SINCE   2
#define SW_RELEASE_CB_AGAIN   4

/*
 * What came of it, the program's return value: {flags:16, reason:8, lane:8}. SW_LANE_NONE: it was no
 * waiter any more. SW_LANE_QUEUE: it stays, for that reason. Else the lane that it got.
 */
#define SW_RELEASED_UNSENT 0x10000u /* the kernel did not take the SYN: the next one gets in */
/* It stays for a limit of its source: others may get in. And for what anybody's end may give it. */
#define SW_RELEASED_OF_SOURCE 0x20000u
#define SW_RELEASED_OF_ALL    0x40000u
/* To be abandoned, but its client has sent its SYN since: it stays. */
#define SW_RELEASED_ALIVE 0x80000u
/* It stays, among others for something that no wakeup tells the end of. */
#define SW_RELEASED_SILENTLY 0x100000u

SW_INLINE __u32 sw_released(__u8 lane, __u8 reason)
{
	return (__u32)reason << 8 | lane;
}

/*
 * waits: how long waiters waited, one of these per service and CPU, by outcome; and how long it took
 * from a slot's release to the SYN that it was given to. As in lifetimes each bucket reaches to a
 * multiple of the one before, and the last has no bound.
 */
enum sw_wait_outcome {
	SW_WAIT_ADMITTED,
	SW_WAIT_STEERED,
	SW_WAIT_TIMED_OUT,
	SW_WAIT_ABANDONED,
	SW_WAIT_OUTCOMES,
};

#define SW_WAIT_FIRST_NS   1000000ull /* times 2 */
#define SW_WAIT_BUCKETS	   16
#define SW_HANDED_FIRST_NS 10000ull /* times 2 */
#define SW_HANDED_BUCKETS  16

struct sw_wait_histogram {
	__u64 sum_ns;
	__u64 count[SW_WAIT_BUCKETS + 1];
};

struct sw_waits {
	struct sw_wait_histogram by_outcome[SW_WAIT_OUTCOMES];
	struct sw_wait_histogram handed; /* SW_HANDED_… */
};

_Static_assert(SW_HANDED_BUCKETS == SW_WAIT_BUCKETS, "one form for both");

/* Counts one more that waits. 0 or SW_REASON_QUEUE_FULL. */
SW_SUBPROGRAM int sw_waiting_take(const struct sw_service_conf *conf,
				  struct sw_service_state *service, struct sw_class_state *class)
{
	if (!conf || !service || !class)
		return SW_REASON_QUEUE_FULL;
	/* Raised before the cap is looked at, so that no race can pass it. */
	if (__sync_fetch_and_add(&service->waiting, 1) >= conf->queue_max && conf->queue_max) {
		__sync_fetch_and_sub(&service->waiting, 1);
		return SW_REASON_QUEUE_FULL;
	}
	__sync_fetch_and_add(&class->waiting, 1);
	return 0;
}

SW_INLINE void sw_waiting_free(struct sw_service_state *service, struct sw_class_state *class)
{
	__sync_fetch_and_sub(&class->waiting, 1);
	__sync_fetch_and_sub(&service->waiting, 1);
}

#endif
