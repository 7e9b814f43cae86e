/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames for the programs to judge, built from a description in which nothing but what is special
 * has to be said. Used by the prog tests and the benchmarks.
 */
#ifndef TEST_PROG_PACKET_H
#define TEST_PROG_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spillway/maps.h"

#define PACKET_MAX	 4000
#define PACKET_TAGS_MAX	 3
#define PACKET_MAC	 0x02
#define PACKET_MULTICAST 0x33
#define PACKET_ISN	 1000

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10
#define URG 0x20
#define ECE 0x40
#define CWR 0x80

/*
 * Zero means: what an ordinary SYN from client 0 has. Clients and servers are numbers, which become
 * 10.x.y.z or fd00::x:yz, and 192.0.2.z or fd00:ffff::z.
 */
struct packet {
	bool ipv6;
	uint32_t client;
	uint32_t server;
	uint16_t client_port; /* 0: 40000 */
	uint16_t server_port; /* 0: 5432 */
	uint32_t isn;	      /* 0: 1000 */
	uint32_t ack;
	uint8_t flags; /* 0: SYN; NO_FLAGS: none */
	uint8_t destination_mac;
	uint16_t tags[PACKET_TAGS_MAX]; /* VLAN protocols, the outermost first */
	uint8_t options;	  /* IPv4: words of options; IPv6: as many destination options */
	const char *extensions;	  /* IPv6: their types in hexadecimal, "00 2b 3c" */
	bool has_fragment_header; /* IPv6 */
	uint16_t fragment_offset; /* in 8 bytes */
	bool more_fragments;
	uint8_t tcp_options;	 /* bytes */
	uint8_t doff;		 /* 0: as it is */
	uint8_t checksum_off_by; /* TCP's is wrong by this */
	bool doff_is_zero;
	uint16_t data;	    /* bytes behind the TCP header */
	const void *says;   /* what they are; NULL: filler */
	uint8_t padding;    /* bytes behind the IP packet */
	int ip_length_more; /* what the IP header says beyond the truth */
	uint8_t version;    /* 0: the right one */
	uint8_t ihl;	    /* 0: the right one */
	uint8_t protocol;   /* 0: TCP */
	uint16_t ethertype; /* 0: the right one */
	uint16_t cut;	    /* bytes that are missing at the end */
};

#define NO_FLAGS 0xc0 /* stands for none: CWR and ECE alone never start a connection either */

/* Writes the frame; its length. */
size_t packet_build(const struct packet *packet, uint8_t frame[PACKET_MAX]);

struct sw_in6 packet_client(const struct packet *packet);
struct sw_in6 packet_server(const struct packet *packet);
struct sw_flow_key packet_flow(const struct packet *packet);

/* The Internet checksum of what lies in memory, and the TCP checksum of a whole segment: 0 is right. */
uint16_t packet_sum(const void *from, size_t bytes, uint32_t seed);
uint16_t packet_tcp_sum(const uint8_t *ip, bool ipv6, const uint8_t *tcp, size_t bytes);

#endif
