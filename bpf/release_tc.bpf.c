/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Letting a waiter in, or ending its wait: run by the daemon on the SYN that was kept, one call for all
 * of it. What the lane costs is taken, the flow moves on, and the SYN goes up its interface as if it had
 * just come in; or the answer goes down it. Attached nowhere.
 */
#define COUNTS_IN_TASKS	    /* see count.bpf.h */
#define FRAMES_ARE_COMPLETE /* see tc_frame.bpf.h: the daemon completed what it kept */

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#define packet_ctx    __sk_buff
#define gate_listener listener_wait
#define answer_syn    answer_syn_wait
#define gate_answer   gate_answer_wait
#define gate_cancel   gate_cancel_wait
#define reply_write   reply_write_wait
#define parkable      parkable_wait
#define park	      park_wait

#include "tc_frame.bpf.h"

#include "exchange.bpf.h"
#include "waiter_turn.bpf.h"

/* The daemon notes when it saw a SYN to the millisecond; the next comes many later. */
#define SEEN_ROUNDED_NS 2000000

static __always_inline __u64 since_of(const struct __sk_buff *skb)
{
	return skb->cb[SW_RELEASE_CB_SINCE] | (__u64)skb->cb[SW_RELEASE_CB_SINCE + 1] << 32;
}

/* How long it took from a slot's release to the SYN that it was given to. */
static __always_inline void count_handed(__u32 service, __u64 took_ns)
{
	struct sw_waits *row = bpf_map_lookup_elem(&waits, &service);

	if (row)
		count_in(&row->handed, took_ns, SW_HANDED_FIRST_NS);
}

/* Where the SYN passes next is what it would have passed then: TC, and XDP in generic mode. */
static __always_inline __u32 send_in(struct __sk_buff *skb, const struct sw_flow_key *key,
				     __u32 released)
{
	__u64 freed_ns = since_of(skb);
	struct sw_flow *flow = bpf_map_lookup_elem(&flows, key);
	__u32 service = flow ? flow->service : SW_COUNTERS_HOST;

	if (bpf_clone_redirect(skb, skb->cb[SW_RELEASE_CB_IFINDEX], BPF_F_INGRESS)) {
		count(service, SW_COUNTER_RELEASED_UNSENT);
		return released | SW_RELEASED_UNSENT;
	}
	if (freed_ns)
		count_handed(service, bpf_ktime_get_ns() - freed_ns);
	return released;
}

/* Whether clients of the service can be told why they are refused. */
static __always_inline int tells(const struct sw_flow_key *key, __u8 lane)
{
	__u32 service = service_of(key);
	struct sw_service_conf *conf = bpf_map_lookup_elem(&service_conf, &service);

	return lane == SW_LANE_REFUSE && conf && conf->answers_as;
}

static __always_inline __u32 send_answer(struct __sk_buff *skb, __u32 where,
					 const struct sw_flow_key *key, __u32 released)
{
	if ((released & 0xff) == SW_LANE_DROP)
		return released;
	if (!answer_syn(skb, where, tells(key, released & 0xff)) &&
	    bpf_clone_redirect(skb, skb->cb[SW_RELEASE_CB_IFINDEX], 0))
		count(service_of(key), SW_COUNTER_UNANSWERABLE);
	return released;
}

/* Answers the ACK of a refused client as if it had just come: what it was told may have been lost. */
static __always_inline __u32 tell_again(struct __sk_buff *skb, __u32 where,
					const struct sw_flow_key *key)
{
	struct sw_refusal *refusal = bpf_map_lookup_elem(&refused, key);

	if (!refusal || refusal->progress & SW_REFUSAL_HEARD ||
	    gate_answer(skb, where) != GATE_ANSWERED)
		return 0;
	bpf_clone_redirect(skb, skb->cb[SW_RELEASE_CB_IFINDEX], 0);
	return sw_released(SW_LANE_REFUSE, 0);
}

/*
 * What the daemon has read of the client's SYNs may be older than what the gate has seen: then he waits on.
 * A SYN with another number is another connection's, which took his place.
 */
static __always_inline __u32 abandon(struct __sk_buff *skb, __u32 where,
				     const struct sw_flow_key *key)
{
	struct packet packet = packet_at(skb, where);
	struct tcphdr *tcp = tcp_header(&packet);
	struct sw_flow *flow = bpf_map_lookup_elem(&flows, key);
	__u64 seen;

	if (!tcp || !flow)
		return 0;
	seen = flow_word(flow);
	if (unpack(seen).tag != sw_flow_tag(key) || unpack(seen).state != SW_FLOW_WAITING ||
	    flow->isn != bpf_ntohl(tcp->seq))
		return 0;
	if ((__s64)(flow->state_ns - since_of(skb)) > (__s64)SEEN_ROUNDED_NS)
		return sw_released(SW_LANE_QUEUE, 0) | SW_RELEASED_ALIVE;
	waiter_forget(key, flow, seen, bpf_ntohl(tcp->seq), SW_WAIT_ABANDONED);
	return 0;
}

/* Returns what came of it: spillway/queue.h. */
SEC("tc")
int release_waiter(struct __sk_buff *skb)
{
	__u32 where = locate_tcp(skb);
	struct sw_flow_key key = {}; /* 6.1 wants what a global function fills to be filled */
	__u32 released;

	if (where < NOWHERE_COUNT || read_flow(skb, where, &key))
		return 0;
	if (skb->cb[SW_RELEASE_CB_OP] == SW_RELEASE_ABANDON)
		return abandon(skb, where, &key);
	if (skb->cb[SW_RELEASE_CB_OP] == SW_RELEASE_TELL)
		return tell_again(skb, where, &key);
	released = waiter_turn(skb, where,
			       skb->cb[SW_RELEASE_CB_OP] |
				       (skb->cb[SW_RELEASE_CB_AGAIN] ? SW_RELEASE_AGAIN : 0));
	if (sw_lane_admits(released & 0xff))
		return send_in(skb, &key, released);
	if ((released & 0xff) == SW_LANE_NONE || (released & 0xff) == SW_LANE_QUEUE)
		return released;
	return send_answer(skb, where, &key, released);
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
