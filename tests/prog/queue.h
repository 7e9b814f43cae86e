/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A service with a queue, what the gate tells of it, and release_waiter on the SYN of one that waits.
 */
#ifndef TEST_PROG_QUEUE_H
#define TEST_PROG_QUEUE_H

#include "kern/release.h"
#include "kern/wakeups.h"
#include "listener.h"

#define CLIENT	   0x010001
#define SECOND_NS  1000000000ull
#define WAITS(why) OUTCOME(VERDICT(DROPPED, 0, QUEUE, why))

/* The last of each kind that the gate told, and how many. */
struct told {
	struct sw_parked parked;
	struct sw_freed freed;
	struct sw_cancel cancel;
	struct sw_parked told;
	int parks;
	int frees;
	int cancels;
	int tolds;
};

struct told queue_hear(struct rig *rig);

/*
 * Everybody who comes to the service's address may wait for one of so many slots; over IPv4 sources have a limit for
 * that, and so an entry for all that wait. The listener there.
 */
int queue_open(struct rig *rig, uint32_t budget);

/* Of class 0, which is all that waits; of the packet's source, whose entry counts those that are listed. */
void queue_assert_waiting(const struct rig *rig, const struct packet *packet, uint32_t in_all,
			  uint32_t own);

struct sw_released queue_release(struct rig *rig, const struct packet *packet,
				 enum sw_release_op op);
struct sw_released queue_release_since(struct rig *rig, const struct packet *packet,
				       enum sw_release_op op, uint64_t since_ns);

/* The client from port 1, whose flow there is, is connected: past the gate, as if that had been off for a while. */
void queue_connect(struct rig *rig);

#endif
