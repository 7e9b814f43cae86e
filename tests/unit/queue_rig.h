/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SYNs for the tests of policy/queue, on a clock that the test moves: client n of source s is
 * 10.0.s:n, and its frame tells who it is.
 */
#ifndef TEST_QUEUE_RIG_H
#define TEST_QUEUE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "policy/frame.h"
#include "policy/queue.h"

#define MS	 1000000ull
#define SECOND	 1000000000ull
#define START	 (100 * SECOND)
#define FRAME_AT 14
#define TCP_AT	 34
#define LENGTH	 74

struct client {
	uint16_t source;
	uint16_t port;
	uint32_t isn;
	uint32_t class_id;
};

static inline struct sw_parked syn_of(const struct client *client, uint64_t syn_ns,
				      uint64_t seen_ns)
{
	struct sw_parked parked = {
		.kind = SW_WAKEUP_PARKED,
		.ifindex = 2,
		.syn_ns = syn_ns,
		.seen_ns = seen_ns,
		.where = FRAME_AT | TCP_AT << 8,
		.class_id = (uint16_t)client->class_id,
		.source_bits = 32,
		.is_partial = 1,
		.length = LENGTH,
	};
	const uint32_t from = htonl(0x0a000000u + client->source), isn = htonl(client->isn);
	const uint16_t port = htons(client->port);
	/* Of a header that is zero but for the client's address: one carry at the most. */
	const uint32_t sum = 0x0a00u + client->source;
	const uint16_t check = htons((uint16_t) ~(sum + (sum >> 16)));

	parked.frame[12] = 8;
	memcpy(parked.frame + FRAME_AT + 10, &check, 2);
	memcpy(parked.frame + FRAME_AT + 12, &from, 4);
	memcpy(parked.frame + TCP_AT, &port, 2);
	memcpy(parked.frame + TCP_AT + 4, &isn, 4);
	return parked;
}

static inline int park(struct sw_queue *queue, const struct client *client, uint64_t now_ns)
{
	const struct sw_parked parked = syn_of(client, now_ns, now_ns);

	return sw_queue_park(queue, &parked, now_ns);
}

/* All of it but the class. */
static inline struct client who(const struct sw_queue *queue, const struct sw_waiter *waiter)
{
	struct sw_flow_key key;
	struct sw_frame frame;

	sw_queue_frame(queue, waiter, &frame);
	sw_queue_flow(queue, waiter, &key);
	return (struct client){
		.source = (uint16_t)ntohl(key.client.words_be[3]),
		.port = ntohs(key.client_port_be),
		.isn = sw_frame_isn(frame.bytes, frame.tcp_at),
	};
}

/* Lets the next in; fails the test when there is none. */
static inline struct client let_in(struct sw_queue *queue, uint64_t now_ns)
{
	const struct sw_waiter *waiter = sw_queue_next(queue);
	struct client client;

	assert_non_null(waiter);
	client = who(queue, waiter);
	sw_queue_leave(queue, waiter, true, now_ns);
	return client;
}

static inline struct sw_queue *queue_of(enum sw_queue_order order)
{
	const struct sw_queue_settings settings = {.order = order,
						   .max_wait_ns = 10 * SECOND,
						   .overload_after_ns = 10 * SECOND,
						   .overload_wait_ns = 2 * SECOND};
	struct sw_queue *queue = sw_queue_new();

	assert_non_null(queue);
	sw_queue_configure(queue, &settings);
	return queue;
}

static inline struct sw_in6 source_address(uint16_t source)
{
	struct sw_in6 address = {.words_be = {0, 0, htonl(0xffff), htonl(0x0a000000u + source)}};

	return address;
}

#endif
