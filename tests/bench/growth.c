/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a SYN's verdict and a waiter's release cost with so much in the tables: growth SOURCES FLOWS SERVICES ROUNDS
 * prints {"verdict_ns": ..., "release_ns": ...}. The benchmark's scenario `growth` runs it.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/number.h"
#include "gate.h"
#include "spillway/limits.h"
#include "spillway/queue.h"

/* The same at every point, for what grows is what is in it: a power of two that holds a million. */
#define SOURCES_TABLE 1048576u
#define ROUNDS_MOST   100
#define FRAME_MOST    128

struct point {
	uint32_t sources;
	uint32_t flows;
	uint32_t services;
	uint32_t rounds;
};

static uint32_t number(const char *text, uint32_t least, uint32_t most)
{
	uint32_t value;

	if (sw_parse_u32(text, &value) || value < least || value > most) {
		fprintf(stderr, "growth: '%s' is no number from %u to %u\n", text, least, most);
		exit(2);
	}
	return value;
}

/* Where who is released goes in: the loopback of a namespace in which nobody is. */
static uint32_t own_interface(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;

	if (unshare(CLONE_NEWNET))
		gate_die("a network namespace needs root", -errno);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request))
		gate_die("lo", -errno);
	close(fd);
	return if_nametoindex("lo");
}

/* Nobody is let in for whom nobody listens. What is sent in is for another host by its MAC, and so no socket's. */
static void listen_for(uint32_t services)
{
	for (uint32_t id = 0; id < services; id++) {
		const struct sockaddr_in any = {.sin_family = AF_INET,
						.sin_port = htons(GATE_PORT + id)};
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(any)) || listen(fd, 1))
			gate_die("listening", -errno);
	}
}

static void prepare_round(struct gate_bench *bench, const struct point *point, bool waits)
{
	gate_forget_flows(bench);
	gate_add_flows(bench, point->flows);
	bench->skel->bss->feed.sources = bench->sources;
	gate_set_budget(bench, waits ? 0 : GATE_UNLIMITED);
	for (uint32_t id = 0; id < point->services; id++)
		bench->class_conf[id].lanes =
			SW_LANE_DIRECT |
			(waits ? SW_LANE_QUEUE | SW_LANE_REFUSE << 8 : SW_LANE_REFUSE) << 8;
}

static double verdict_round(struct gate_bench *bench, const struct point *point)
{
	double feeding;

	prepare_round(bench, point, false);
	feeding = gate_run_syns(bench, bench->skel->progs.feed_only, &gate_bare_syn, GATE_SYNS);
	return gate_run_syns(bench, bench->skel->progs.feed_gate, &gate_bare_syn, GATE_SYNS) -
	       feeding;
}

/* The frame of SYN i, as the feed has written it. */
static size_t frame_of(const struct gate_bench *bench, uint32_t i, uint8_t frame[PACKET_MAX])
{
	struct packet syn = gate_whole_syn;

	syn.client = gate_source_of(bench, i);
	syn.client_port = (uint16_t)(i + 1);
	syn.server_port = (uint16_t)(GATE_PORT + syn.client % bench->services);
	return packet_build(&syn, frame);
}

static void release(const struct gate_bench *bench, const uint8_t *frame, size_t bytes,
		    uint32_t ifindex)
{
	struct __sk_buff context = {
		.cb[SW_RELEASE_CB_OP] = SW_RELEASE_ADMIT,
		.cb[SW_RELEASE_CB_IFINDEX] = ifindex,
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = (uint32_t)bytes,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = 1);

	gate_must(
		"release_waiter",
		bpf_prog_test_run_opts(bpf_program__fd(bench->skel->progs.release_waiter), &opts));
	/* Whatever the reason, and sent in. */
	if ((opts.retval & ~0xff00u) != SW_LANE_DIRECT) {
		fprintf(stderr, "growth: a waiter was not let in, but %#x\n", opts.retval);
		exit(1);
	}
}

static uint64_t waiting(const struct gate_bench *bench)
{
	uint64_t sum = 0;

	for (uint32_t id = 0; id < bench->services; id++)
		sum += bench->service_state[id].waiting;
	return sum;
}

static void check_waiting(const struct gate_bench *bench, uint64_t wanted)
{
	if (waiting(bench) == wanted)
		return;
	fprintf(stderr, "growth: %lu wait, not %lu\n", (unsigned long)waiting(bench),
		(unsigned long)wanted);
	exit(1);
}

/* All wait, there is room again, and one after another is let in; the frames are made off the clock. */
static double release_round(struct gate_bench *bench, const struct point *point, uint32_t ifindex)
{
	static uint8_t frames[GATE_SYNS][FRAME_MOST];
	uint8_t frame[PACKET_MAX];
	size_t bytes = 0;
	double start, took;

	prepare_round(bench, point, true);
	gate_run_syns(bench, bench->skel->progs.feed_gate, &gate_whole_syn, GATE_SYNS);
	check_waiting(bench, GATE_SYNS);
	for (uint32_t i = 0; i < GATE_SYNS; i++) {
		bytes = frame_of(bench, i, frame);
		memcpy(frames[i], frame, bytes);
	}
	gate_set_budget(bench, GATE_UNLIMITED);
	start = gate_now_ns();
	for (uint32_t i = 0; i < GATE_SYNS; i++)
		release(bench, frames[i], bytes, ifindex);
	took = gate_now_ns() - start;
	check_waiting(bench, 0);
	return took / GATE_SYNS;
}

static void measure(struct gate_bench *bench, const struct point *point, uint32_t ifindex)
{
	double verdicts[ROUNDS_MOST], releases[ROUNDS_MOST];

	for (int i = -1; i < (int)point->rounds; i++) { /* the first warms up */
		double verdict = verdict_round(bench, point);
		double released = release_round(bench, point, ifindex);

		if (i < 0)
			continue;
		verdicts[i] = verdict;
		releases[i] = released;
	}
	printf("{\"verdict_ns\": %.1f, \"release_ns\": %.1f}\n",
	       gate_cost_of(verdicts, point->rounds).median,
	       gate_cost_of(releases, point->rounds).median);
}

int main(int argc, char **argv)
{
	struct gate_bench bench = {0};
	struct point point;
	uint32_t ifindex;

	if (argc != 5) {
		fprintf(stderr, "usage: growth SOURCES FLOWS SERVICES ROUNDS\n");
		return 2;
	}
	point = (struct point){
		.sources = number(argv[1], 1, SOURCES_TABLE),
		.flows = number(argv[2], 0, SW_FLOWS_MAX - GATE_SYNS),
		.services = number(argv[3], 1, SW_SERVICES_MAX),
		.rounds = number(argv[4], 1, ROUNDS_MOST),
	};
	ifindex = own_interface();
	listen_for(point.services);
	gate_load(&bench, SOURCES_TABLE);
	gate_stay_on_one_cpu();
	gate_set_services(&bench, point.services);
	gate_know_sources(&bench, point.sources);
	measure(&bench, &point, ifindex);
	gate_unload(&bench);
	return 0;
}
