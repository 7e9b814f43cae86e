/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The life of connections as the kernel's TCP sees it: ESTABLISHED confirms a flow's slot, CLOSE
 * frees it. The tracepoint speaks of every socket of every namespace; ours is the daemon's.
 */
#define COUNTS_IN_TASKS /* see count.bpf.h */

#include "kernel.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "confirm.bpf.h"

#define IPPROTO_TCP 6

#define AF_INET	 2
#define AF_INET6 10

/* Set before loading: the network namespace that is guarded. Unlike its inode number, this one is never
 * given to another when the namespace goes and the pinned program stays. */
const volatile __u64 guarded_netns_cookie;

/* The client's and the server's side of a socket that came out of accept(). */
static __always_inline int socket_flow(const struct sock *sk, struct sw_flow_key *key)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	key->pad = 0;
	key->client_port_be = BPF_CORE_READ(sk, __sk_common.skc_dport);
	/* skc_num is 0 already when a socket is on its way to CLOSE. */
	key->server_port_be = BPF_CORE_READ((const struct inet_sock *)sk, inet_sport);
	if (family == AF_INET) {
		sw_address_map_ipv4(&key->client, BPF_CORE_READ(sk, __sk_common.skc_daddr));
		sw_address_map_ipv4(&key->server, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
		return 0;
	}
	if (family != AF_INET6)
		return -1;
	BPF_CORE_READ_INTO(&key->client, sk, __sk_common.skc_v6_daddr);
	BPF_CORE_READ_INTO(&key->server, sk, __sk_common.skc_v6_rcv_saddr);
	return 0;
}

/*
 * A handshake that two CPUs complete at once, by the ACK and the first data, makes two sockets; the one
 * that comes second to the kernel's table is closed in SYN_RECV, and the connection is the other's. Where
 * there never was another, the handshake times out. One that is in CLOSE already has ended its flow.
 */
static __always_inline int ends_flow(int old_state, int new_state)
{
	return new_state == BPF_TCP_CLOSE && old_state != BPF_TCP_LISTEN &&
	       old_state != BPF_TCP_SYN_RECV && old_state != BPF_TCP_CLOSE;
}

/* Where there is no room to count a late connection, that is counted. */
static __always_inline void opened(const struct sw_flow_key *key)
{
	if (flow_confirm(key, bpf_ktime_get_ns()))
		count(service_of(key), SW_COUNTER_SOURCES_FULL);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(life, const struct sock *sk, int old_state, int new_state)
{
	int opens = new_state == BPF_TCP_ESTABLISHED && old_state == BPF_TCP_SYN_RECV;
	int closes = ends_flow(old_state, new_state);
	struct sw_flow_key key;

	(void)ctx;
	if (!opens && !closes)
		return 0;
	/* What is made of several TCP connections (MPTCP) is told under the addresses of the first. */
	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (BPF_CORE_READ(sk, __sk_common.skc_net.net, net_cookie) != guarded_netns_cookie)
		return 0;
	if (socket_flow(sk, &key))
		return 0;
	if (opens)
		opened(&key);
	else
		flow_end(&key);
	return 0;
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
