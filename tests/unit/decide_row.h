/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One situation in which something is decided, as the tables of test_decide and test_decide_waiter have it.
 */
#ifndef TEST_DECIDE_ROW_H
#define TEST_DECIDE_ROW_H

#include <stdint.h>

#include "spillway/maps.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define DIRECT		SW_LANE_DIRECT
#define POOLER		SW_LANE_POOLER
#define QUEUE		SW_LANE_QUEUE
#define REFUSE		SW_LANE_REFUSE
#define RESET		SW_LANE_RESET
#define DROP		SW_LANE_DROP

/* The first lane is the lowest byte. */
#define CHAIN1(a)	      (uint64_t)(a)
#define CHAIN2(a, b)	      (CHAIN1(a) | CHAIN1(b) << 8)
#define CHAIN3(a, b, c)	      (CHAIN2(a, b) | CHAIN1(c) << 16)
#define CHAIN4(a, b, c, d)    (CHAIN3(a, b, c) | CHAIN1(d) << 24)
#define CHAIN5(a, b, c, d, e) (CHAIN4(a, b, c, d) | CHAIN1(e) << 32)
#define WAITS		      CHAIN3(DIRECT, QUEUE, REFUSE)

/* A row starts from: budget 2, no caps, a pooler of 2, lanes direct-pooler-refuse, over: drop. */
struct row {
	const char *sentence;
	struct sw_verdict expect;
	uint64_t lanes;
	uint64_t over_limit;
	uint32_t direct_used;
	uint32_t pooler_used;
	uint32_t source_live; /* all of them direct */
	uint32_t connections_per_source;
	uint32_t direct_per_source;
	uint32_t max_direct;
	uint32_t half_open;	   /* of the service */
	uint32_t source_half_open; /* of them the source's */
	uint32_t source_is_proven;
	uint32_t budget; /* 0: 2 */
	uint32_t half_open_max;
	uint32_t half_open_per_source;
	uint8_t action;
	uint8_t over_rate;
	uint8_t loss;
	uint8_t is_lost; /* the heartbeat is stale, whatever on_daemon_loss says */
	uint8_t hold;
	uint8_t yields;
	uint8_t hides_live;
	uint32_t waiting; /* of the service */
	uint32_t class_waiting;
	uint32_t source_waiting;
	uint32_t queue_max;
	uint32_t queue_per_source;
	int destination_reason;
	int parkable_reason;
	int take_reason;
	int pooler_reason;
	int direct_reason;
};

#endif
