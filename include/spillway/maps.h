/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keys and values of all maps. Counts that both sides change are whole 64-bit words, so that each
 * change is one compare-and-swap; what is configuration is written by the daemon only.
 */
#ifndef SPILLWAY_MAPS_H
#define SPILLWAY_MAPS_H

#include "spillway/counters.h"
#include "spillway/limits.h"
#include "spillway/reasons.h"
#include "spillway/types.h"

/* services: which service an address:port belongs to. */
struct sw_service_key {
	struct sw_in6 address; /* all zero: any address */
	__be16 port_be;
	__u16 pad[3];
};

/*
 * ports: one byte for each TCP port, the first thing a SYN meets.
 * 0: not guarded; n + 1: service n on any address; SW_PORT_BY_ADDRESS: ask the services map.
 */
#define SW_PORT_BY_ADDRESS 255

struct sw_ports {
	__u8 service[65536];
};

/* A listener on this host that flows are steered to, for each address family. */
struct sw_target {
	struct sw_in6 ipv6;
	__be32 ipv4_be;
	__be16 port_be; /* 0: none */
	__u8 has_ipv4;
	__u8 has_ipv6;
};

/* A chain of lanes: the first to try in the lowest byte, enum sw_lane each, SW_LANE_NONE ends it. */
struct sw_service_conf {
	__u64 over_limit;    /* chain of a source over its rate or connections */
	__u32 budget;	     /* direct slots in all */
	__u32 shared_limit;  /* budget less all reserves: what every class may use */
	__u32 pooler_max;    /* 0: no cap */
	__u32 default_class; /* class id of whom no prefix matches */
	/* Direct slots whose handshake is not complete yet; 0: no cap. */
	__u32 half_open_max; /* in all; beyond it only for sources that have none, see half_open.h */
	__u32 half_open_per_source;
	__u32 queue_max; /* SYNs that may wait; 0: no cap, likewise below */
	__u32 queue_per_source;
	__u8 has_prefixes; /* 0: everybody is in default_class, no lookup needed */
	__u8 ipv4_bits;	   /* a source is the client's address cut to this prefix */
	__u8 ipv6_bits;
	__u8 zero;	  /* sw_hide() */
	__u8 has_cancels; /* a CancelRequest for one of its listeners may be for the other */
	__u8 answers_as;  /* enum sw_answers */
	__u8 pad[2];
	struct sw_target direct; /* port 0: the packet's own destination */
	struct sw_target pooler;
};

/* Own cache lines: many CPUs write these at once. */
struct sw_service_state {
	__u64 direct; /* slots.h: total and shared slots in use */
	__u64 pooler; /* steered flows to the pooler */
	__u64 last_refused_ns;
	__u64 cookie_watch; /* steered flows whose listener may have answered by a cookie that may still come back */
	__u64 unsteerable_until_ns[2]; /* no flow can be given to the target: direct's, pooler's */
	__u64 half_open;	       /* flows in HALF_OPEN that hold a direct slot */
	__u64 pad;
	/* While it is zero throughout nobody waits, and nobody has to. */
	__u64 waiting;	       /* flows in WAITING */
	__u64 hold;	       /* SW_HOLD_…, written by the daemon; counts while that lives */
	__u64 paused_until_ns; /* for the daemon; 0: until somebody resumes */
	__u64 cancel_ns;       /* gcra.h: when the next CancelRequest may be handed on */
	__u64 ramp_began_ns;   /* for the daemon: who came before that goes in by the ramp */
	__u64 rest[3];
};

/* Why nobody gets in, whatever room there is. */
#define SW_HOLD_PAUSED	  0x01 /* by `spillway pause` */
#define SW_HOLD_NOT_READY 0x02 /* the database does not serve */

/* classes: longest prefix of {service, address} → class id. */
struct sw_class_key {
	__u32 prefix_bits; /* 32 for the service and up to 128 of the address */
	__be32 service_be;
	struct sw_in6 address;
};

struct sw_class_conf {
	__u64 lanes;	   /* chain */
	__u64 interval_ns; /* gcra.h; 0: unlimited */
	__u64 tolerance_ns;
	__u32 connections_per_source; /* 0: no cap, likewise below */
	__u32 direct_per_source;
	__u32 max_direct;
	__u32 reserved;
	__u32 service;
	__u8 action; /* enum sw_action */
	__u8 yields; /* other classes of the service have more weight */
	__u8 pad[2];
};

struct sw_class_state {
	__u64 direct; /* slots.h: slots from its reserve and from the shared ones */
	__u64 pooler;
	__u64 waiting; /* flows in WAITING */
	__u64 pad[5];
};

struct sw_source_key {
	__u32 service;
	__u32 pad;
	struct sw_in6 address; /* cut to the service's prefix */
};

/* source_rate: what may be forgotten. Only theoretical_ns decides; the rest is for the eye. */
struct sw_source_rate {
	__u64 theoretical_ns; /* gcra.h: theoretical arrival time */
	__u32 second;	      /* which second `current` counts */
	__u32 current;
	__u32 previous;
	__u32 refused;
};

/* source_live: connections of a source, live and waiting ones. */
struct sw_source_live {
	__u64 word;    /* source.h */
	__u64 seen_ns; /* when it was made, or the sweep last saw connections */
	/*
	 * Its flows in HALF_OPEN with a direct slot. Raised only by who has a connection in `word`;
	 * who has it counted here may lower it at any time: until then the entry stays.
	 */
	__u32 half_open;
	__u32 is_proven; /* it has completed a handshake since the entry was made */
};

struct sw_flow_key {
	struct sw_in6 client;
	struct sw_in6 server;
	__be16 client_port_be;
	__be16 server_port_be;
	__u32 pad;
};

/*
 * A flow's states. Each change is a compare-and-swap of the whole word; who wins it owns the change
 * of the counts that goes with it. Only HALF_OPEN and OPEN hold slots; WAITING is counted by itself.
 */
enum sw_flow_state {
	SW_FLOW_NONE = 0,
	SW_FLOW_HALF_OPEN, /* slot taken, handshake not complete */
	SW_FLOW_OPEN,	   /* ESTABLISHED was seen */
	SW_FLOW_EXPIRED,   /* handshake given up, slot given back; kept a while for a late ACK */
	SW_FLOW_CLAIMED,   /* being filled again by the gate, for some instructions */
	SW_FLOW_DEAD,	   /* being deleted, for some instructions */
	SW_FLOW_WAITING,   /* parked: it holds a place in the queue, and no slot */
};

#define SW_FLOW_STEERED 0x01 /* belongs to a listener other than the one addressed */
#define SW_FLOW_COOKIE	0x02 /* HALF_OPEN, EXPIRED: counted in cookie_watch */
#define SW_FLOW_SHADOW	0x04 /* decided in monitor mode: counted, not enforced */
#define SW_FLOW_SUSPECT 0x08 /* reconciliation found no socket; a SYN clears it */
#define SW_FLOW_ADOPTED 0x10 /* made from a socket that was there, not from its SYN */
#define SW_FLOW_AGAIN	0x20 /* its SYN passes the gate once more, which is no retransmit */
/* Who waits came over a limit of its source: over its rate, or with all connections that it may have. */
#define SW_FLOW_OVER_RATE 0x40
#define SW_FLOW_OVER_LIVE 0x80
/* WAITING: it takes its arrival from its source's rate at its turn, as who came over the rate does. */
#define SW_FLOW_OWES	  0x01
#define SW_FLOW_OWES_RATE (SW_FLOW_OVER_RATE | SW_FLOW_OWES)
/* WAITING: its source had no entry, and there was no limit that needs one: it is counted everywhere but there. */
#define SW_FLOW_UNLISTED 0x02
/*
 * HALF_OPEN, OPEN: there was no room for its source's entry, and nobody may be refused who is in: it counts
 * everywhere but there.
 */
#define SW_FLOW_UNSOURCED 0x40
/*
 * HALF_OPEN: SYNs with more than one number came, and the last of them has the time of a handshake for
 * itself. Once: a new number every now and then keeps no slot.
 */
#define SW_FLOW_RENUMBERED 0x80
/* OPEN: a RST of its client has passed, which may be about to end it; the next SYN takes that off, and comes again. */
#define SW_FLOW_ENDING 0x02
#define SW_FLOW_RESET  0x08 /* EXPIRED: by a RST, after which hardly an ACK comes */

struct sw_flow {
	union {
		__u64 word;
		struct {
			__u32 tag; /* sw_flow_tag() of its key */
			__u8 state;
			__u8 lane;
			__u8 flags;
			__u8 reason;
		};
	};
	__u8 service;
	__u8 source_bits; /* the prefix that was in force when the source was counted */
	__u16 class_id;
	__u32 isn; /* the client's first, in host byte order; 0 when adopted */
	__u64 syn_ns;
	__u64 state_ns; /* WAITING: when its SYN was last repeated */
};

/*
 * A hash of a flow's key, kept in its word: the memory of a deleted flow may go to another at once, and
 * who still holds a pointer to it would change that one. Multiplier: as in source.h.
 */
SW_INLINE __u32 sw_flow_tag(const struct sw_flow_key *key)
{
	__u64 mix = key->client.longs[0] ^ key->server.longs[0];

	mix = (mix ^ key->client.longs[1]) * 0x9e3779b97f4a7c15ull;
	mix = (mix ^ key->server.longs[1]) * 0x9e3779b97f4a7c15ull;
	mix ^= (__u64)key->client_port_be << 16 | key->server_port_be;
	return mix * 0x9e3779b97f4a7c15ull >> 32;
}

/* refused: verdicts that took no slot, so that a retransmit hears the same again. */
struct sw_refusal {
	__u32 isn;
	__u8 lane;
	__u8 progress; /* SW_REFUSAL_… */
	__u16 class_id;
	__u64 at_ns;
};

#define SW_REFUSAL_TOLD	 0x01 /* why was sent */
#define SW_REFUSAL_HEARD 0x02 /* and is acknowledged, or nobody wants to hear it any more */
#define SW_REFUSAL_PIECE 0x04 /* a CancelRequest's first piece came, and was not answered */

/* counters: one of these per service and CPU, and one for what no service can be made out of. */
#define SW_COUNTERS_HOST SW_SERVICES_MAX
#define SW_COUNTERS_ROWS (SW_SERVICES_MAX + 1)

struct sw_counters {
	__u64 count[SW_COUNTER_COUNT];
};

/* verdicts: one of these per class and CPU; each SYN that is no retransmit counts exactly once. */
#define SW_VERDICT_CELLS (SW_LANE_COUNT * SW_REASON_COUNT)

struct sw_verdicts {
	__u64 count[SW_VERDICT_CELLS];
};

SW_INLINE __u32 sw_verdict_cell(__u32 lane, __u32 reason)
{
	return lane * SW_REASON_COUNT + reason;
}

/*
 * lifetimes: how long connections were open, one of these per service and CPU. count[0] is up to
 * SW_LIFETIME_FIRST_NS, each bucket reaches to four times the one before, the last has no bound.
 */
#define SW_LIFETIME_FIRST_NS 1000000ull
#define SW_LIFETIME_BUCKETS  14

struct sw_lifetimes {
	__u64 sum_ns;
	__u64 count[SW_LIFETIME_BUCKETS + 1];
};

/* control: what the daemon tells all programs. */
struct sw_control {
	__u64 heartbeat_ns; /* CLOCK_MONOTONIC, written by the daemon */
	__u64 heartbeat_timeout_ns;
	__u64 handshake_timeout_ns;
	__u32 layout_version;
	__u32 mode;	  /* enum sw_mode */
	__u32 on_loss;	  /* enum sw_on_loss */
	__u32 syncookies; /* net.ipv4.tcp_syncookies of this host: 0 never, 1 if need be, 2 always */
	__u64 cookie_watch; /* sum over all services: while 0, no data packet is looked at */
	__u32 moving;	    /* enum sw_moving, see spillway/fresh.h */
	__u32 late_ack_s; /* how long after its SYN this host takes an ACK for one, if longer than by default */
};

/* The result of one run of the sweep. now_ns is the kernel's clock, by which all times in maps are. */
struct sw_sweep {
	__u64 now_ns;
	__u32 flows_expired;
	__u32 flows_removed;
	__u32 sources_removed;
	__u32 pad;
};

_Static_assert(SW_SERVICES_MAX <= 256, "a flow keeps its service in a byte");
_Static_assert(sizeof(struct sw_service_key) == 24, "no hidden padding in a key");
_Static_assert(sizeof(struct sw_class_key) == 24, "no hidden padding in a key");
_Static_assert(sizeof(struct sw_source_key) == 24, "no hidden padding in a key");
_Static_assert(sizeof(struct sw_flow_key) == 40, "no hidden padding in a key");
_Static_assert(sizeof(struct sw_flow) == 32, "no hidden padding in a flow");
_Static_assert(sizeof(struct sw_service_state) == 128, "two cache lines");
_Static_assert(sizeof(struct sw_class_state) == 64, "one cache line");

#endif
