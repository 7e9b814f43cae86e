/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reconciliation's steps on one flow, as spillway/reconcile.h describes them, the heartbeat, and what the
 * daemon counts. Run by the daemon, which knows the sockets; all that changes a count happens here,
 * where the gate and the socket's life change it too.
 */
#define COUNTS_IN_TASKS /* see count.bpf.h */

#include "confirm.bpf.h"
#include "spillway/chain.h"
#include "spillway/reconcile.h"

/* Everything that an adopted flow holds; it is never refused, for its connection is there. No source: no room. */
static __always_inline int take_anyway(const struct sw_flow_key *key, const struct holding *held,
				       __u8 lane, struct sw_source_live **source)
{
	struct sw_service_state *service = bpf_map_lookup_elem(&service_state, &held->service);
	struct sw_class_state *class = bpf_map_lookup_elem(&class_state, &held->class_id);
	struct sw_source_key from;

	*source = 0;
	if (!service || !class)
		return -EINVAL;
	source_key(held->service, &key->client, held->source_bits, &from);
	*source = hold_anyway(service, class, &from, lane);
	if (!*source)
		count(held->service, SW_COUNTER_SOURCES_FULL);
	return 0;
}

static __always_inline __u8 flags_by(const struct sw_source_live *source, __u8 flags)
{
	return source ? flags & ~SW_FLOW_UNSOURCED : flags | SW_FLOW_UNSOURCED;
}

static __noinline int adopt_new(const struct sw_flow_key *key, struct sw_flow_op *op)
{
	struct holding held = {
		.service = op->service,
		.class_id = op->class_id,
		.source_bits = op->source_bits,
	};
	struct sw_source_live *source;
	struct sw_flow fresh = {
		.tag = sw_flow_tag(key),
		.state = op->state,
		.lane = op->lane,
		.service = op->service,
		.source_bits = op->source_bits,
		.class_id = op->class_id,
		.syn_ns = bpf_ktime_get_ns(),
	};
	long err;

	fresh.state_ns = fresh.syn_ns;
	if (take_anyway(key, &held, fresh.lane, &source))
		return -EINVAL;
	fresh.flags = flags_by(source, SW_FLOW_ADOPTED);
	if (fresh.state == SW_FLOW_HALF_OPEN)
		half_open_add(&held, fresh.lane, source);
	else if (source)
		source->is_proven = 1;
	err = bpf_map_update_elem(&flows, key, &fresh, BPF_NOEXIST);
	if (!err) {
		count(held.service, SW_COUNTER_ADOPTED);
		op->seen_word = fresh.word;
		return SW_FLOW_OP_DONE;
	}
	flow_release(key, &held, fresh.word);
	return err == -EEXIST ? SW_FLOW_OP_KEPT : SW_FLOW_OP_NO_ROOM;
}

/* Adopted before it was known where its listener is: it holds what another lane costs. */
static __noinline int adopt_lane(const struct sw_flow_key *key, struct sw_flow *flow, __u64 seen,
				 struct sw_flow_op *op)
{
	struct holding held = holding_of(flow);
	struct sw_flow next = unpack(seen);
	struct sw_source_live *source;

	if (take_anyway(key, &held, op->lane, &source))
		return -EINVAL;
	next.lane = op->lane;
	next.flags = flags_by(source, next.flags);
	if (__sync_val_compare_and_swap(&flow->word, seen, next.word) == seen) {
		op->seen_word = next.word;
		flow_release(key, &held, seen);
		return SW_FLOW_OP_MOVED;
	}
	flow_release(key, &held, next.word);
	return SW_FLOW_OP_KEPT;
}

/*
 * It is another service's by now, and holds there what it held here. Its close would be missed while it is
 * claimed: who asked for this looks for the socket afterwards.
 */
static __noinline int adopt_service(const struct sw_flow_key *key, struct sw_flow *flow, __u64 seen,
				    struct sw_flow_op *op)
{
	struct holding held = {
		.service = op->service,
		.class_id = op->class_id,
		.source_bits = op->source_bits,
	};
	struct sw_flow next = {
		.tag = unpack(seen).tag,
		.state = SW_FLOW_OPEN,
		.lane = op->lane,
	};
	struct sw_source_live *source;

	if (take_anyway(key, &held, op->lane, &source))
		return -EINVAL;
	next.flags = flags_by(source, SW_FLOW_ADOPTED);
	if (source)
		source->is_proven = 1;
	if (!flow_move(flow, seen, SW_FLOW_CLAIMED, 0)) {
		flow_release(key, &held, next.word);
		return SW_FLOW_OP_KEPT;
	}
	/* What it held before, which nobody changes while it is claimed; the stack has no room for both. */
	held = holding_of(flow);
	flow->service = op->service;
	flow->class_id = op->class_id;
	flow->source_bits = op->source_bits;
	__sync_lock_test_and_set(&flow->word, next.word);
	op->seen_word = next.word;
	flow_release(key, &held, seen);
	return SW_FLOW_OP_MOVED;
}

static __noinline int adopt_known(const struct sw_flow_key *key, struct sw_flow *flow,
				  struct sw_flow_op *op)
{
	__u64 seen = flow_word(flow);
	struct sw_flow was = unpack(seen);

	if (was.tag != sw_flow_tag(key))
		return SW_FLOW_OP_KEPT;
	if (was.state == SW_FLOW_OPEN && op->state == SW_FLOW_OPEN && flow->service != op->service)
		return adopt_service(key, flow, seen, op);
	if (was.state == SW_FLOW_OPEN && was.flags & SW_FLOW_ADOPTED && was.lane != op->lane)
		return adopt_lane(key, flow, seen, op);
	/* Its socket is there after all. */
	if (was.state == SW_FLOW_OPEN && was.flags & SW_FLOW_SUSPECT)
		flow_move(flow, seen, SW_FLOW_OPEN, was.flags & ~SW_FLOW_SUSPECT);
	if (op->state != SW_FLOW_OPEN ||
	    (was.state != SW_FLOW_HALF_OPEN && was.state != SW_FLOW_EXPIRED &&
	     was.state != SW_FLOW_WAITING))
		return SW_FLOW_OP_KEPT;
	flow_confirm(key, bpf_ktime_get_ns());
	seen = flow_word(flow);
	if (unpack(seen).state != SW_FLOW_OPEN)
		return SW_FLOW_OP_KEPT;
	op->seen_word = seen;
	return SW_FLOW_OP_CONFIRMED;
}

static __always_inline int adopt(const struct sw_flow_key *key, struct sw_flow_op *op)
{
	struct sw_flow *flow = bpf_map_lookup_elem(&flows, key);

	if (!sw_lane_admits(op->lane) ||
	    (op->state != SW_FLOW_OPEN && op->state != SW_FLOW_HALF_OPEN))
		return -EINVAL;
	return flow ? adopt_known(key, flow, op) : adopt_new(key, op);
}

/* Of handshakes that are not complete those that the daemon made and gives back. */
static __always_inline int holds(struct sw_flow was)
{
	return was.state == SW_FLOW_OPEN ||
	       (was.state == SW_FLOW_HALF_OPEN && was.flags & SW_FLOW_ADOPTED);
}

static __always_inline int suspect(const struct sw_flow_key *key, __u64 seen)
{
	struct sw_flow *flow = bpf_map_lookup_elem(&flows, key);
	struct sw_flow was = unpack(seen);

	if (!flow || was.tag != sw_flow_tag(key) || !holds(was))
		return SW_FLOW_OP_KEPT;
	return flow_move(flow, seen, was.state, was.flags | SW_FLOW_SUSPECT) ? SW_FLOW_OP_DONE
									     : SW_FLOW_OP_KEPT;
}

static __always_inline int release(const struct sw_flow_key *key, __u64 seen)
{
	struct sw_flow *flow = bpf_map_lookup_elem(&flows, key);
	struct sw_flow was = unpack(seen);
	struct holding held;

	if (!flow || was.tag != sw_flow_tag(key) || !holds(was) || !(was.flags & SW_FLOW_SUSPECT))
		return SW_FLOW_OP_KEPT;
	held = holding_of(flow);
	if (!flow_move(flow, seen, SW_FLOW_DEAD, 0))
		return SW_FLOW_OP_KEPT;
	flow_give_up(key, &held, seen);
	if (was.state == SW_FLOW_OPEN)
		count_lifetime(held.service, bpf_ktime_get_ns() - held.state_ns);
	flow_delete(key, flow);
	return SW_FLOW_OP_DONE;
}

/* Copied, because older kernels let no helper read a program's context. */
SEC("syscall")
int reconcile_flow(struct sw_flow_op *ctx)
{
	struct sw_flow_op op = *ctx;
	struct sw_flow_key key = op.key;
	int result = -EINVAL;

	switch (op.kind) {
	case SW_FLOW_OP_ADOPT:
		result = adopt(&key, &op);
		break;
	case SW_FLOW_OP_SUSPECT:
		result = suspect(&key, op.seen_word);
		break;
	case SW_FLOW_OP_RELEASE:
		result = release(&key, op.seen_word);
		break;
	}
	if (result < 0)
		return result;
	if (op.is_drift && (result == SW_FLOW_OP_DONE || result == SW_FLOW_OP_CONFIRMED))
		count(op.service, SW_COUNTER_DRIFT);
	ctx->result = result;
	ctx->seen_word = op.seen_word;
	return 0;
}

/* By the kernel's clock, so that no other clock can make the daemon look alive or dead. */
SEC("syscall")
int beat(void *ctx)
{
	struct sw_control *said = bpf_map_lookup_elem(&control, &the_only);

	(void)ctx;
	if (!said)
		return -EINVAL;
	*(volatile __u64 *)&said->heartbeat_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("syscall")
int count_up(struct sw_count_up *ctx)
{
	struct sw_count_up what = *ctx;
	struct sw_counters *row = bpf_map_lookup_elem(&counters, &what.service);

	if (!row || what.counter >= SW_COUNTER_COUNT)
		return -EINVAL;
	count_add(&row->count[what.counter], what.by);
	return 0;
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
