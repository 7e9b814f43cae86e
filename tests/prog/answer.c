/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers, header by header.
 */
#include "answer.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <string.h>

#define ETHERNET_MIN 60
#define DONT_FRAG    0x4000
#define HOP_LIMIT    64
#define TAG_BYTES    4

size_t answer_ip_offset(const struct packet *packet)
{
	size_t offset = ETH_HLEN;

	for (int i = 0; i < PACKET_TAGS_MAX && packet->tags[i]; i++)
		offset += TAG_BYTES;
	return offset;
}

size_t answer_tcp_offset(const struct rig *rig, const struct packet *packet)
{
	return answer_ip_offset(packet) +
	       (rig->ipv6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
}

/* The tags, and which protocol follows, as they came. */
static void check_link(const uint8_t *answer, const uint8_t *sent, size_t bytes)
{
	assert_memory_equal(answer, sent + ETH_ALEN, ETH_ALEN);
	assert_memory_equal(answer + ETH_ALEN, sent, ETH_ALEN);
	assert_memory_equal(answer + 2 * ETH_ALEN, sent + 2 * ETH_ALEN, bytes - 2 * ETH_ALEN);
}

static void check_ipv4(const uint8_t *answer, const uint8_t *sent, size_t tcp_bytes)
{
	const struct iphdr *ip = (const void *)answer, *was = (const void *)sent;

	assert_int_equal(ip->version, 4);
	assert_int_equal(ip->ihl, 5);
	assert_int_equal(ip->tos, 0);
	assert_int_equal(ntohs(ip->tot_len), sizeof(*ip) + tcp_bytes);
	assert_int_equal(ntohs(ip->frag_off), DONT_FRAG);
	assert_int_equal(ip->ttl, HOP_LIMIT);
	assert_int_equal(ip->protocol, IPPROTO_TCP);
	assert_int_equal(ip->saddr, was->daddr);
	assert_int_equal(ip->daddr, was->saddr);
	assert_int_equal(packet_sum(ip, sizeof(*ip), 0), 0);
}

static void check_ipv6(const uint8_t *answer, const uint8_t *sent, size_t tcp_bytes)
{
	const struct ipv6hdr *ip = (const void *)answer, *was = (const void *)sent;

	assert_int_equal(ip->version, 6);
	assert_int_equal(ip->priority, 0);
	assert_memory_equal(ip->flow_lbl, "\0\0\0", 3);
	assert_int_equal(ntohs(ip->payload_len), tcp_bytes);
	assert_int_equal(ip->nexthdr, IPPROTO_TCP);
	assert_int_equal(ip->hop_limit, HOP_LIMIT);
	assert_memory_equal(&ip->saddr, &was->daddr, sizeof(ip->saddr));
	assert_memory_equal(&ip->daddr, &was->saddr, sizeof(ip->daddr));
}

static void check_tcp(const uint8_t *answer, const uint8_t *sent, const struct answer *want)
{
	const struct tcphdr *tcp = (const void *)answer, *was = (const void *)sent;

	assert_int_equal(tcp->source, was->dest);
	assert_int_equal(tcp->dest, was->source);
	assert_int_equal(ntohl(tcp->seq), want->seq);
	assert_int_equal(ntohl(tcp->ack_seq), want->ack);
	assert_int_equal(answer[12], sizeof(*tcp) / 4 << 4);
	assert_int_equal(answer[13], want->flags);
	assert_int_equal(ntohs(tcp->window), want->window);
	assert_int_equal(tcp->urg_ptr, 0);
	if (want->bytes)
		assert_memory_equal(answer + sizeof(*tcp), want->data, want->bytes);
}

/* XDP sends what it is given, so a frame is not made shorter than Ethernet's shortest. */
static size_t frame_bytes(const struct rig *rig, size_t came, size_t needed)
{
	size_t least = needed < ETHERNET_MIN ? ETHERNET_MIN : needed;

	if (rig->tc || came < needed)
		return needed;
	return came < least ? came : least;
}

void answer_check(const struct rig *rig, const struct packet *sent, const struct answer *want)
{
	size_t ip = answer_ip_offset(sent), tcp = answer_tcp_offset(rig, sent);
	size_t tcp_bytes = sizeof(struct tcphdr) + want->bytes, came;
	struct packet whole = *sent;
	uint8_t frame[PACKET_MAX];

	whole.ipv6 = rig->ipv6;
	came = packet_build(&whole, frame);
	check_link(rig->answer, frame, ip);
	if (rig->ipv6)
		check_ipv6(rig->answer + ip, frame + ip, tcp_bytes);
	else
		check_ipv4(rig->answer + ip, frame + ip, tcp_bytes);
	check_tcp(rig->answer + tcp, frame + tcp, want);
	assert_int_equal(packet_tcp_sum(rig->answer + ip, rig->ipv6, rig->answer + tcp, tcp_bytes),
			 0);
	assert_int_equal(rig->answer_bytes, frame_bytes(rig, came, tcp + tcp_bytes));
	for (size_t i = tcp + tcp_bytes; i < rig->answer_bytes; i++)
		assert_int_equal(rig->answer[i], 0);
}

uint32_t answer_seq(const struct rig *rig, const struct packet *sent)
{
	const struct tcphdr *tcp = (const void *)(rig->answer + answer_tcp_offset(rig, sent));

	return ntohl(tcp->seq);
}
