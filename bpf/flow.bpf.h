/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The life of a flow: noted by the gate, confirmed and ended by the socket's state, expired by the
 * sweep. Each step is a compare-and-swap of the flow's word; who wins it changes the counts.
 */
#ifndef SPILLWAY_FLOW_BPF_H
#define SPILLWAY_FLOW_BPF_H

#include <asm-generic/errno-base.h>

#include "cookie_watch.bpf.h"
#include "count.bpf.h"
#include "ended.bpf.h"
#include "source.bpf.h"
#include "service.bpf.h"
#include "wake.bpf.h"
#include "spillway/release.h"

static __always_inline __u64 flow_word(struct sw_flow *flow)
{
	return *(volatile __u64 *)&flow->word;
}

static __always_inline struct sw_flow unpack(__u64 word)
{
	struct sw_flow flow = {.word = word};

	return flow;
}

/* Moves the flow on from the word that was seen. True for exactly one of those who try. */
static __always_inline int flow_move(struct sw_flow *flow, __u64 seen, __u8 state, __u8 flags)
{
	struct sw_flow next = unpack(seen);

	next.state = state;
	next.flags = flags;
	return __sync_val_compare_and_swap(&flow->word, seen, next.word) == seen;
}

/* What a flow is counted by, read before its word is moved on: then it may be another's. */
struct holding {
	__u32 service;
	__u32 class_id;
	__u32 source_bits;
	__u16 was_silent; /* its source let the handshake expire: it is one that nobody has heard of */
	__u16 flags;
	__u64 syn_ns;
	__u64 state_ns;
};

static __always_inline struct holding holding_of(const struct sw_flow *flow)
{
	struct holding holding = {
		.service = flow->service,
		.class_id = flow->class_id,
		.source_bits = flow->source_bits,
		.flags = flow->flags,
		.syn_ns = flow->syn_ns,
		.state_ns = flow->state_ns,
	};

	/* Not to be read again after the word has changed. */
	asm volatile("" ::: "memory");
	return holding;
}

/* Counts a handshake that is, or lowers by one that is no longer, incomplete. */
static __always_inline void half_open_add(const struct holding *held, __u8 lane,
					  struct sw_source_live *source)
{
	struct sw_service_state *service = bpf_map_lookup_elem(&service_state, &held->service);

	if (service && lane == SW_LANE_DIRECT)
		sw_half_open_add(service, source);
}

/* The entry that counts the flow, NULL if none does. */
static __always_inline struct sw_source_live *source_of(const struct sw_flow_key *key,
							const struct holding *held, __u8 flags,
							struct sw_source_key *source)
{
	source_key(held->service, &key->client, held->source_bits, source);
	return flags & SW_FLOW_UNSOURCED ? 0 : source_find(source);
}

/* Gives back what the flow held. Only for who moved it out of HALF_OPEN or OPEN. */
static __noinline int flow_release(const struct sw_flow_key *key, struct holding *held, __u64 word)
{
	struct sw_flow was = unpack(word);
	struct sw_service_state *service = bpf_map_lookup_elem(&service_state, &held->service);
	struct sw_class_state *class = bpf_map_lookup_elem(&class_state, &held->class_id);
	struct sw_source_live *live;
	struct sw_source_key source;

	if (!service || !class)
		return 0;
	live = source_of(key, held, was.flags, &source);
	if (live && held->was_silent)
		live->is_proven = 0;
	sw_release(service, class, live, was.lane, was.state == SW_FLOW_HALF_OPEN);
	if (somebody_waits(service))
		wake(SW_WAKEUP_FREED, held->class_id, &source);
	if (was.state == SW_FLOW_HALF_OPEN)
		cookie_unwatch(held->service, was.flags);
	return 0;
}

/* Likewise, for who ended it: that is told. */
static __always_inline void flow_give_up(const struct sw_flow_key *key, struct holding *held,
					 __u64 word)
{
	flow_release(key, held, word);
	tell_end(key, held->service, held->class_id, word, held->state_ns);
}

enum noted {
	NOTED,
	NOTED_BY_ANOTHER,
	NOTED_NO_ROOM,
};

/* Puts a fresh flow where an expired one still lies. */
static __noinline enum noted flow_revive(const struct sw_flow_key *key, const struct sw_flow *fresh)
{
	struct sw_flow *old = bpf_map_lookup_elem(&flows, key);
	__u64 seen;

	if (!old)
		return NOTED_BY_ANOTHER; /* it went just now */
	seen = flow_word(old);
	if (unpack(seen).tag != fresh->tag || unpack(seen).state != SW_FLOW_EXPIRED ||
	    !flow_move(old, seen, SW_FLOW_CLAIMED, 0))
		return NOTED_BY_ANOTHER;
	cookie_unwatch(old->service, unpack(seen).flags);
	old->service = fresh->service;
	old->class_id = fresh->class_id;
	old->source_bits = fresh->source_bits;
	old->isn = fresh->isn;
	old->syn_ns = fresh->syn_ns;
	old->state_ns = fresh->state_ns;
	__sync_lock_test_and_set(&old->word, fresh->word);
	return NOTED;
}

static __always_inline enum noted flow_note(const struct sw_flow_key *key,
					    const struct sw_flow *fresh)
{
	long err = bpf_map_update_elem(&flows, key, fresh, BPF_NOEXIST);

	if (!err)
		return NOTED;
	return err == -EEXIST ? flow_revive(key, fresh) : NOTED_NO_ROOM;
}

/*
 * Moves the flow to DEAD from whichever of HALF_OPEN, OPEN and EXPIRED it is in. The word that it
 * had, 0 if it was in none of them or others moved it: `held` is as it was before.
 */
static __always_inline __u64 flow_kill(struct sw_flow *flow, __u32 tag, struct holding *held)
{
	for (int i = 0; i < SW_CAS_TRIES; i++) {
		__u64 seen = flow_word(flow);
		struct sw_flow was = unpack(seen);

		if (was.tag != tag || was.state < SW_FLOW_HALF_OPEN || was.state > SW_FLOW_EXPIRED)
			return 0;
		*held = holding_of(flow);
		if (flow_move(flow, seen, SW_FLOW_DEAD, 0))
			return seen;
	}
	return 0;
}

/*
 * The entry of a flow that holds nothing goes; only for who has the flow to himself, DEAD or CLAIMED. The kernel
 * refuses that where it was interrupted at the same part of the table. Nobody would touch such an entry again, so it
 * is left like one that was reset, for the sweep. True if it is gone.
 */
static __noinline int flow_delete(const struct sw_flow_key *key, struct sw_flow *flow)
{
	struct sw_flow left = unpack(flow_word(flow));
	long err = bpf_map_delete_elem(&flows, key);

	if (!err || err == -ENOENT)
		return 1;
	flow->state_ns = bpf_ktime_get_ns();
	left.state = SW_FLOW_EXPIRED;
	left.flags = SW_FLOW_RESET;
	/* A connection that comes all the same counts in a lane, which who waited has none of. */
	if (left.lane != SW_LANE_POOLER)
		left.lane = SW_LANE_DIRECT;
	__sync_lock_test_and_set(&flow->word, left.word);
	return 0;
}

/* Ends a flow: whatever it held is given back, once, and its entry goes. */
static __always_inline void flow_end(const struct sw_flow_key *key)
{
	struct sw_flow *flow = bpf_map_lookup_elem(&flows, key);
	struct holding held;
	__u64 word;

	if (!flow)
		return;
	word = flow_kill(flow, sw_flow_tag(key), &held);
	if (!word)
		return;
	if (unpack(word).state != SW_FLOW_EXPIRED)
		flow_give_up(key, &held, word);
	else
		cookie_unwatch(held.service, unpack(word).flags);
	if (unpack(word).state == SW_FLOW_OPEN)
		count_lifetime(held.service, bpf_ktime_get_ns() - held.state_ns);
	flow_delete(key, flow);
}

/*
 * The handshake is given up: what it held is free. The entry stays for an ACK that comes all the
 * same, which is steered if it was to be. True for exactly one of those who try.
 */
static __noinline int flow_expire(const struct sw_flow_key *key, struct sw_flow *flow, __u64 seen,
				  __u64 now_ns, __u32 counter)
{
	struct holding held = holding_of(flow);
	struct sw_flow was = unpack(seen);
	__u8 flags = was.flags & ~SW_FLOW_SUSPECT;

	if (counter != SW_COUNTER_EXPIRED)
		flags |= SW_FLOW_RESET;
	if (!flow_move(flow, seen, SW_FLOW_EXPIRED, flags))
		return 0;
	was.flags &= ~SW_FLOW_COOKIE;
	/* Before the release, which takes long enough for a retransmit to revive the flow. */
	flow->state_ns = now_ns;
	held.was_silent = counter == SW_COUNTER_EXPIRED;
	flow_give_up(key, &held, was.word);
	count(held.service,
	      counter == SW_COUNTER_EXPIRED ? SW_COUNTER_EXPIRED : SW_COUNTER_HANDSHAKE_RESETS);
	return 1;
}

/*
 * This host had no socket for the flow's SYN, so there is nothing that an ACK could complete: nothing of it stays,
 * or clients that try again and again would fill the table while nobody listens.
 */
static __noinline int flow_undo(const struct sw_flow_key *key, struct sw_flow *flow, __u64 seen)
{
	struct holding held = holding_of(flow);

	if (!flow_move(flow, seen, SW_FLOW_DEAD, 0))
		return 0;
	flow_give_up(key, &held, seen);
	count(held.service, SW_COUNTER_HANDSHAKE_RESETS);
	return flow_delete(key, flow);
}

/*
 * True where the RST with that number ends the handshake. Where the kernel may know another number, or be
 * sent a cookie's ACK with no number known to it, only the answer to a SYN that found no socket is sure.
 */
static __always_inline int is_ended_by(struct sw_flow *flow, __u8 flags, __u32 sequence,
				       int is_unheard)
{
	__u32 isn = *(volatile __u32 *)&flow->isn;

	if (flags & (SW_FLOW_RENUMBERED | SW_FLOW_COOKIE))
		return is_unheard;
	return isn && sequence == isn + 1;
}

/*
 * A RST that ends the handshake whose SYN had the number before its own. `is_unheard`: this host answers
 * a SYN by it, having no socket for that.
 */
static __always_inline void flow_reset(const struct sw_flow_key *key, __u32 sequence,
				       int is_unheard)
{
	struct sw_flow *flow = bpf_map_lookup_elem(&flows, key);
	struct sw_flow was;

	if (!flow)
		return;
	was = unpack(flow_word(flow));
	if (was.tag != sw_flow_tag(key) || was.state != SW_FLOW_HALF_OPEN ||
	    !is_ended_by(flow, was.flags, sequence, is_unheard))
		return;
	if (is_unheard)
		flow_undo(key, flow, was.word);
	else
		flow_expire(key, flow, was.word, bpf_ktime_get_ns(), SW_COUNTER_HANDSHAKE_RESETS);
}

#endif
