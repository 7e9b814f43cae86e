/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Steering: a flow that belongs to another listener than the one it addresses is handed to it, by
 * assigning that listener to the packet. Client and listener see the original addresses.
 *
 * The SYN is all there is to steer: the kernel finds everything after it by the flow's own socket.
 * But a listener whose SYN queue is full answers with a cookie and keeps nothing, and the ACK that
 * brings the cookie back has to be handed to it as well. So ACKs are looked at while, and only while,
 * some half-open steered flow met a listener that was about to do that.
 */
#ifndef SPILLWAY_STEER_BPF_H
#define SPILLWAY_STEER_BPF_H

#include "flow.bpf.h"
#include "kernel.bpf.h"
#include "listener.bpf.h"
#include "parse.bpf.h"

#define SYNCOOKIES_ALWAYS 2

enum steer_says {
	STEER_PASS,
	STEER_DROP,
};

static __always_inline const struct sw_target *target_of(const struct sw_flow *flow)
{
	__u32 service = flow->service;
	struct sw_service_conf *conf = bpf_map_lookup_elem(&service_conf, &service);

	if (!conf)
		return 0;
	return flow->lane == SW_LANE_POOLER ? &conf->pooler : &conf->direct;
}

/*
 * True when the listener may answer this SYN with a cookie. The kernel does at a full queue; three
 * quarters leave room for the SYNs that other CPUs are just adding.
 */
static __always_inline int may_send_cookie(struct bpf_sock *sk)
{
	struct sw_control *said = bpf_map_lookup_elem(&control, &the_only);
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	__u32 queued, backlog;

	if (!tcp || !said)
		return 0;
	queued = tcp->inet_conn.icsk_accept_queue.qlen.counter;
	backlog = tcp->inet_conn.icsk_inet.sk.sk_max_ack_backlog;
	return said->syncookies == SYNCOOKIES_ALWAYS || queued >= backlog - backlog / 4;
}

/* Remembers that the flow's ACK may have to be steered too. */
static __always_inline void watch_cookie(struct sw_flow *flow)
{
	__u64 seen = flow_word(flow);
	struct sw_flow was = unpack(seen);

	if (was.state != SW_FLOW_HALF_OPEN || was.flags & SW_FLOW_COOKIE)
		return;
	cookie_watch_add(flow->service, 1);
	if (!flow_move(flow, seen, SW_FLOW_HALF_OPEN, was.flags | SW_FLOW_COOKIE))
		cookie_watch_add(flow->service, -1);
}

/* A flow's own socket, half-open, open or in TIME_WAIT, is for the kernel to find. */
static __always_inline int has_own_socket(struct __sk_buff *skb, const struct sw_flow_key *key)
{
	__u32 state = own_socket_state(skb, key);

	return state && state != BPF_TCP_LISTEN;
}

/* A global function, so that the verifier walks it once and not for every form of header chain. */
__attribute__((noinline)) int steer_syn(struct __sk_buff *skb, const struct sw_flow_key *key)
{
	struct sw_flow *flow = key ? bpf_map_lookup_elem(&flows, key) : 0;
	const struct sw_target *target;
	struct bpf_sock *sk;
	long err;

	if (!flow || unpack(flow_word(flow)).state != SW_FLOW_HALF_OPEN ||
	    !(flow->flags & SW_FLOW_STEERED) || has_own_socket(skb, key))
		return STEER_PASS;
	target = target_of(flow);
	sk = target ? target_listener(skb, target, key) : 0;
	if (!sk) {
		/* Gone since the gate looked: the client's next SYN is decided anew. */
		count(flow->service, SW_COUNTER_STEER_LOST);
		flow_end(key);
		return STEER_DROP;
	}
	if (may_send_cookie(sk))
		watch_cookie(flow);
	err = bpf_sk_assign(skb, sk, 0);
	bpf_sk_release(sk);
	count(flow->service, err ? SW_COUNTER_STEER_LOST : SW_COUNTER_STEERED);
	if (!err)
		return STEER_PASS;
	flow_end(key);
	return STEER_DROP;
}

/* An ACK of a half-open steered flow that the kernel knows nothing of: it can only bring a cookie. */
__attribute__((noinline)) int steer_ack(struct __sk_buff *skb, const struct sw_flow_key *key)
{
	struct sw_flow *flow = key ? bpf_map_lookup_elem(&flows, key) : 0;
	const struct sw_target *target;
	struct bpf_sock *sk;

	if (!flow || unpack(flow_word(flow)).state != SW_FLOW_HALF_OPEN ||
	    !(flow->flags & SW_FLOW_COOKIE) || has_own_socket(skb, key))
		return STEER_PASS;
	target = target_of(flow);
	sk = target ? target_listener(skb, target, key) : 0;
	if (!sk)
		return STEER_PASS;
	if (!bpf_sk_assign(skb, sk, 0))
		count(flow->service, SW_COUNTER_STEER_COOKIES);
	bpf_sk_release(sk);
	return STEER_PASS;
}

static __always_inline int cookies_are_out(void)
{
	struct sw_control *said = bpf_map_lookup_elem(&control, &the_only);

	return said && said->cookie_watch;
}

static __always_inline int steer_packet(struct __sk_buff *skb, const struct packet *packet)
{
	struct tcphdr *tcp = tcp_header(packet);
	struct sw_flow_key key;
	__u8 flags;

	if (!tcp)
		return STEER_PASS;
	flags = tcp_flags(tcp) & (TCP_SYN | TCP_ACK | TCP_RST);
	if (flags != TCP_SYN && (flags != TCP_ACK || !cookies_are_out()))
		return STEER_PASS;
	if (packet->is_fragment || read_flow(packet, tcp, &key) || service_of(&key) == NO_SERVICE)
		return STEER_PASS;
	return flags == TCP_SYN ? steer_syn(skb, &key) : steer_ack(skb, &key);
}

#endif
