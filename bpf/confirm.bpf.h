/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A handshake that is complete: the reservation becomes a connection, whether or not it is still there.
 * Used by the sockets' life and by reconciliation.
 */
#ifndef SPILLWAY_CONFIRM_BPF_H
#define SPILLWAY_CONFIRM_BPF_H

#include "waiter_ended.bpf.h"

/* What the lane costs, for who may not be refused. The entry that counts him, NULL: there was no room for it. */
static __always_inline struct sw_source_live *hold_anyway(struct sw_service_state *service,
							  struct sw_class_state *class,
							  const struct sw_source_key *source,
							  __u8 lane)
{
	const struct sw_source_limits none = {};
	struct sw_source_live *live = 0;

	if (source_take(source, &live, lane == SW_LANE_DIRECT, &none))
		live = 0;
	if (lane == SW_LANE_DIRECT)
		sw_slots_take_anyway(service, class);
	else
		sw_pooler_take_anyway(service, class);
	return live;
}

/*
 * A handshake that came too late, the slot having gone to somebody else, or past a gate that was taken
 * off while the flow waited: the connection is there.
 */
static __noinline int flow_overcommit(const struct sw_flow_key *key, struct sw_flow *flow,
				      __u64 seen, __u64 now_ns)
{
	struct holding held = holding_of(flow);
	struct sw_service_state *service = bpf_map_lookup_elem(&service_state, &held.service);
	struct sw_class_state *class = bpf_map_lookup_elem(&class_state, &held.class_id);
	struct sw_source_key source;
	struct sw_source_live *live;
	struct sw_flow next = unpack(seen);
	int waited = next.state == SW_FLOW_WAITING;

	if (!service || !class)
		return 0;
	held.flags = next.flags;
	next.state = SW_FLOW_OPEN;
	next.flags &= ~(SW_FLOW_UNSOURCED | SW_FLOW_RESET | SW_FLOW_COOKIE);
	if (waited) {
		next.lane = SW_LANE_DIRECT;
		next.flags = 0;
	}
	source_key(held.service, &key->client, held.source_bits, &source);
	live = hold_anyway(service, class, &source, next.lane);
	if (!live)
		next.flags |= SW_FLOW_UNSOURCED;
	if (__sync_val_compare_and_swap(&flow->word, seen, next.word) != seen) {
		sw_release(service, class, live, next.lane, 0);
		if (somebody_waits(service))
			wake(SW_WAKEUP_FREED, held.class_id, &source);
		return 0;
	}
	flow->state_ns = now_ns;
	if (live)
		live->is_proven = 1;
	else
		count(held.service, SW_COUNTER_SOURCES_FULL);
	count(held.service, SW_COUNTER_OVERCOMMITTED);
	if (waited)
		waiter_ended(key, &held, now_ns, SW_WAIT_ADMITTED);
	else
		cookie_unwatch(held.service, held.flags);
	return 0;
}

/* True where no more handshakes could be incomplete, of all or of the source. */
static __always_inline int half_open_bound(__u32 id, const struct sw_half_open *before)
{
	const struct sw_service_conf *conf = bpf_map_lookup_elem(&service_conf, &id);

	return conf && ((conf->half_open_max && before->in_all >= conf->half_open_max) ||
			(conf->half_open_per_source && before->own >= conf->half_open_per_source));
}

/* What was counted for the handshake alone. Only for who moved the flow from HALF_OPEN to OPEN. */
static __noinline int flow_opened(const struct sw_flow_key *key, struct holding *held, __u64 word)
{
	struct sw_service_state *service = bpf_map_lookup_elem(&service_state, &held->service);
	struct sw_flow was = unpack(word);
	struct sw_source_live *live;
	struct sw_source_key source;
	struct sw_half_open before;

	cookie_unwatch(held->service, was.flags);
	if (!service)
		return 0;
	live = source_of(key, held, was.flags, &source);
	if (live)
		live->is_proven = 1;
	if (was.lane != SW_LANE_DIRECT)
		return 0;
	before = sw_half_open_free(service, live);
	/* In this order: who is seen too late here looks at the caps later still. */
	if (somebody_waits(service) && half_open_bound(held->service, &before))
		wake(SW_WAKEUP_COMPLETED, held->class_id, &source);
	return 0;
}

/* The handshake is complete: the reservation becomes a connection. */
static __always_inline void flow_confirm(const struct sw_flow_key *key, __u64 now_ns)
{
	struct sw_flow *flow = bpf_map_lookup_elem(&flows, key);
	__u32 tag = sw_flow_tag(key);
	struct holding held;
	__u64 seen = 0;

	if (!flow)
		return;
	for (int i = 0; i < SW_CAS_TRIES; i++) {
		seen = flow_word(flow);
		if (unpack(seen).tag != tag || unpack(seen).state != SW_FLOW_HALF_OPEN)
			break;
		held = holding_of(flow);
		if (!flow_move(flow, seen, SW_FLOW_OPEN, unpack(seen).flags & ~SW_FLOW_COOKIE))
			continue;
		flow->state_ns = now_ns;
		flow_opened(key, &held, seen);
		return;
	}
	if (unpack(seen).tag == tag &&
	    (unpack(seen).state == SW_FLOW_EXPIRED || unpack(seen).state == SW_FLOW_WAITING))
		flow_overcommit(key, flow, seen, now_ns);
}

#endif
