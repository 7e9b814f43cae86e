/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loaded programs with maps that a test fills as it likes, frames to send through them, and
 * exact accounts of what that changed. Every test runs four times: by XDP and TC, IPv4 and IPv6.
 */
#ifndef TEST_PROG_RIG_H
#define TEST_PROG_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kern/steps.h"
#include "packet.h"
#include "spillway/source.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The first lane is the lowest byte. */
#define CHAIN1(a)	(uint64_t)(a)
#define CHAIN2(a, b)	(CHAIN1(a) | CHAIN1(b) << 8)
#define CHAIN3(a, b, c) (CHAIN2(a, b) | CHAIN1(c) << 16)

/* What a program does with a frame, whichever program it is. */
enum action {
	PASSES = 1,
	DROPPED,
	ANSWERED, /* sent back out of its interface */
};

/* What a frame has to change: nothing but this. */
struct outcome {
	enum action action;
	bool is_decided; /* a verdict is counted */
	uint32_t class_id;
	uint8_t lane;
	uint8_t reason;
	struct {
		uint32_t row; /* service, or SW_COUNTERS_HOST */
		uint8_t id;
		uint8_t by;
	} counters[3];
};

struct rig {
	struct sw_kern *kern;
	const struct sw_maps *maps;
	bool tc;
	bool ipv6;
	uint8_t answer[PACKET_MAX]; /* the last frame as the program left it */
	size_t answer_bytes;
};

/* A test that runs once for each program and address family; only: 4, 6, or 0 for both. */
struct rig_test {
	const char *sentence;
	void (*run)(struct rig *rig, const void *arg);
	const void *arg;
	int only;
};

/*
 * A main() of prog tests: loads once, in a network namespace of its own; maps are as rig_reset()
 * leaves them before each test.
 */
int rig_main(const char *name, const struct rig_test *tests, size_t count);

/*
 * Service 0 on port 5432 of any address: budget 2, no pooler; its class 0, the default one: no
 * limits, lanes direct, refuse; over the limit: drop. A source is a whole address. Everything empty.
 */
void rig_reset(struct rig *rig);
void rig_empty_map(int fd);

/* Puts the clients that share all but the last host_bits bits with `client` into the class. */
void rig_add_prefix(struct rig *rig, uint32_t service, uint32_t class_id, uint32_t client,
		    int host_bits);
void rig_add_service_address(struct rig *rig, uint32_t service, const struct packet *to);
void rig_set_rate(struct rig *rig, uint32_t class_id, uint64_t per_second, uint64_t burst);

/* Sends one frame and says what became of it. */
enum action rig_send(struct rig *rig, const struct packet *packet);
enum action rig_send_frame(struct rig *rig, const uint8_t *frame, size_t bytes);

/* Sends a frame and fails the test unless it changed exactly what it should have. */
void rig_expect_at(const char *file, int line, struct rig *rig, const struct packet *packet,
		   const struct outcome *outcome);
#define rig_expect(...) rig_expect_at(__FILE__, __LINE__, __VA_ARGS__)

/* An ordinary SYN of the client from the port; the outcome comes last. */
#define rig_expect_syn(rig, from, port, ...)                                                       \
	rig_expect(rig, &(struct packet){.client = (from), .client_port = (port)}, __VA_ARGS__)

#define OUTCOME(...) (&(struct outcome){__VA_ARGS__})
#define VERDICT(what, of_class, of_lane, why)                                                      \
	.action = (what), .is_decided = true, .class_id = (of_class), .lane = SW_LANE_##of_lane,   \
	.reason = SW_REASON_##why
#define DIRECT_FIRST	    OUTCOME(VERDICT(PASSES, 0, DIRECT, FIRST))
#define REFUSED(why)	    OUTCOME(VERDICT(ANSWERED, 0, REFUSE, why))
#define COUNTS(n, of, what) .counters[n] = {.row = (of), .id = SW_COUNTER_##what, .by = 1}
#define RETRANSMIT(what)    OUTCOME(.action = (what), COUNTS(0, 0, RETRANSMITS))

/* A number that changes with anything in any map. */
uint64_t rig_fingerprint(const struct rig *rig);

/* The noted flow; fails the test when there is none. */
struct sw_flow rig_flow(const struct rig *rig, const struct packet *packet);
bool rig_has_flow(const struct rig *rig, const struct packet *packet);
/* Until the flow is in that state, SW_FLOW_NONE: until there is none; fails the test where it does not come to it. */
void rig_await_state(const struct rig *rig, const struct packet *packet, uint8_t state);
void rig_put_flow(struct rig *rig, const struct packet *packet, const struct sw_flow *flow);
uint32_t rig_entries(int map_fd, size_t key_bytes);
/* The word of source.h; 0 when the source has no entry. */
uint64_t rig_source(const struct rig *rig, uint32_t service, const struct packet *packet);

/* Incomplete handshakes: of service 0, and of the packet's source there. */
void rig_assert_half_open(const struct rig *rig, const struct packet *packet, uint64_t in_all,
			  uint64_t own);

/* Everything in the tables came so much earlier. */
void rig_age(const struct rig *rig, uint64_t by_ns);

/* Makes all that the tables note so much older, and sweeps. */
struct sw_sweep rig_sweep_after(struct rig *rig, uint64_t by_ns);

/* A counter of service 0. */
uint64_t rig_counted(const struct rig *rig, enum sw_counter counter);

void rig_assert_slots(const struct rig *rig, uint32_t service, uint32_t total, uint32_t pooler);

#endif
