/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a verdict costs: nanoseconds a packet, net of a program that does nothing but write the same
 * packet, measured in turns with it; and what the maps take of memory. `make bench` runs it.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "bench.skel.h"
#include "map_bytes.h"
#include "packet.h"
#include "spillway/cookie.h"
#include "spillway/decision.h"
#include "spillway/refusal.h"
#include "spillway/source.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define ROUNDS		15
#define SYNS		4096 /* of one round: a storm; each leaves a flow */
#define REPEATS		200000
#define NEW_SOURCES	0x100000 /* above all known ones */
#define UNLIMITED	0xffffffffu

struct bench {
	struct bench_bpf *skel;
	struct sw_ports *ports;
	struct sw_control *control;
	struct sw_service_conf *service_conf;
	struct sw_service_state *service_state;
	struct sw_class_conf *class_conf;
	struct sw_class_state *class_state;
	struct ring_buffer *wakeups;
	struct ring_buffer *decisions;
	size_t copies, told; /* of SYNs, so far; of decisions, in the last round */
	uint32_t sources;    /* known ones */
};

/* Nanoseconds a packet, over all rounds. */
struct cost {
	double median;
	double least;
	double most;
};

static void die(const char *what, int failed)
{
	fprintf(stderr, "verdict_cost: %s: %s\n", what, strerror(-failed));
	exit(1);
}

static void must(const char *what, int failed)
{
	if (failed < 0)
		die(what, failed);
}

static void *mapped(const struct bpf_map *map)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t bytes = (size_t)bpf_map__value_size(map) * bpf_map__max_entries(map);
	void *memory = mmap(NULL, (bytes + page - 1) & ~(page - 1), PROT_READ | PROT_WRITE,
			    MAP_SHARED, bpf_map__fd(map), 0);

	if (memory == MAP_FAILED)
		die("mmap", -errno);
	return memory;
}

/* This thread's own time: what others do meanwhile on a busy machine does not count. */
static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

/* Runs the program on the frame again and again: nanoseconds each. */
static double run(const struct bpf_program *program, const struct packet *packet, int repeat)
{
	uint8_t frame[PACKET_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame,
		    .data_size_in = packet_build(packet, frame), .repeat = repeat);
	double start = now_ns();

	must(bpf_program__name(program), bpf_prog_test_run_opts(bpf_program__fd(program), &opts));
	if (opts.retval == 0) {
		fprintf(stderr, "verdict_cost: %s aborted\n", bpf_program__name(program));
		exit(1);
	}
	return (now_ns() - start) / repeat;
}

static int compare(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;

	return (one > other) - (one < other);
}

static struct cost cost_of(double nets[ROUNDS])
{
	qsort(nets, ROUNDS, sizeof(*nets), compare);
	return (struct cost){nets[ROUNDS / 2], nets[0], nets[ROUNDS - 1]};
}

static void empty_map(const struct bpf_map *map)
{
	enum { BATCH = 8192, LARGEST = 64 };
	static uint8_t keys[BATCH * LARGEST], values[BATCH * LARGEST];
	int fd = bpf_map__fd(map), failed = 0;
	void *from = NULL;
	uint32_t next, count;

	while (!failed) {
		count = BATCH;
		failed = bpf_map_lookup_and_delete_batch(fd, from, &next, keys, values, &count,
							 NULL);
		from = &next;
	}
	if (failed != -ENOENT)
		die(bpf_map__name(map), failed);
}

/* --- what is in the maps */

static struct sw_source_key source_key(uint32_t number)
{
	struct sw_source_key key = {.address = packet_client(&(struct packet){.client = number})};

	return key;
}

static void add_prefixes(struct bench *bench, uint32_t count)
{
	/* Three lengths, spread over all clients: as an inventory of subnets and hosts is. */
	static const int host_bits[] = {8, 4, 0};
	const uint32_t class_id = 0;
	uint32_t added = 0;

	for (uint32_t i = 0; added < count; i++) {
		int bits = host_bits[i % COUNT_OF(host_bits)];
		uint32_t client = (i * 2654435761u >> 8) & ~((1u << bits) - 1);
		struct sw_class_key key = {
			.prefix_bits = 32 + 128 - bits,
			.address = packet_client(&(struct packet){.client = client}),
		};

		added += !bpf_map_update_elem(bpf_map__fd(bench->skel->maps.classes), &key,
					      &class_id, BPF_NOEXIST);
	}
	bench->service_conf[0].has_prefixes = count > 0;
}

static void remove_prefixes(struct bench *bench)
{
	int fd = bpf_map__fd(bench->skel->maps.classes);
	struct sw_class_key key;

	while (!bpf_map_get_next_key(fd, NULL, &key))
		bpf_map_delete_elem(fd, &key);
}

static void know_sources(struct bench *bench, uint32_t count)
{
	empty_map(bench->skel->maps.source_rate);
	empty_map(bench->skel->maps.source_live);
	for (uint32_t i = 0; i < count; i++) {
		struct sw_source_key key = source_key(i);
		const struct sw_source_rate rate = {0};
		const struct sw_source_live live = {.word = sw_source_empty(&key)};

		must("source_rate", bpf_map_update_elem(bpf_map__fd(bench->skel->maps.source_rate),
							&key, &rate, BPF_ANY));
		must("source_live", bpf_map_update_elem(bpf_map__fd(bench->skel->maps.source_live),
							&key, &live, BPF_ANY));
	}
	bench->sources = count;
}

/* One service as of a small configuration: a rate, no other limit, all admitted. */
static void set_service(struct bench *bench)
{
	bench->ports->service[5432] = 1;
	bench->service_conf[0] = (struct sw_service_conf){
		.over_limit = SW_LANE_REFUSE,
		.budget = UNLIMITED,
		.shared_limit = UNLIMITED,
		.ipv4_bits = 32,
		.ipv6_bits = 64,
	};
	bench->class_conf[0] = (struct sw_class_conf){
		.lanes = SW_LANE_DIRECT | SW_LANE_REFUSE << 8,
		.interval_ns = 1,
		.tolerance_ns = 1000000000,
	};
	/* A heartbeat that never grows old: nobody waits for a daemon that is gone. */
	bench->control->heartbeat_ns = UINT64_MAX / 2;
	bench->control->heartbeat_timeout_ns = 1000000000;
}

/* What those who are told why are told by: the numbers do not matter. */
static void set_refusals(struct bench *bench)
{
	const struct sw_cookie_secrets secrets = {.key = {{.word = {1, 2}}}, .is_set = 1};
	const struct sw_refusal_text text = {.bytes = 100};
	const uint32_t first = 0;

	must("cookie_secrets", bpf_map_update_elem(bpf_map__fd(bench->skel->maps.cookie_secrets),
						   &first, &secrets, BPF_ANY));
	must("refusal_texts", bpf_map_update_elem(bpf_map__fd(bench->skel->maps.refusal_texts),
						  &first, &text, BPF_ANY));
}

static void forget_flows(struct bench *bench)
{
	empty_map(bench->skel->maps.flows);
	empty_map(bench->skel->maps.refused);
	memset(bench->service_state, 0, sizeof(*bench->service_state));
	memset(bench->class_state, 0, sizeof(*bench->class_state));
	bench->skel->bss->feed.next = 0;
	bench->skel->bss->answering_ns = 0;
}

/* --- measuring */

/* What is measured: how a round is prepared, and which SYNs it sees. */
struct scenario {
	const char *name;
	double goal_ns; /* 0: none */
	bool new_sources;
	bool refused;
	bool repeated; /* the round's flows are known already */
	bool waits;
	bool in_events;		    /* each decision is told to the daemon, as while they are few */
	bool told;		    /* refused by a SYN-ACK, after which the client is told why */
	bool session;		    /* `other` is of one that is in */
	const struct packet *other; /* measured instead of SYNs, after all those */
};

/* As long as a CancelRequest, the one thing that data is looked at for; and no SYN at all. */
static const struct packet bare_ack = {.flags = ACK, .padding = 6};
static const struct packet much_data = {.flags = ACK | PSH, .data = 1000};
static const struct packet like_cancel = {.flags = ACK | PSH, .data = 16};

static const struct scenario scenarios[] = {
	{.name = "SYN of a known source", .goal_ns = 100},
	{.name = "and told in `events`", .in_events = true},
	{.name = "the same SYN again", .repeated = true},
	{.name = "SYN of a new source", .new_sources = true},
	{.name = "SYN refused", .refused = true},
	{.name = "and told in `events`", .refused = true, .in_events = true},
	{.name = "SYN that has to wait", .waits = true},
	{.name = "its repetition", .waits = true, .repeated = true},
	{.name = "data while 4,096 wait", .goal_ns = 5, .waits = true, .other = &bare_ack},
	{.name = "SYN refused, to be told why", .told = true},
	{.name = "and told in `events`", .told = true, .in_events = true},
	{.name = "a session's data meanwhile", .told = true, .session = true, .other = &much_data},
	{.name = "a stranger's data meanwhile", .told = true, .other = &much_data},
};

/* As small as a SYN can be; and as Linux sends it, which is what is kept of those that wait. */
static const struct packet bare_syn = {.padding = 6};
static const struct packet whole_syn = {.tcp_options = 20};

static void set_feed(struct bench_feed *feed, const struct packet *packet)
{
	uint8_t frame[PACKET_MAX];
	uint16_t words[BENCH_FRAME / 2];

	packet_build(packet, frame);
	memcpy(feed->frame, frame, BENCH_FRAME);
	memcpy(words, frame, sizeof(words));
	/* The checksum of what remains without the client's address (13, 14) and port (17); 25 is its own. */
	feed->sum = (uint16_t)~words[25] + (uint16_t)~words[13] + (uint16_t)~words[14] +
		    (uint16_t)~words[17];
}

static void prepare_round(struct bench *bench, const struct scenario *scenario)
{
	struct bench_feed *feed = &bench->skel->bss->feed;

	forget_flows(bench);
	feed->sources = scenario->new_sources ? 0 : bench->sources;
	feed->new_source = NEW_SOURCES;
	set_feed(feed, scenario->waits ? &whole_syn : &bare_syn);
	bench->service_conf[0].budget =
		scenario->refused || scenario->told || scenario->waits ? 0 : UNLIMITED;
	bench->service_conf[0].answers_as = scenario->told ? SW_ANSWERS_POSTGRES : SW_ANSWERS_RESET;
	bench->class_conf[0].lanes =
		SW_LANE_DIRECT |
		(scenario->waits ? SW_LANE_QUEUE | SW_LANE_REFUSE << 8 : SW_LANE_REFUSE) << 8;
}

/* So few that all of them may be told. */
static int syns_of(const struct scenario *scenario)
{
	return scenario->in_events ? SW_DECISIONS_ALL : SYNS;
}

/* In this second none were told so far, or as many as may be. By the kernel's clock, as the gate has it. */
static void set_told(struct bench *bench, uint32_t told)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	bench->skel->bss->decisions_rate = (uint64_t)now.tv_sec << 32 | told;
	bench->told = 0;
}

/* One round of SYNs; the rings hold five times as many copies, and are emptied outside of the measurement. */
static double run_syns(struct bench *bench, const struct scenario *scenario,
		       const struct bpf_program *program)
{
	double cost;

	bench->skel->bss->feed.next = 0;
	set_told(bench, scenario->in_events ? 0 : SW_DECISIONS_MOST);
	cost = run(program, scenario->waits ? &whole_syn : &bare_syn, syns_of(scenario));
	ring_buffer__consume(bench->wakeups);
	ring_buffer__consume(bench->decisions);
	return cost;
}

static void check_told(const struct bench *bench, const struct scenario *scenario)
{
	if (!scenario->in_events || bench->told == SW_DECISIONS_ALL)
		return;
	fprintf(stderr, "verdict_cost: %s: %zu decisions were told, not all %d\n", scenario->name,
		bench->told, SW_DECISIONS_ALL);
	exit(1);
}

/* New sources of the last round are known now: they have to go, the others to stay. */
static void finish_round(struct bench *bench, const struct scenario *scenario)
{
	for (int i = 0; scenario->new_sources && i < syns_of(scenario); i++) {
		struct sw_source_key key = source_key(NEW_SOURCES + i);

		bpf_map_delete_elem(bpf_map__fd(bench->skel->maps.source_rate), &key);
		bpf_map_delete_elem(bpf_map__fd(bench->skel->maps.source_live), &key);
	}
}

static struct cost measure(struct bench *bench, const struct scenario *scenario,
			   const struct bpf_program *program)
{
	double nets[ROUNDS];

	for (int i = -1; i < ROUNDS; i++) { /* the first warms up */
		double feeding, all;

		prepare_round(bench, scenario);
		feeding = run_syns(bench, scenario, bench->skel->progs.feed_only);
		if (scenario->repeated)
			run_syns(bench, scenario, program);
		all = run_syns(bench, scenario, program);
		if (i >= 0)
			nets[i] = all - feeding;
		check_told(bench, scenario);
		if (scenario->waits && bench->service_state->waiting != SYNS) {
			fprintf(stderr, "verdict_cost: %lu SYNs wait, not all %d\n",
				(unsigned long)bench->service_state->waiting, SYNS);
			exit(1);
		}
		finish_round(bench, scenario);
	}
	return cost_of(nets);
}

static struct cost measure_other(const struct bench *bench, const struct packet *packet)
{
	double nets[ROUNDS];

	for (int i = -1; i < ROUNDS; i++) {
		double nothing = run(bench->skel->progs.empty, packet, REPEATS);
		double all = run(bench->skel->progs.gate_xdp, packet, REPEATS);

		if (i >= 0)
			nets[i] = all - nothing;
	}
	return cost_of(nets);
}

static void let_in(const struct bench *bench, const struct packet *packet)
{
	struct sw_flow_key key = packet_flow(packet);
	const struct sw_flow flow = {.tag = sw_flow_tag(&key), .state = SW_FLOW_OPEN};

	must("flows",
	     bpf_map_update_elem(bpf_map__fd(bench->skel->maps.flows), &key, &flow, BPF_ANY));
}

/* Half a minute after the last refusal nobody's data is looked at. */
static void check_answering(const struct bench *bench, const struct scenario *scenario)
{
	if (!!bench->skel->bss->answering_ns == scenario->told)
		return;
	fprintf(stderr, "verdict_cost: %s: refusals are %stold\n", scenario->name,
		scenario->told ? "no longer " : "");
	exit(1);
}

static struct cost measure_row(struct bench *bench, const struct scenario *scenario)
{
	struct cost cost;

	if (!scenario->other)
		return measure(bench, scenario, bench->skel->progs.feed_gate);
	prepare_round(bench, scenario);
	run_syns(bench, scenario, bench->skel->progs.feed_gate);
	if (scenario->session)
		let_in(bench, scenario->other);
	cost = measure_other(bench, scenario->other);
	check_answering(bench, scenario);
	return cost;
}

/* --- tables */

static void show_cell(struct cost cost)
{
	char text[48];

	snprintf(text, sizeof(text), "%.0f (%.0f-%.0f)", cost.median, cost.least, cost.most);
	printf("%18s", text);
	fflush(stdout);
}

struct column {
	uint32_t sources;
	uint32_t prefixes;
};

/* What no map is touched for, whatever is in them. */
static void show_others(struct bench *bench, size_t count)
{
	const struct {
		const char *name;
		const struct packet *packet;
	} rows[] = {
		{"not a SYN", &bare_ack},
		{"1,000 bytes of data", &much_data},
		{"16 bytes of data, no cancel", &like_cancel},
	};

	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		printf("\n%-28s%10s", rows[row].name, "5");
		for (size_t i = 0; i < count; i++)
			show_cell(measure_other(bench, rows[row].packet));
	}
}

static void show_table(struct bench *bench, const char *what, const struct column *columns,
		       size_t count)
{
	forget_flows(bench);
	printf("\n%-28s%10s", what, "goal");
	for (size_t i = 0; i < count; i++)
		printf("%18u", columns[i].prefixes ? columns[i].prefixes : columns[i].sources);
	show_others(bench, count);
	for (size_t row = 0; row < COUNT_OF(scenarios); row++) {
		char goal[16] = "";

		if (scenarios[row].goal_ns > 0)
			snprintf(goal, sizeof(goal), "%.0f", scenarios[row].goal_ns);
		printf("\n%-28s%10s", scenarios[row].name, goal);
		for (size_t i = 0; i < count; i++) {
			know_sources(bench, columns[i].sources);
			remove_prefixes(bench);
			add_prefixes(bench, columns[i].prefixes);
			show_cell(measure_row(bench, &scenarios[row]));
		}
	}
	printf("\n");
}

static void show_parts(struct bench *bench)
{
	const struct {
		const char *name;
		const struct bpf_program *program;
	} parts[] = {
		{"the clock", bench->skel->progs.part_clock},
		{"five arrays looked up", bench->skel->progs.part_arrays},
		{"flow looked up, not found", bench->skel->progs.part_miss},
		{"flow put in", bench->skel->progs.part_insert},
		{"class among 100 prefixes", bench->skel->progs.part_class},
		{"rate found and taken", bench->skel->progs.part_rate},
		{"source found and counted", bench->skel->progs.part_live},
		{"slot taken, arrays included", bench->skel->progs.part_slots},
		{"verdict counted", bench->skel->progs.part_count},
	};

	know_sources(bench, 1000);
	remove_prefixes(bench);
	add_prefixes(bench, 100);
	printf("\n%-38s%18s\n", "Parts of it, 1,000 sources", "alone");
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		printf("%-38s", parts[i].name);
		show_cell(measure(bench, &scenarios[0], parts[i].program));
		printf("\n");
	}
}

static void show_memory(const struct bench *bench)
{
	uint64_t sum = 0;
	struct bpf_map *map;

	printf("\n%-28s%10s%18s\n", "Memory at the default sizes", "entries", "bytes");
	bpf_object__for_each_map(map, bench->skel->obj)
	{
		if (bpf_map__is_internal(map))
			continue;
		printf("%-28s%10u%18lu\n", bpf_map__name(map), bpf_map__max_entries(map),
		       bytes_of(map));
		sum += bytes_of(map);
	}
	printf("%-28s%10s%18lu\n", "all maps", "", sum);
}

static int count_record(void *arg, void *record, size_t bytes)
{
	(void)record, (void)bytes;
	++*(size_t *)arg;
	return 0;
}

static int load(struct bench *bench)
{
	struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};

	setrlimit(RLIMIT_MEMLOCK, &none);
	bench->skel = bench_bpf__open_and_load();
	if (!bench->skel)
		return -errno;
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
	return bench->wakeups && bench->decisions ? 0 : -errno;
}

static void pin_to_one_cpu(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpus - 1, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

int main(void)
{
	static const struct column by_sources[] = {{1, 0}, {1000, 0}, {100000, 0}};
	static const struct column by_prefixes[] = {{1000, 1}, {1000, 100}, {1000, 10000}};
	struct bench bench = {0};
	int failed = load(&bench);

	if (failed)
		die("loading needs root and a kernel with BTF", failed);
	pin_to_one_cpu();
	set_service(&bench);
	set_refusals(&bench);
	printf("Nanoseconds a packet in XDP, net of an empty program: median (least-most) of %d "
	       "rounds\n",
	       ROUNDS);
	show_table(&bench, "Known sources", by_sources, COUNT_OF(by_sources));
	show_table(&bench, "Class prefixes", by_prefixes, COUNT_OF(by_prefixes));
	show_parts(&bench);
	show_memory(&bench);
	ring_buffer__free(bench.decisions);
	ring_buffer__free(bench.wakeups);
	bench_bpf__destroy(bench.skel);
	return 0;
}
