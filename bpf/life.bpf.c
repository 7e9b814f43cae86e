/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The life of connections as the kernel's TCP sees it: ESTABLISHED confirms a flow's slot, CLOSE
 * frees it. The tracepoint speaks of every socket of every namespace; ours is the daemon's.
 *
 * The kernel does not run a tracing program while it runs already on that CPU: where a packet comes in while
 * a system call is just telling of its own socket, what becomes of the packet's socket is told to nobody, and
 * its slot would be held until reconciliation finds it. So there are two programs, one behind the other, of
 * which the second does what the first was not told of. Now and then neither is told, and it is reconciliation that
 * finds what ended: all that ended in some softirqs, and nothing anywhere else. Why is not known; the kernel counts a
 * recursion miss for it, of an empty program there as well.
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

/* What a transition says about its flow. */
enum event {
	EVENT_NONE,
	EVENT_OPENS,
	EVENT_CLOSES,
};

/*
 * A handshake that two CPUs complete at once, by the ACK and the first data, makes two sockets; the one
 * that comes second to the kernel's table is closed in SYN_RECV, and the connection is the other's. Where
 * there never was another, the handshake times out. One that is in CLOSE already has ended its flow.
 */
static __always_inline enum event event_of(int old_state, int new_state)
{
	if (new_state == BPF_TCP_ESTABLISHED && old_state == BPF_TCP_SYN_RECV)
		return EVENT_OPENS;
	return new_state == BPF_TCP_CLOSE && old_state != BPF_TCP_LISTEN &&
			       old_state != BPF_TCP_SYN_RECV && old_state != BPF_TCP_CLOSE
		       ? EVENT_CLOSES
		       : EVENT_NONE;
}

/*
 * What the first program has taken and the second has not been told of yet, for each CPU: one, and one more for
 * each time that a packet comes in between the two, which are few. A socket is named by its address, whose
 * lowest bits are free.
 */
#define CPUS_MAX    1024
#define TAKEN_ROOM  4
#define TAKEN_NEXT  TAKEN_ROOM /* where the next one goes */
#define TAKEN_WORDS 8	       /* a cache line */
#define EVENT_SHIFT 2

__u64 taken_by_cpu[CPUS_MAX][TAKEN_WORDS];

static __always_inline __u64 *taken_here(void)
{
	return taken_by_cpu[bpf_get_smp_processor_id() & (CPUS_MAX - 1)];
}

/* The verifier lets nobody reckon with an address that it knows for one. */
static __always_inline __u64 name_of(const struct sock *sk, enum event event)
{
	__u64 address = 0;

	bpf_probe_read_kernel(&address, sizeof(address), &sk);
	return address << EVENT_SHIFT | event;
}

static __always_inline void take(const struct sock *sk, enum event event)
{
	__u64 *taken = taken_here();

	taken[taken[TAKEN_NEXT]++ & (TAKEN_ROOM - 1)] = name_of(sk, event);
}

/* True once for each event that was taken. */
static __always_inline int was_taken(const struct sock *sk, enum event event)
{
	__u64 *taken = taken_here();
	__u64 name = name_of(sk, event);

	for (int i = 0; i < TAKEN_ROOM; i++) {
		if (taken[i] != name)
			continue;
		taken[i] = 0;
		return 1;
	}
	return 0;
}

static __always_inline int follow(const struct sock *sk, enum event event)
{
	struct sw_flow_key key;

	/* What is made of several TCP connections (MPTCP) is told under the addresses of the first. */
	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (BPF_CORE_READ(sk, __sk_common.skc_net.net, net_cookie) != guarded_netns_cookie)
		return 0;
	if (socket_flow(sk, &key))
		return 0;
	if (event == EVENT_OPENS)
		flow_confirm(&key, bpf_ktime_get_ns());
	else
		flow_end(&key);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(life, const struct sock *sk, int old_state, int new_state)
{
	enum event event = event_of(old_state, new_state);

	(void)ctx;
	if (event == EVENT_NONE)
		return 0;
	take(sk, event);
	return follow(sk, event);
}

/* Attached after the other, so that it comes second. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(life_again, const struct sock *sk, int old_state, int new_state)
{
	enum event event = event_of(old_state, new_state);

	(void)ctx;
	if (event == EVENT_NONE || was_taken(sk, event))
		return 0;
	return follow(sk, event);
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
