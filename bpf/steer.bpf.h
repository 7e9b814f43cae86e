/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Steering: a flow that belongs to another listener than the one it addresses is handed to it, by
 * assigning that listener to the packet. Client and listener see the original addresses.
 *
 * The SYN is all there is to steer: the kernel finds everything after it by the flow's own socket.
 * But a listener whose SYN queue is full answers with a cookie and keeps nothing, and the ACK that
 * brings the cookie back has to be handed to it as well, however late. So ACKs are looked at while, and only
 * while, some steered flow that met a listener which was about to do that is half open, or expired and kept.
 */
#ifndef SPILLWAY_STEER_BPF_H
#define SPILLWAY_STEER_BPF_H

#include "flow.bpf.h"
#include "kernel.bpf.h"
#include "listener.bpf.h"
#include "parse.bpf.h"

#define SYNCOOKIES_ALWAYS 2

/* bpf_sk_assign() to a listener with SO_REUSEPORT, before Linux 6.6; asm-generic/errno.h. */
#define ESOCKTNOSUPPORT 94
/* How long the gate then uses other lanes before it tries again: each try costs a client a second. */
#define UNSTEERABLE_NS (30 * NS_PER_SECOND)

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

/* The packet's flow, *was what it is; NULL if there is none. */
static __always_inline struct sw_flow *flow_of(const struct sw_flow_key *key, struct sw_flow *was)
{
	struct sw_flow *flow = bpf_map_lookup_elem(&flows, key);

	if (flow)
		*was = unpack(flow_word(flow));
	return flow && was->tag == sw_flow_tag(key) ? flow : 0;
}

/*
 * A SYN that could not be given to its listener is dropped, and its flow ends: the client's next SYN is
 * decided anew. Where none could be given to that listener, the gate is told to leave it alone.
 */
static __always_inline void steer_failed(const struct sw_flow_key *key, const struct sw_flow *flow,
					 long err)
{
	__u32 service_id = flow->service;
	int is_pooler = flow->lane == SW_LANE_POOLER;
	struct sw_service_state *service = bpf_map_lookup_elem(&service_state, &service_id);

	if (service && err == -ESOCKTNOSUPPORT)
		service->unsteerable_until_ns[is_pooler] = bpf_ktime_get_ns() + UNSTEERABLE_NS;
	count(service_id, SW_COUNTER_STEER_LOST);
	flow_end(key);
}

static __always_inline int steer_syn(struct __sk_buff *skb, const struct sw_flow_key *key)
{
	struct sw_flow was, *flow = flow_of(key, &was);
	const struct sw_target *target;
	struct bpf_sock *sk;
	long err = -ENOENT;

	if (!flow || was.state != SW_FLOW_HALF_OPEN || !(was.flags & SW_FLOW_STEERED) ||
	    has_own_socket(skb, key))
		return STEER_PASS;
	target = target_of(flow);
	sk = target ? target_listener(skb, target, key) : 0;
	if (sk) {
		if (may_send_cookie(sk))
			watch_cookie(flow);
		err = bpf_sk_assign(skb, sk, 0);
		bpf_sk_release(sk);
	}
	if (err) {
		steer_failed(key, flow, err);
		return STEER_DROP;
	}
	count(flow->service, SW_COUNTER_STEERED);
	return STEER_PASS;
}

/*
 * An ACK that the kernel knows nothing of, of a steered flow whose handshake is not complete: it can only bring a
 * cookie. Where the flow has expired its connection counts as overcommitted once it is there (confirm.bpf.h).
 */
static __always_inline int steer_ack(struct __sk_buff *skb, const struct sw_flow_key *key)
{
	struct sw_flow was, *flow = flow_of(key, &was);
	const struct sw_target *target;
	struct bpf_sock *sk;

	if (!flow || (was.state != SW_FLOW_HALF_OPEN && was.state != SW_FLOW_EXPIRED) ||
	    !(was.flags & SW_FLOW_COOKIE) || has_own_socket(skb, key))
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

/* A global function, so that the verifier walks it once and not for every form of header chain. */
SW_SUBPROGRAM int steer_flow(struct __sk_buff *skb, __u32 where)
{
	struct packet packet = packet_at(skb, where);
	struct tcphdr *tcp = tcp_header(&packet);
	struct sw_flow_key key = {}; /* 6.1 wants what a global function fills to be filled */

	if (!tcp || read_flow(skb, where, &key) || service_of(&key) == NO_SERVICE)
		return STEER_PASS;
	return tcp_flags(tcp) & TCP_SYN ? steer_syn(skb, &key) : steer_ack(skb, &key);
}

static __always_inline int cookies_are_out(void)
{
	struct sw_control *said = bpf_map_lookup_elem(&control, &the_only);

	return said && said->cookie_watch;
}

static __always_inline int steer_packet(struct __sk_buff *skb, __u32 where)
{
	struct packet packet = packet_at(skb, where);
	struct tcphdr *tcp;
	__u8 flags;

	if (where < NOWHERE_COUNT || where & WHERE_FRAGMENT)
		return STEER_PASS;
	tcp = tcp_header(&packet);
	if (!tcp)
		return STEER_PASS;
	flags = tcp_flags(tcp) & (TCP_SYN | TCP_ACK | TCP_RST);
	if (flags != TCP_SYN && (flags != TCP_ACK || !cookies_are_out()))
		return STEER_PASS;
	return steer_flow(skb, where);
}

#endif
