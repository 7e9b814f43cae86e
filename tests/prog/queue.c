/* SPDX-License-Identifier: BSD-2-Clause */
#include "queue.h"

#include <net/if.h>
#include <string.h>

static void on_parked(void *arg, const struct sw_parked *parked)
{
	struct told *told = arg;

	told->parked = *parked;
	told->parks++;
}

static void on_freed(void *arg, const struct sw_freed *freed)
{
	struct told *told = arg;

	told->freed = *freed;
	told->frees++;
}

static void on_cancel(void *arg, const struct sw_cancel *cancel)
{
	struct told *told = arg;

	told->cancel = *cancel;
	told->cancels++;
}

static void on_told(void *arg, const struct sw_parked *parked)
{
	struct told *told = arg;

	told->told = *parked;
	told->tolds++;
}

struct told queue_hear(struct rig *rig)
{
	static const struct sw_wakeups_handlers handlers = {on_parked, on_freed, on_cancel,
							    on_told};
	struct sw_wakeups *wakeups;
	struct told told = {0};

	assert_int_equal(sw_wakeups_open(rig->maps, &handlers, &told, &wakeups), 0);
	while (!sw_wakeups_read(wakeups, 100))
		;
	sw_wakeups_close(wakeups);
	return told;
}

int queue_open(struct rig *rig, uint32_t budget)
{
	const struct packet packet = {.client = CLIENT};
	struct sw_service_conf *conf = &rig->maps->service_conf[0];

	conf->budget = conf->shared_limit = budget;
	rig->maps->class_conf[0].lanes = CHAIN3(SW_LANE_DIRECT, SW_LANE_QUEUE, SW_LANE_REFUSE);
	assert_int_equal(sw_kern_beat(rig->kern), 0);
	queue_hear(rig);
	return listener_open_at(rig, &packet);
}

void queue_assert_waiting(const struct rig *rig, const struct packet *packet, uint32_t in_all,
			  uint32_t own)
{
	assert_int_equal(rig->maps->service_state[0].waiting, in_all);
	assert_int_equal(rig->maps->class_state[0].waiting, in_all);
	assert_int_equal(sw_source_waiting_count(rig_source(rig, 0, packet)), own);
}

struct sw_released queue_release_since(struct rig *rig, const struct packet *packet,
				       enum sw_release_op op, uint64_t since_ns)
{
	struct packet whole = *packet;
	uint8_t frame[PACKET_MAX];
	struct sw_released out;
	struct sw_release what = {
		.op = op,
		.ifindex = if_nametoindex("lo"),
		.frame = frame,
		.since_ns = since_ns,
	};

	whole.ipv6 = rig->ipv6;
	what.bytes = packet_build(&whole, frame);
	assert_int_equal(sw_kern_release(rig->kern, &what, &out), 0);
	return out;
}

struct sw_released queue_release(struct rig *rig, const struct packet *packet,
				 enum sw_release_op op)
{
	return queue_release_since(rig, packet, op, 0);
}
