/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making copied frames whole.
 */
#include "policy/frame.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <stddef.h>
#include <string.h>

#include "spillway/address.h"

#define TAG_BYTES 4

/* Sum of 16-bit words in network byte order (RFC 1071); an odd byte counts as if zero followed. */
static uint32_t sum_of(const uint8_t *from, size_t bytes)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < bytes; i++)
		sum += i % 2 ? from[i] : from[i] << 8;
	return sum;
}

/* Of a header with its checksum left out, and of what else belongs to it. */
static uint16_t checksum_of(const uint8_t *header, size_t bytes, size_t check_at, uint32_t others)
{
	uint32_t sum = others + sum_of(header, check_at) +
		       sum_of(header + check_at + 2, bytes - check_at - 2);

	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint16_t sw_frame_tcp_sum(const struct sw_frame *frame)
{
	size_t bytes = frame->length - frame->tcp_at;
	const uint8_t *addresses =
		frame->bytes + frame->ip_at +
		(frame->is_ipv6 ? offsetof(struct ipv6hdr, saddr) : offsetof(struct iphdr, saddr));

	return checksum_of(frame->bytes + frame->tcp_at, bytes, offsetof(struct tcphdr, check),
			   sum_of(addresses, frame->is_ipv6 ? 32 : 8) + IPPROTO_TCP +
				   (uint32_t)bytes);
}

uint16_t sw_frame_ipv4_sum(const struct sw_frame *frame)
{
	return checksum_of(frame->bytes + frame->ip_at, frame->tcp_at - frame->ip_at,
			   offsetof(struct iphdr, check), 0);
}

static void complete_checksum(struct sw_frame *frame)
{
	uint16_t check_be = htons(sw_frame_tcp_sum(frame));

	memcpy(frame->bytes + frame->tcp_at + offsetof(struct tcphdr, check), &check_be, 2);
}

/* The Ethernet header that comes first: its own, or one that will be taken off again. */
static size_t put_ethernet(const struct sw_parked *parked, struct sw_frame *out)
{
	struct ethhdr eth = {.h_proto = htons(parked->is_ipv6 ? ETH_P_IPV6 : ETH_P_IP)};
	uint16_t tci = htons(parked->vlan_tci);
	size_t own = (parked->where & 0xff) >= sizeof(eth) ? sizeof(eth) : 0;

	if (own)
		memcpy(&eth, parked->frame, sizeof(eth));
	memcpy(out->bytes, &eth, sizeof(eth));
	out->length = sizeof(eth);
	if (!parked->vlan_protocol_be)
		return own;
	memcpy(out->bytes + offsetof(struct ethhdr, h_proto), &parked->vlan_protocol_be, 2);
	memcpy(out->bytes + sizeof(eth), &tci, 2);
	memcpy(out->bytes + sizeof(eth) + 2, &eth.h_proto, 2);
	out->length += TAG_BYTES;
	return own;
}

int sw_frame_complete(const struct sw_parked *parked, struct sw_frame *out)
{
	size_t ip_at = parked->where & 0xff, tcp_at = parked->where >> 8 & 0xffff;
	size_t ip_bytes = parked->is_ipv6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	size_t own, more;

	if (parked->length > SW_FRAME_MAX || (ip_at && ip_at < ETH_HLEN) ||
	    ip_at + ip_bytes > tcp_at || tcp_at + sizeof(struct tcphdr) > parked->length)
		return -EBADMSG;
	own = put_ethernet(parked, out);
	more = out->length - own;
	memcpy(out->bytes + out->length, parked->frame + own, parked->length - own);
	out->length = (uint8_t)(parked->length + more);
	out->ip_at = (uint8_t)(ip_at + more);
	out->tcp_at = (uint8_t)(tcp_at + more);
	out->is_ipv6 = parked->is_ipv6;
	out->ifindex = parked->ifindex;
	if (parked->is_partial)
		complete_checksum(out);
	return 0;
}

void sw_frame_flow(const uint8_t *frame, uint8_t ip_at, uint8_t tcp_at, uint8_t is_ipv6,
		   struct sw_flow_key *out)
{
	struct ipv6hdr ip6;
	struct iphdr ip4;

	memset(out, 0, sizeof(*out));
	memcpy(&out->client_port_be, frame + tcp_at, 2);
	memcpy(&out->server_port_be, frame + tcp_at + 2, 2);
	if (is_ipv6) {
		memcpy(&ip6, frame + ip_at, sizeof(ip6));
		memcpy(&out->client, &ip6.saddr, sizeof(out->client));
		memcpy(&out->server, &ip6.daddr, sizeof(out->server));
		return;
	}
	memcpy(&ip4, frame + ip_at, sizeof(ip4));
	sw_address_map_ipv4(&out->client, ip4.saddr);
	sw_address_map_ipv4(&out->server, ip4.daddr);
}

uint32_t sw_frame_isn(const uint8_t *frame, uint8_t tcp_at)
{
	uint32_t seq;

	memcpy(&seq, frame + tcp_at + offsetof(struct tcphdr, seq), sizeof(seq));
	return ntohl(seq);
}
