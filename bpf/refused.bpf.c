/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Handshakes that this host itself refuses with a RST after the gate has reserved a slot for them:
 * nothing listens, or the accept queue is full (tcp_abort_on_overflow). The slot is free at once where
 * the kernel tells: before Linux 6.10 it is silent where nothing listens.
 */
#define COUNTS_IN_TASKS /* see count.bpf.h */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include "kernel.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

#include "flow.bpf.h"

#define TCP_SYN 0x02
#define TCP_ACK 0x10

/* In the object that life.bpf.c is linked with; set before loading. */
extern const volatile __u64 guarded_netns_cookie;

/* Where a packet comes from and goes to, out of the kernel's memory: 0 if all could be read. */
static __always_inline int packet_flow(const unsigned char *ip_at, const struct tcphdr *tcp,
				       struct sw_flow_key *key)
{
	struct ipv6hdr ip6;
	struct iphdr ip4;

	key->client_port_be = tcp->source;
	key->server_port_be = tcp->dest;
	if (bpf_probe_read_kernel(&ip4, sizeof(ip4), ip_at))
		return -1;
	if (ip4.version == 4) {
		sw_address_map_ipv4(&key->client, ip4.saddr);
		sw_address_map_ipv4(&key->server, ip4.daddr);
		return 0;
	}
	if (ip4.version != 6 || bpf_probe_read_kernel(&ip6, sizeof(ip6), ip_at))
		return -1;
	__builtin_memcpy(&key->client, &ip6.saddr, sizeof(key->client));
	__builtin_memcpy(&key->server, &ip6.daddr, sizeof(key->server));
	return 0;
}

static __always_inline __u8 state_of(const struct sock *sk)
{
	return sk ? BPF_CORE_READ(sk, __sk_common.skc_state) : 0;
}

/*
 * True where the RST ends the handshake. A listener also answers an ACK with a wrong number by a RST,
 * and keeps what it knows of the handshake: then the right ACK may follow. Only when its accept queue
 * is full has it thrown the handshake away. Without any socket there is nothing to complete.
 */
static __always_inline int ends_handshake(const struct sock *sk, const struct tcphdr *tcp)
{
	__u8 state = state_of(sk);

	if (!state)
		return 1;
	if (state != BPF_TCP_LISTEN || tcp->syn)
		return 0;
	return BPF_CORE_READ(sk, sk_ack_backlog) > BPF_CORE_READ(sk, sk_max_ack_backlog);
}

static __always_inline __u64 netns_of(const struct sock *sk, const struct sk_buff *skb)
{
	struct net *net = sk ? BPF_CORE_READ(sk, __sk_common.skc_net.net) : 0;

	if (!net)
		net = BPF_CORE_READ(skb, dev, nd_net.net);
	return BPF_CORE_READ(net, net_cookie);
}

/*
 * Not by BPF_PROG: kernels differ in what comes after the skb. Either pointer may be NULL. Newer
 * verifiers want that tested; older ones do not know it and take the test out, so that what is read
 * behind NULL, which reads as zero, must lead to the same.
 */
SEC("tp_btf/tcp_send_reset")
int refused_accept(__u64 *ctx)
{
	const struct sock *sk = (const struct sock *)ctx[0];
	const struct sk_buff *skb = (const struct sk_buff *)ctx[1];
	const unsigned char *head;
	struct sw_flow_key key = {};
	struct tcphdr tcp;

	if (!skb)
		return 0;
	head = BPF_CORE_READ(skb, head);
	if (!head || netns_of(sk, skb) != guarded_netns_cookie)
		return 0;
	if (bpf_probe_read_kernel(&tcp, sizeof(tcp), head + BPF_CORE_READ(skb, transport_header)) ||
	    packet_flow(head + BPF_CORE_READ(skb, network_header), &tcp, &key))
		return 0;
	if (ends_handshake(sk, &tcp))
		flow_reset(&key, bpf_ntohl(tcp.seq) + tcp.syn, tcp.syn && !state_of(sk));
	return 0;
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
