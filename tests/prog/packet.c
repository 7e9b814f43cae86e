/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing frames front to back: Ethernet, tags, IP, extension headers, TCP, data.
 */
#include "packet.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <string.h>

#define PORT_CLIENT  40000
#define PORT_SERVER  5432
#define ISN	     PACKET_ISN
#define FILL	     0xee /* data and padding: not zero, so that what leaks is seen */
#define FRAGMENT_HDR 44
#define AH_HDR	     51
#define DSTOPTS_HDR  60

struct writer {
	uint8_t *at;
	const uint8_t *start;
};

static void put(struct writer *to, const void *from, size_t bytes)
{
	memcpy(to->at, from, bytes);
	to->at += bytes;
}

static void put_be16(struct writer *to, uint16_t value)
{
	uint16_t be = htons(value);

	put(to, &be, sizeof(be));
}

static void fill(struct writer *to, uint8_t byte, size_t bytes)
{
	memset(to->at, byte, bytes);
	to->at += bytes;
}

struct sw_in6 packet_client(const struct packet *packet)
{
	struct sw_in6 address = {0};

	if (packet->ipv6) {
		address.words_be[0] = htonl(0xfd000000);
		address.words_be[3] = htonl(packet->client);
	} else {
		address.words_be[2] = htonl(0xffff);
		address.words_be[3] = htonl(0x0a000000 | packet->client);
	}
	return address;
}

struct sw_in6 packet_server(const struct packet *packet)
{
	struct sw_in6 address = {0};

	if (packet->ipv6) {
		address.words_be[0] = htonl(0xfd00ffff);
		address.words_be[3] = htonl(packet->server + 1);
	} else {
		address.words_be[2] = htonl(0xffff);
		address.words_be[3] = htonl(0xc0000201 + packet->server);
	}
	return address;
}

struct sw_flow_key packet_flow(const struct packet *packet)
{
	struct sw_flow_key key = {
		.client = packet_client(packet),
		.server = packet_server(packet),
		.client_port_be = htons(packet->client_port ? packet->client_port : PORT_CLIENT),
		.server_port_be = htons(packet->server_port ? packet->server_port : PORT_SERVER),
	};

	return key;
}

uint16_t packet_sum(const void *from, size_t bytes, uint32_t seed)
{
	const uint8_t *byte = from;
	uint32_t sum = seed;

	for (size_t i = 0; i < bytes; i++)
		sum += i % 2 ? byte[i] : byte[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint16_t packet_tcp_sum(const uint8_t *ip, bool ipv6, const uint8_t *tcp, size_t bytes)
{
	const uint8_t *addresses = ip + (ipv6 ? 8 : 12);
	uint16_t of_addresses = ~packet_sum(addresses, ipv6 ? 32 : 8, 0);

	return packet_sum(tcp, bytes, of_addresses + IPPROTO_TCP + (uint32_t)bytes);
}

static void put_ethernet(struct writer *to, const struct packet *packet)
{
	uint8_t destination[ETH_ALEN] = {PACKET_MAC, 0, 0, 0, 0, 1};
	const uint8_t source[ETH_ALEN] = {PACKET_MAC, 0, 0, 0, 0, 2};
	uint16_t ethertype = packet->ipv6 ? ETH_P_IPV6 : ETH_P_IP;

	if (packet->destination_mac)
		destination[0] = packet->destination_mac;
	put(to, destination, sizeof(destination));
	put(to, source, sizeof(source));
	for (int i = 0; i < PACKET_TAGS_MAX && packet->tags[i]; i++) {
		put_be16(to, packet->tags[i]);
		put_be16(to, 0x2000 | (100 + i)); /* priority 1 */
	}
	put_be16(to, packet->ethertype ? packet->ethertype : ethertype);
}

static size_t tcp_bytes(const struct packet *packet)
{
	return sizeof(struct tcphdr) + packet->tcp_options + packet->data;
}

static uint8_t protocol_of(const struct packet *packet)
{
	return packet->protocol ? packet->protocol : IPPROTO_TCP;
}

static void put_ipv4(struct writer *to, const struct packet *packet)
{
	size_t header = sizeof(struct iphdr) + packet->options * 4;
	struct iphdr ip = {
		.version = packet->version ? packet->version : 4,
		.ihl = packet->ihl ? packet->ihl : header / 4,
		.tot_len = htons(header + tcp_bytes(packet) + packet->ip_length_more),
		.id = htons(7),
		.frag_off = htons(packet->fragment_offset | packet->more_fragments << 13),
		.ttl = 61,
		.tos = 0x10,
		.protocol = protocol_of(packet),
		.saddr = packet_client(packet).words_be[3],
		.daddr = packet_server(packet).words_be[3],
	};
	uint8_t *start = to->at;
	uint16_t check;

	put(to, &ip, sizeof(ip));
	fill(to, 1, packet->options * 4); /* no operation */
	check = htons(packet_sum(start, header, 0));
	memcpy(start + offsetof(struct iphdr, check), &check, sizeof(check));
}

/* The types of all extension headers, in their order. */
static size_t extensions_of(const struct packet *packet, uint8_t types[64])
{
	const char *text = packet->extensions ? packet->extensions : "";
	size_t count = 0;
	char *end;

	for (int i = 0; i < packet->options; i++)
		types[count++] = DSTOPTS_HDR;
	for (; *text; text = end)
		types[count++] = strtoul(text, &end, 16);
	if (packet->has_fragment_header || packet->fragment_offset || packet->more_fragments)
		types[count++] = FRAGMENT_HDR;
	return count;
}

static void put_extension(struct writer *to, const struct packet *packet, uint8_t type,
			  uint8_t next)
{
	uint8_t header[24] = {next};
	size_t bytes = 16;

	header[1] = 1; /* of 8 bytes, the first not counted */
	if (type == FRAGMENT_HDR) {
		uint16_t offset = htons(packet->fragment_offset << 3 | packet->more_fragments);

		header[1] = 0;
		memcpy(header + 2, &offset, sizeof(offset));
		bytes = 8;
	} else if (type == AH_HDR) {
		header[1] = 24 / 4 - 2;
		bytes = 24;
	}
	put(to, header, bytes);
}

static void put_ipv6(struct writer *to, const struct packet *packet)
{
	uint8_t types[64];
	size_t count = extensions_of(packet, types);
	struct sw_in6 client = packet_client(packet), server = packet_server(packet);
	struct ipv6hdr ip = {
		.version = packet->version ? packet->version : 6,
		.priority = 3,
		.flow_lbl = {1, 2, 3},
		.nexthdr = count ? types[0] : protocol_of(packet),
		.hop_limit = 61,
	};
	uint8_t *start = to->at;
	uint16_t length;

	memcpy(&ip.saddr, &client, sizeof(ip.saddr));
	memcpy(&ip.daddr, &server, sizeof(ip.daddr));
	put(to, &ip, sizeof(ip));
	for (size_t i = 0; i < count; i++)
		put_extension(to, packet, types[i],
			      i + 1 < count ? types[i + 1] : protocol_of(packet));
	length = htons(to->at - start - sizeof(ip) + tcp_bytes(packet) + packet->ip_length_more);
	memcpy(start + offsetof(struct ipv6hdr, payload_len), &length, sizeof(length));
}

static void put_tcp(struct writer *to, const struct packet *packet, const uint8_t *ip)
{
	struct sw_flow_key flow = packet_flow(packet);
	uint8_t flags = packet->flags ? packet->flags : SYN;
	size_t words = (sizeof(struct tcphdr) + packet->tcp_options + 3) / 4;
	struct tcphdr tcp = {
		.source = flow.client_port_be,
		.dest = flow.server_port_be,
		.seq = htonl(packet->isn ? packet->isn : ISN),
		.ack_seq = htonl(packet->ack),
		.window = htons(64240),
		.urg_ptr = htons(9),
		.doff = packet->doff ? packet->doff : words,
	};
	uint8_t *start = to->at;
	uint16_t check;

	if (packet->doff_is_zero)
		tcp.doff = 0;
	put(to, &tcp, sizeof(tcp));
	start[13] = flags == NO_FLAGS ? 0 : flags;
	fill(to, 1, packet->tcp_options);
	if (packet->says)
		put(to, packet->says, packet->data);
	else
		fill(to, FILL, packet->data);
	check = htons(packet_tcp_sum(ip, packet->ipv6, start, to->at - start) +
		      packet->checksum_off_by);
	memcpy(start + offsetof(struct tcphdr, check), &check, sizeof(check));
}

size_t packet_build(const struct packet *packet, uint8_t frame[PACKET_MAX])
{
	struct writer to = {.at = frame, .start = frame};
	const uint8_t *ip;

	put_ethernet(&to, packet);
	ip = to.at;
	if (packet->ipv6)
		put_ipv6(&to, packet);
	else
		put_ipv4(&to, packet);
	put_tcp(&to, packet, ip);
	fill(&to, FILL, packet->padding);
	return to.at - to.start - packet->cut;
}
