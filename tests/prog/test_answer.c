/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The RST that answers a refused SYN, byte for byte, and the frames that cannot be answered.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <string.h>

#include "rig.h"

#define ETHERNET_MIN 60

static void check_ethernet(const struct rig *rig, const uint8_t *sent, size_t tag_bytes)
{
	assert_memory_equal(rig->answer, sent + ETH_ALEN, ETH_ALEN);
	assert_memory_equal(rig->answer + ETH_ALEN, sent, ETH_ALEN);
	/* The tags, and which protocol follows, as they came. */
	assert_memory_equal(rig->answer + 12, sent + 12, tag_bytes + 2);
}

static size_t check_ipv4(const uint8_t *answer, const uint8_t *sent)
{
	const struct iphdr *ip = (const void *)answer, *was = (const void *)sent;

	assert_int_equal(ip->version, 4);
	assert_int_equal(ip->ihl, 5);
	assert_int_equal(ip->tos, 0);
	assert_int_equal(ntohs(ip->tot_len), sizeof(*ip) + sizeof(struct tcphdr));
	assert_int_equal(ntohs(ip->frag_off), 0x4000);
	assert_int_equal(ip->ttl, 64);
	assert_int_equal(ip->protocol, 6);
	assert_int_equal(ip->saddr, was->daddr);
	assert_int_equal(ip->daddr, was->saddr);
	assert_int_equal(packet_sum(ip, sizeof(*ip), 0), 0);
	return sizeof(*ip);
}

static size_t check_ipv6(const uint8_t *answer, const uint8_t *sent)
{
	const struct ipv6hdr *ip = (const void *)answer, *was = (const void *)sent;

	assert_int_equal(ip->version, 6);
	assert_int_equal(ip->priority, 0);
	assert_memory_equal(ip->flow_lbl, "\0\0\0", 3);
	assert_int_equal(ntohs(ip->payload_len), sizeof(struct tcphdr));
	assert_int_equal(ip->nexthdr, 6);
	assert_int_equal(ip->hop_limit, 64);
	assert_memory_equal(&ip->saddr, &was->daddr, 16);
	assert_memory_equal(&ip->daddr, &was->saddr, 16);
	return sizeof(*ip);
}

static void check_tcp(const uint8_t *answer, const uint8_t *sent, uint32_t segment_length)
{
	const struct tcphdr *tcp = (const void *)answer, *was = (const void *)sent;

	assert_int_equal(tcp->source, was->dest);
	assert_int_equal(tcp->dest, was->source);
	assert_int_equal(tcp->seq, 0);
	assert_int_equal(ntohl(tcp->ack_seq), ntohl(was->seq) + segment_length);
	assert_int_equal(answer[12], 0x50);
	assert_int_equal(answer[13], RST | ACK);
	assert_int_equal(tcp->window, 0);
	assert_int_equal(tcp->urg_ptr, 0);
}

static void check_answer(struct rig *rig, const void *arg)
{
	struct packet packet = *(const struct packet *)arg;
	uint8_t frame[PACKET_MAX];
	size_t bytes, tag_bytes = 0, ip_bytes, end;

	rig->maps->service_conf[0].budget = 0;
	packet.ipv6 = rig->ipv6;
	bytes = packet_build(&packet, frame);
	for (int i = 0; i < PACKET_TAGS_MAX && packet.tags[i]; i++)
		tag_bytes += 4;
	rig_expect(rig, &packet, REFUSED(BUDGET));
	check_ethernet(rig, frame, tag_bytes);
	end = ETH_HLEN + tag_bytes;
	ip_bytes = rig->ipv6 ? check_ipv6(rig->answer + end, frame + end)
			     : check_ipv4(rig->answer + end, frame + end);
	check_tcp(rig->answer + end + ip_bytes, frame + end + ip_bytes, 1 + packet.data);
	assert_int_equal(packet_tcp_sum(rig->answer + end, rig->ipv6, rig->answer + end + ip_bytes,
					sizeof(struct tcphdr)),
			 0);
	end += ip_bytes + sizeof(struct tcphdr);
	/* XDP sends what it is given, so a frame is not made shorter than Ethernet's shortest. */
	assert_int_equal(rig->answer_bytes, rig->tc || end > ETHERNET_MIN ? end
					    : bytes < ETHERNET_MIN	  ? bytes
									  : ETHERNET_MIN);
	for (size_t i = end; i < rig->answer_bytes; i++)
		assert_int_equal(rig->answer[i], 0);
}

static void check_sequence_wraps(struct rig *rig, const void *arg)
{
	const struct packet packet = {.isn = 0xffffffff, .data = 3};

	(void)arg;
	check_answer(rig, &packet);
}

static void check_unanswerable(struct rig *rig, const void *arg)
{
	rig->maps->service_conf[0].budget = 0;
	rig_expect(rig, arg,
		   OUTCOME(VERDICT(DROPPED, 0, REFUSE, BUDGET),
			   COUNTS(0, SW_COUNTERS_HOST, UNANSWERABLE)));
}

static void check_reset_lane(struct rig *rig, const void *arg)
{
	rig->maps->class_conf[0].lanes = CHAIN2(SW_LANE_DIRECT, SW_LANE_RESET);
	rig->maps->service_conf[0].budget = 0;
	rig_expect(rig, arg, OUTCOME(VERDICT(ANSWERED, 0, RESET, BUDGET)));
	assert_int_equal(rig->answer[ETH_HLEN + (rig->ipv6 ? 40 : 20) + 13], RST | ACK);
}

static void check_drop_lane(struct rig *rig, const void *arg)
{
	rig->maps->class_conf[0].lanes = CHAIN2(SW_LANE_DIRECT, SW_LANE_DROP);
	rig->maps->service_conf[0].budget = 0;
	rig_expect(rig, arg, OUTCOME(VERDICT(DROPPED, 0, DROP, BUDGET)));
}

#define PACKET(...)                                                                                \
	&(const struct packet)                                                                     \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

static const struct rig_test tests[] = {
	{"a SYN as Linux sends it is answered", check_answer, PACKET(.tcp_options = 20), 0},
	{"a SYN without options is answered", check_answer, PACKET(.isn = 0x80000000), 0},
	{"a SYN of Ethernet's shortest frame is answered, its padding cleared", check_answer,
	 PACKET(.padding = 6), 0},
	{"a SYN with long padding is answered, its padding cleared", check_answer,
	 PACKET(.padding = 100), 0},
	{"a SYN with data is answered and all of it acknowledged", check_answer,
	 PACKET(.data = 1000, .tcp_options = 12), 0},
	{"a SYN with an odd byte of data is answered", check_answer, PACKET(.data = 1), 0},
	{"a SYN in a jumbo frame is answered", check_answer, PACKET(.data = 3000), 0},
	{"a SYN in one tag is answered in that tag", check_answer,
	 PACKET(.tags = {ETH_P_8021Q}, .tcp_options = 20), 0},
	{"a SYN in two tags is answered in both", check_answer,
	 PACKET(.tags = {ETH_P_8021AD, ETH_P_8021Q}, .tcp_options = 20), 0},
	{"a SYN with ECN bits is answered with none", check_answer,
	 PACKET(.flags = SYN | ECE | CWR), 0},
	{"a sequence number wraps", check_sequence_wraps, NULL, 0},
	{"a SYN behind options or extension headers is dropped and counted", check_unanswerable,
	 PACKET(.options = 1), 0},
	{"a SYN in a fragment that is the whole is dropped and counted", check_unanswerable,
	 PACKET(.has_fragment_header = true), 6},
	{"a SYN to a multicast address is dropped and counted", check_unanswerable,
	 PACKET(.destination_mac = PACKET_MULTICAST), 0},
	{"a SYN to everybody is dropped and counted", check_unanswerable,
	 PACKET(.destination_mac = 0xff), 0},
	{"the reset lane answers the same", check_reset_lane, PACKET(.tcp_options = 20), 0},
	{"the drop lane answers nothing", check_drop_lane, PACKET(.tcp_options = 20), 0},
};

int main(void)
{
	return rig_main("answer", tests, COUNT_OF(tests));
}
