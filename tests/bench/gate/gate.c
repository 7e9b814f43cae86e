/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading, running, and the figures of rounds.
 */
#include "gate.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

const struct packet gate_bare_syn = {.padding = 6};
const struct packet gate_whole_syn = {.tcp_options = 20};

void gate_die(const char *what, int failed)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(-failed));
	exit(1);
}

void gate_must(const char *what, int failed)
{
	if (failed < 0)
		gate_die(what, failed);
}

static void *mapped(const struct bpf_map *map)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t bytes = (size_t)bpf_map__value_size(map) * bpf_map__max_entries(map);
	void *memory = mmap(NULL, (bytes + page - 1) & ~(page - 1), PROT_READ | PROT_WRITE,
			    MAP_SHARED, bpf_map__fd(map), 0);

	if (memory == MAP_FAILED)
		gate_die("mmap", -errno);
	return memory;
}

static int count_record(void *arg, void *record, size_t bytes)
{
	(void)record, (void)bytes;
	++*(size_t *)arg;
	return 0;
}

void gate_load(struct gate_bench *bench, uint32_t most_sources)
{
	struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};

	setrlimit(RLIMIT_MEMLOCK, &none);
	bench->skel = bench_bpf__open();
	if (!bench->skel)
		gate_die("opening", -errno);
	gate_must("source_rate",
		  bpf_map__set_max_entries(bench->skel->maps.source_rate, most_sources));
	gate_must("source_live",
		  bpf_map__set_max_entries(bench->skel->maps.source_live, most_sources));
	gate_must("loading needs root and a kernel with BTF", bench_bpf__load(bench->skel));
	bench->ports = mapped(bench->skel->maps.ports);
	bench->control = mapped(bench->skel->maps.control);
	bench->service_conf = mapped(bench->skel->maps.service_conf);
	bench->service_state = mapped(bench->skel->maps.service_state);
	bench->class_conf = mapped(bench->skel->maps.class_conf);
	bench->class_state = mapped(bench->skel->maps.class_state);
	bench->wakeups = ring_buffer__new(bpf_map__fd(bench->skel->maps.wakeups), count_record,
					  &bench->copies, NULL);
	bench->decisions = ring_buffer__new(bpf_map__fd(bench->skel->maps.decisions), count_record,
					    &bench->told, NULL);
	if (!bench->wakeups || !bench->decisions)
		gate_die("ring buffers", -errno);
}

void gate_unload(struct gate_bench *bench)
{
	ring_buffer__free(bench->decisions);
	ring_buffer__free(bench->wakeups);
	bench_bpf__destroy(bench->skel);
}

void gate_stay_on_one_cpu(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpus - 1, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

double gate_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

double gate_run(const struct bpf_program *program, const struct packet *packet, int repeat)
{
	uint8_t frame[PACKET_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame,
		    .data_size_in = packet_build(packet, frame), .repeat = repeat);
	double start = gate_now_ns();

	gate_must(bpf_program__name(program),
		  bpf_prog_test_run_opts(bpf_program__fd(program), &opts));
	if (opts.retval == 0) {
		fprintf(stderr, "%s: %s aborted\n", program_invocation_short_name,
			bpf_program__name(program));
		exit(1);
	}
	return (gate_now_ns() - start) / repeat;
}

static void set_feed(struct bench_feed *feed, const struct packet *packet)
{
	uint8_t frame[PACKET_MAX];
	uint16_t words[BENCH_FRAME / 2];

	packet_build(packet, frame);
	memcpy(feed->frame, frame, BENCH_FRAME);
	memcpy(words, frame, sizeof(words));
	/* The checksum of what remains without the client's address (13, 14) and both ports (17, 18); 25 is its own. */
	feed->sum = (uint16_t)~words[25] + (uint16_t)~words[13] + (uint16_t)~words[14] +
		    (uint16_t)~words[17] + (uint16_t)~words[18];
}

/* The rings hold five times as many copies as a round makes, and are emptied off the clock. */
double gate_run_syns(struct gate_bench *bench, const struct bpf_program *program,
		     const struct packet *packet, int count)
{
	double cost;

	set_feed(&bench->skel->bss->feed, packet);
	bench->skel->bss->feed.next = 0;
	bench->skel->bss->feed.services = bench->services;
	cost = gate_run(program, packet, count);
	ring_buffer__consume(bench->wakeups);
	ring_buffer__consume(bench->decisions);
	return cost;
}

static int compare(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;

	return (one > other) - (one < other);
}

struct gate_cost gate_cost_of(double *nets, size_t count)
{
	qsort(nets, count, sizeof(*nets), compare);
	return (struct gate_cost){nets[count / 2], nets[0], nets[count - 1]};
}
