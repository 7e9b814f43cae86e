/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How fast waiters are let in without a daemon: bench_release COUNT. SYNs are parked by the gate, as
 * BPF_PROG_TEST_RUN runs it, and released one after another to a listener in the world's server.
 */
#include <errno.h>
#include <net/if.h>
#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "kern/load.h"
#include "kern/release.h"
#include "kern/ring.h"
#include "kern/wakeups.h"
#include "policy/queue.h"
#include "tool.h"

#define GOAL_PER_S 5000.0
#define INTERFACE  "eth0" /* tools/world/net.bash */
#define PORT	   5432
#define CLASS	   0
#define UNLIMITED  0xffffffffu

static void on_parked(void *queue, const struct sw_parked *parked)
{
	if (sw_queue_park(queue, parked, parked->seen_ns) < 0)
		tool_die(ENOMEM, "a SYN that was to wait");
}

static void on_freed(void *queue, const struct sw_freed *freed)
{
	(void)queue, (void)freed;
}

static void on_wakeup(void *queue, const void *record, size_t bytes)
{
	static const struct sw_wakeups_handlers handlers = {
		.parked = on_parked, .freed = on_freed, .cancel = NULL, .told = NULL};

	sw_wakeups_hand_on(&handlers, queue, record, bytes);
}

/* One service, no limit but its budget; a daemon that lives for ever. */
static void configure(const struct sw_maps *maps)
{
	maps->ports->service[PORT] = TOOL_SERVICE + 1;
	maps->service_conf[TOOL_SERVICE] = (struct sw_service_conf){
		.over_limit = SW_LANE_REFUSE,
		.default_class = CLASS,
		.ipv4_bits = 32,
		.ipv6_bits = 64,
	};
	maps->class_conf[CLASS].lanes = SW_LANE_DIRECT | SW_LANE_QUEUE << 8 | SW_LANE_REFUSE << 16;
	maps->control->heartbeat_ns = UINT64_MAX / 2;
	maps->control->heartbeat_timeout_ns = SW_NS_PER_S;
}

static void park_all(struct sw_kern *kern, struct sw_queue *queue, uint32_t count)
{
	struct sw_ring *wakeups;
	uint8_t frame[PACKET_MAX], mac[6];
	int failed = sw_ring_open(sw_kern_maps(kern)->wakeups_fd, on_wakeup, queue, &wakeups);

	if (failed)
		tool_die(-failed, "the ring buffer");
	tool_mac(INTERFACE, mac);
	for (uint32_t i = 0; i < count; i++) {
		size_t bytes = tool_syn(i, count, frame);
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = bytes,
			    .repeat = 1);

		memcpy(frame, mac, sizeof(mac));
		failed = bpf_prog_test_run_opts(sw_kern_program_fd(kern, SW_PROGRAM_GATE_XDP),
						&opts);
		if (failed)
			tool_die(-failed, "running the gate");
		sw_ring_read(wakeups, 2);
	}
	if (sw_queue_count(queue) != count)
		tool_die(0, "%zu SYNs wait, and not %u", sw_queue_count(queue), count);
	sw_ring_close(wakeups);
}

/* Seconds that it took. */
static double release_all(struct sw_kern *kern, struct sw_queue *queue)
{
	const uint32_t ifindex = if_nametoindex(INTERFACE);
	uint64_t start_ns = sw_clock_monotonic_ns();
	const struct sw_waiter *waiter;

	while ((waiter = sw_queue_next(queue))) {
		struct sw_release what = {
			.op = SW_RELEASE_ADMIT, .ifindex = ifindex, .since_ns = start_ns};
		struct sw_released released;
		struct sw_frame frame;
		int failed;

		sw_queue_frame(queue, waiter, &frame);
		what.frame = frame.bytes;
		what.bytes = frame.length;
		failed = sw_kern_release(kern, &what, &released);
		if (failed || released.lane != SW_LANE_DIRECT || released.flags)
			tool_die(-failed, "a waiter got lane %u, reason %u, flags %#x",
				 released.lane, released.reason, released.flags);
		sw_queue_leave(queue, waiter, true, start_ns);
	}
	return (double)(sw_clock_monotonic_ns() - start_ns) / SW_NS_PER_S;
}

/* Packets that left by the interface: SYN-ACKs, as nobody else lives here. */
static unsigned long sent(void)
{
	char line[512];
	unsigned long packets = 0;
	FILE *devices = fopen("/proc/self/net/dev", "re");

	if (!devices)
		tool_die(errno, "/proc/self/net/dev");
	while (fgets(line, sizeof(line), devices))
		sscanf(line, " " INTERFACE ": %*u %*u %*u %*u %*u %*u %*u %*u %*u %lu", &packets);
	fclose(devices);
	return packets;
}

int main(int argc, char **argv)
{
	uint32_t count = tool_number(argc == 2 ? argv[1] : NULL);
	struct sw_queue *queue = sw_queue_new();
	struct sw_error err = {0};
	unsigned long before;
	struct sw_kern *kern;
	double per_s;
	int listener;

	tool_enter_server();
	listener = tool_listen();
	if (!queue || sw_load(NULL, &kern, &err) || sw_kern_need(kern, SW_PROGRAM_GATE_XDP, &err))
		tool_die(0, "%s", err.text);
	configure(sw_kern_maps(kern));
	park_all(kern, queue, count);
	sw_kern_maps(kern)->service_conf[TOOL_SERVICE].budget = UNLIMITED;
	sw_kern_maps(kern)->service_conf[TOOL_SERVICE].shared_limit = UNLIMITED;
	before = sent();
	per_s = count / release_all(kern, queue);
	if (sent() - before < count)
		tool_die(0, "the listener answered %lu of %u SYNs", sent() - before, count);
	printf("%-46s%9u%12.0f%12.0f  goal: %s\n",
	       "sw_kern_release(), up to the listener's SYN-ACK", count, GOAL_PER_S, per_s,
	       per_s >= GOAL_PER_S ? "met" : "missed");
	sw_unload(kern, SW_UNLOAD_ALL);
	sw_queue_free(queue);
	close(listener);
	return 0;
}
