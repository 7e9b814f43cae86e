/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Listeners of this host, asked for in the socket tables. The gate asks whether there is one; the
 * steering program takes it. The same helper serves XDP and TC.
 */
#ifndef SPILLWAY_LISTENER_BPF_H
#define SPILLWAY_LISTENER_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "source.bpf.h"

/* The socket that belongs to client → server, whatever its state. To be released. */
static __always_inline struct bpf_sock *socket_of(void *ctx, const struct sw_flow_key *flow)
{
	struct bpf_sock_tuple tuple = {};

	if (sw_address_is_ipv4(&flow->server)) {
		tuple.ipv4.saddr = flow->client.words_be[3];
		tuple.ipv4.daddr = flow->server.words_be[3];
		tuple.ipv4.sport = flow->client_port_be;
		tuple.ipv4.dport = flow->server_port_be;
		return bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	}
	__builtin_memcpy(&tuple.ipv6.saddr, &flow->client, sizeof(tuple.ipv6.saddr));
	__builtin_memcpy(&tuple.ipv6.daddr, &flow->server, sizeof(tuple.ipv6.daddr));
	tuple.ipv6.sport = flow->client_port_be;
	tuple.ipv6.dport = flow->server_port_be;
	return bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
}

/* Where a steered flow goes: the same client, the target's address. False: no such family there. */
static __always_inline int aim(const struct sw_target *target, const struct sw_flow_key *flow,
			       struct sw_flow_key *aimed)
{
	*aimed = *flow;
	aimed->server_port_be = target->port_be;
	if (sw_address_is_ipv4(&flow->server)) {
		aimed->server.words_be[3] = target->ipv4_be;
		return target->has_ipv4;
	}
	aimed->server = target->ipv6;
	return target->has_ipv6;
}

/* The target's listening socket, to be released, or NULL. */
static __always_inline struct bpf_sock *target_listener(void *ctx, const struct sw_target *target,
							const struct sw_flow_key *flow)
{
	struct sw_flow_key aimed;
	struct bpf_sock *sk;

	if (!aim(target, flow, &aimed))
		return 0;
	sk = socket_of(ctx, &aimed);
	if (!sk)
		return 0;
	if (sk->state == BPF_TCP_LISTEN)
		return sk;
	bpf_sk_release(sk);
	return 0;
}

/* The state of whatever socket answers to the packet's own addresses, 0 for none. */
static __noinline __u32 own_socket_state(void *ctx, const struct sw_flow_key *flow)
{
	struct bpf_sock *sk = socket_of(ctx, flow);
	__u32 state = 0;

	if (sk) {
		state = sk->state;
		bpf_sk_release(sk);
	}
	return state;
}

#endif
