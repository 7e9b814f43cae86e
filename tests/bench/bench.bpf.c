/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The gate as it ships, fed with SYNs of ever new flows: BPF_PROG_TEST_RUN repeats one frame, so each
 * program here writes the next SYN into it first. What that costs is `feed_only`, to be subtracted.
 */
#define gate_xdp __attribute__((always_inline)) gate_xdp
#include "gate_xdp.bpf.c"
#undef gate_xdp

#include "bench.h"

struct bench_feed feed;

/* The gate keeps no SYN whose checksum is wrong. RFC 1071: whatever the order of bytes. */
static __always_inline __u16 checksum_with(__be32 address, __be16 port, __be16 to_port)
{
	__u32 sum = feed.sum + (address & 0xffff) + (address >> 16) + port + to_port;

	sum = (sum & 0xffff) + (sum >> 16);
	return ~((sum & 0xffff) + (sum >> 16));
}

static __always_inline int write_syn(struct xdp_md *ctx, struct sw_flow_key *key)
{
	__u64 *to = (void *)(long)ctx->data;
	const __u64 *from = (const void *)feed.frame;
	struct iphdr *ip = (void *)to + sizeof(struct ethhdr);
	struct tcphdr *tcp = (void *)(ip + 1);
	__u64 number = feed.next++;
	__u32 source = feed.sources ? (__u32)number * BENCH_SCATTER % feed.sources
				    : feed.new_source + (__u32)number;

	if ((void *)to + BENCH_FRAME > (void *)(long)ctx->data_end)
		return -1;
	for (int i = 0; i < BENCH_FRAME / 8; i++)
		to[i] = from[i];
	ip->saddr = bpf_htonl(0x0a000000 | source);
	tcp->source = bpf_htons(number + 1);
	tcp->dest = bpf_htons(BENCH_PORT + (feed.services ? source % feed.services : 0));
	tcp->check = checksum_with(ip->saddr, tcp->source, tcp->dest);
	__builtin_memset(key, 0, sizeof(*key));
	key->client.words_be[2] = bpf_htonl(0xffff);
	key->client.words_be[3] = ip->saddr;
	key->server.words_be[2] = bpf_htonl(0xffff);
	key->server.words_be[3] = ip->daddr;
	key->client_port_be = tcp->source;
	key->server_port_be = tcp->dest;
	return 0;
}

/* Keeps what was computed from being computed away. */
#define KEEP(value) asm volatile("" ::"r"(&(value)) : "memory")

SEC("xdp.frags")
int empty(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

SEC("xdp.frags")
int feed_only(struct xdp_md *ctx)
{
	struct sw_flow_key key;

	if (write_syn(ctx, &key))
		return XDP_ABORTED;
	KEEP(key);
	return XDP_PASS;
}

SEC("xdp.frags")
int feed_gate(struct xdp_md *ctx)
{
	struct sw_flow_key key;

	if (write_syn(ctx, &key))
		return XDP_ABORTED;
	KEEP(key);
	return gate_xdp(ctx);
}

/* The parts of a verdict, one program each. */

SEC("xdp.frags")
int part_clock(struct xdp_md *ctx)
{
	struct sw_flow_key key;
	__u64 now_ns;

	if (write_syn(ctx, &key))
		return XDP_ABORTED;
	KEEP(key);
	now_ns = bpf_ktime_get_ns();
	KEEP(now_ns);
	return XDP_PASS;
}

SEC("xdp.frags")
int part_arrays(struct xdp_md *ctx)
{
	__u32 id = 0;
	struct sw_flow_key key;
	const void *found[5];

	if (write_syn(ctx, &key))
		return XDP_ABORTED;
	KEEP(key);
	found[0] = bpf_map_lookup_elem(&service_conf, &id);
	found[1] = bpf_map_lookup_elem(&service_state, &id);
	found[2] = bpf_map_lookup_elem(&class_conf, &id);
	found[3] = bpf_map_lookup_elem(&class_state, &id);
	found[4] = bpf_map_lookup_elem(&control, &id);
	KEEP(found);
	return XDP_PASS;
}

SEC("xdp.frags")
int part_class(struct xdp_md *ctx)
{
	struct sw_class_key class_key = {.prefix_bits = 32 + 128};
	struct sw_flow_key key;
	const void *found;

	if (write_syn(ctx, &key))
		return XDP_ABORTED;
	class_key.address = key.client;
	found = bpf_map_lookup_elem(&classes, &class_key);
	KEEP(found);
	return XDP_PASS;
}

SEC("xdp.frags")
int part_miss(struct xdp_md *ctx)
{
	struct sw_flow_key key;
	const void *found;

	if (write_syn(ctx, &key))
		return XDP_ABORTED;
	found = bpf_map_lookup_elem(&flows, &key);
	KEEP(found);
	return XDP_PASS;
}

SEC("xdp.frags")
int part_insert(struct xdp_md *ctx)
{
	const struct sw_flow fresh = {.state = SW_FLOW_HALF_OPEN};
	struct sw_flow_key key;

	if (write_syn(ctx, &key))
		return XDP_ABORTED;
	bpf_map_update_elem(&flows, &key, &fresh, BPF_NOEXIST);
	return XDP_PASS;
}

static __always_inline void key_of_source(const struct sw_flow_key *key,
					  struct sw_source_key *source)
{
	source->service = 0;
	source->pad = 0;
	source->address = key->client;
}

SEC("xdp.frags")
int part_rate(struct xdp_md *ctx)
{
	struct sw_source_key source;
	struct sw_source_rate *rate;
	struct sw_flow_key key;

	if (write_syn(ctx, &key))
		return XDP_ABORTED;
	key_of_source(&key, &source);
	rate = bpf_map_lookup_elem(&source_rate, &source);
	if (rate)
		sw_gcra_take(&rate->theoretical_ns, 1ull << 60, 1, 1ull << 62);
	return XDP_PASS;
}

SEC("xdp.frags")
int part_live(struct xdp_md *ctx)
{
	const struct sw_source_limits none = {};
	struct sw_source_live *live;
	struct sw_source_key source;
	struct sw_flow_key key;

	if (write_syn(ctx, &key))
		return XDP_ABORTED;
	key_of_source(&key, &source);
	live = bpf_map_lookup_elem(&source_live, &source);
	if (live)
		sw_source_take(&live->word, sw_source_empty(&source), 1, &none);
	return XDP_PASS;
}

SEC("xdp.frags")
int part_slots(struct xdp_md *ctx)
{
	__u32 id = 0;
	struct sw_flow_key key;

	if (write_syn(ctx, &key))
		return XDP_ABORTED;
	KEEP(key);
	sw_slots_take(
		bpf_map_lookup_elem(&service_conf, &id), bpf_map_lookup_elem(&service_state, &id),
		bpf_map_lookup_elem(&class_conf, &id), bpf_map_lookup_elem(&class_state, &id));
	return XDP_PASS;
}

SEC("xdp.frags")
int part_count(struct xdp_md *ctx)
{
	const struct sw_verdict verdict = {.lane = SW_LANE_DIRECT};
	struct sw_flow_key key;

	if (write_syn(ctx, &key))
		return XDP_ABORTED;
	KEEP(key);
	count_verdict(0, verdict);
	return XDP_PASS;
}
