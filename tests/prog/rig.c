/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading, filling and emptying the maps, running the programs and reading what they counted.
 */
#include "rig.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kern/read.h"

/* Rows that tests use: few, so that reading them before and after each frame costs nothing. */
#define CLASSES_USED  8
#define SERVICES_USED 4

struct tally {
	uint64_t counters[SERVICES_USED + 1][SW_COUNTER_COUNT];
	uint64_t verdicts[CLASSES_USED][SW_VERDICT_CELLS];
};

static struct rig the_rig;

static void read_tally(const struct rig *rig, struct tally *out)
{
	for (int i = 0; i < SERVICES_USED; i++)
		sw_read_counters(rig->maps, i, out->counters[i]);
	sw_read_counters(rig->maps, SW_COUNTERS_HOST, out->counters[SERVICES_USED]);
	for (int i = 0; i < CLASSES_USED; i++)
		sw_read_verdicts(rig->maps, i, out->verdicts[i]);
}

static uint32_t row_of(uint32_t service)
{
	return service == SW_COUNTERS_HOST ? SERVICES_USED : service;
}

/*
 * Prints every count that differs; how many do. Nobody reads what is told of decisions, and how many are is for
 * test_decisions.c.
 */
static int compare_tallies(const struct tally *want, const struct tally *have)
{
	int differences = 0;

	for (int i = 0; i <= SERVICES_USED; i++)
		for (int j = 0; j < SW_COUNTER_COUNT; j++)
			if (j != SW_COUNTER_EVENTS_UNTOLD &&
			    want->counters[i][j] != have->counters[i][j]) {
				print_error("counter %d of service %d: %lu, not %lu\n", j, i,
					    have->counters[i][j], want->counters[i][j]);
				differences++;
			}
	for (int i = 0; i < CLASSES_USED; i++)
		for (int j = 0; j < SW_VERDICT_CELLS; j++)
			if (want->verdicts[i][j] != have->verdicts[i][j]) {
				print_error("class %d, lane %d, reason %d: %lu, not %lu\n", i,
					    j / SW_REASON_COUNT, j % SW_REASON_COUNT,
					    have->verdicts[i][j], want->verdicts[i][j]);
				differences++;
			}
	return differences;
}

static enum action action_of(bool tc, uint32_t retval)
{
	if (tc)
		return retval == (uint32_t)TC_ACT_UNSPEC ? PASSES
		       : retval == TC_ACT_SHOT		 ? DROPPED
		       : retval == TC_ACT_REDIRECT	 ? ANSWERED
							 : 0;
	return retval == XDP_PASS   ? PASSES
	       : retval == XDP_DROP ? DROPPED
	       : retval == XDP_TX   ? ANSWERED
				    : 0;
}

enum action rig_send_frame(struct rig *rig, const uint8_t *frame, size_t bytes)
{
	int fd = sw_kern_program_fd(rig->kern, rig->tc ? SW_PROGRAM_GATE_TC : SW_PROGRAM_GATE_XDP);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = bytes,
		    .data_out = rig->answer, .data_size_out = sizeof(rig->answer), .repeat = 1);
	int failed = bpf_prog_test_run_opts(fd, &opts);
	enum action action;

	if (failed)
		fail_msg("%zu bytes: the kernel would not run the program: %s", bytes,
			 strerror(-failed));
	rig->answer_bytes = opts.data_size_out;
	action = action_of(rig->tc, opts.retval);
	if (!action)
		fail_msg("the program returned %u", opts.retval);
	return action;
}

enum action rig_send(struct rig *rig, const struct packet *packet)
{
	struct packet whole = *packet;
	uint8_t frame[PACKET_MAX];

	whole.ipv6 = rig->ipv6;
	return rig_send_frame(rig, frame, packet_build(&whole, frame));
}

void rig_expect_at(const char *file, int line, struct rig *rig, const struct packet *packet,
		   const struct outcome *outcome)
{
	static const char *const names[] = {"?", "passes", "dropped", "answered"};
	struct tally want, have;
	enum action action;
	int wrong;

	read_tally(rig, &want);
	action = rig_send(rig, packet);
	if (outcome->is_decided)
		want.verdicts[outcome->class_id][sw_verdict_cell(outcome->lane, outcome->reason)]++;
	for (size_t i = 0; i < COUNT_OF(outcome->counters); i++)
		want.counters[row_of(outcome->counters[i].row)][outcome->counters[i].id] +=
			outcome->counters[i].by;
	read_tally(rig, &have);
	wrong = compare_tallies(&want, &have);
	if (action != outcome->action)
		print_error("the frame was: %s; expected: %s\n", names[action],
			    names[outcome->action]);
	if (wrong || action != outcome->action)
		_fail(file, line);
}

static void mix(uint64_t *hash, const void *from, size_t bytes)
{
	const uint8_t *byte = from;

	/* FNV-1a */
	for (size_t i = 0; i < bytes; i++)
		*hash = (*hash ^ byte[i]) * 0x100000001b3ull;
}

static void mix_map(uint64_t *hash, int fd, size_t key_bytes, size_t value_bytes)
{
	uint8_t key[64], value[64];
	void *last = NULL;

	assert_true(key_bytes <= sizeof(key) && value_bytes <= sizeof(value));
	while (!bpf_map_get_next_key(fd, last, key)) {
		if (bpf_map_lookup_elem(fd, key, value))
			continue;
		mix(hash, key, key_bytes);
		mix(hash, value, value_bytes);
		last = key;
	}
}

uint64_t rig_fingerprint(const struct rig *rig)
{
	const struct sw_maps *maps = rig->maps;
	struct tally tally;
	uint64_t hash = 0xcbf29ce484222325ull;

	read_tally(rig, &tally);
	mix(&hash, &tally, sizeof(tally));
	mix(&hash, maps->control, sizeof(*maps->control));
	mix(&hash, maps->ports, sizeof(*maps->ports));
	mix(&hash, maps->service_conf, SW_SERVICES_MAX * sizeof(*maps->service_conf));
	mix(&hash, maps->service_state, SW_SERVICES_MAX * sizeof(*maps->service_state));
	mix(&hash, maps->class_conf, SW_CLASSES_MAX * sizeof(*maps->class_conf));
	mix(&hash, maps->class_state, SW_CLASSES_MAX * sizeof(*maps->class_state));
	mix_map(&hash, maps->services_fd, sizeof(struct sw_service_key), sizeof(uint32_t));
	mix_map(&hash, maps->classes_fd, sizeof(struct sw_class_key), sizeof(uint32_t));
	mix_map(&hash, maps->source_rate_fd, sizeof(struct sw_source_key),
		sizeof(struct sw_source_rate));
	mix_map(&hash, maps->source_live_fd, sizeof(struct sw_source_key),
		sizeof(struct sw_source_live));
	mix_map(&hash, maps->flows_fd, sizeof(struct sw_flow_key), sizeof(struct sw_flow));
	mix_map(&hash, maps->refused_fd, sizeof(struct sw_flow_key), sizeof(struct sw_refusal));
	return hash;
}

/* A trie knows no batches; a hash map with many entries takes forever without. */
void rig_empty_map(int fd)
{
	enum { BATCH = 8192, LARGEST = 64 };
	uint8_t *room = calloc(2 * BATCH, LARGEST);
	uint8_t key[LARGEST];
	uint32_t count, next;
	void *from = NULL;
	int failed = room ? 0 : -ENOMEM;

	while (!failed) {
		count = BATCH;
		failed = bpf_map_lookup_and_delete_batch(fd, from, &next, room,
							 room + BATCH * LARGEST, &count, NULL);
		from = &next;
	}
	free(room);
	while (!bpf_map_get_next_key(fd, NULL, key))
		bpf_map_delete_elem(fd, key);
}

static void zero_rows(int fd, uint32_t rows, size_t value_bytes)
{
	void *zeros = calloc(libbpf_num_possible_cpus(), value_bytes);

	assert_non_null(zeros);
	for (uint32_t i = 0; i < rows; i++)
		assert_int_equal(bpf_map_update_elem(fd, &i, zeros, BPF_ANY), 0);
	free(zeros);
}

static void set_defaults(struct rig *rig)
{
	const struct sw_maps *maps = rig->maps;

	maps->control->handshake_timeout_ns = 5000000000;
	maps->control->heartbeat_timeout_ns = 2000000000;
	maps->ports->service[5432] = 1;
	maps->service_conf[0] = (struct sw_service_conf){
		.over_limit = CHAIN1(SW_LANE_DROP),
		.budget = 2,
		.shared_limit = 2,
		.ipv4_bits = 32,
		.ipv6_bits = 128,
	};
	maps->class_conf[0].lanes = CHAIN2(SW_LANE_DIRECT, SW_LANE_REFUSE);
}

void rig_reset(struct rig *rig)
{
	const struct sw_maps *maps = rig->maps;
	const int fds[] = {maps->services_fd,	 maps->classes_fd, maps->source_rate_fd,
			   maps->source_live_fd, maps->flows_fd,   maps->refused_fd};

	for (size_t i = 0; i < COUNT_OF(fds); i++)
		rig_empty_map(fds[i]);
	zero_rows(maps->counters_fd, SW_COUNTERS_ROWS, sizeof(struct sw_counters));
	zero_rows(maps->verdicts_fd, CLASSES_USED, sizeof(struct sw_verdicts));
	memset(maps->control, 0, sizeof(*maps->control));
	memset(maps->ports, 0, sizeof(*maps->ports));
	memset(maps->service_conf, 0, SW_SERVICES_MAX * sizeof(*maps->service_conf));
	memset(maps->service_state, 0, SW_SERVICES_MAX * sizeof(*maps->service_state));
	memset(maps->class_conf, 0, SW_CLASSES_MAX * sizeof(*maps->class_conf));
	memset(maps->class_state, 0, SW_CLASSES_MAX * sizeof(*maps->class_state));
	set_defaults(rig);
}

void rig_add_prefix(struct rig *rig, uint32_t service, uint32_t class_id, uint32_t client,
		    int host_bits)
{
	struct sw_class_key key = {
		.prefix_bits = 32 + 128 - host_bits,
		.service_be = htonl(service),
		.address = packet_client(&(struct packet){.ipv6 = rig->ipv6, .client = client}),
	};

	assert_int_equal(bpf_map_update_elem(rig->maps->classes_fd, &key, &class_id, BPF_ANY), 0);
	rig->maps->service_conf[service].has_prefixes = 1;
	if (!rig->maps->class_conf[class_id].lanes)
		rig->maps->class_conf[class_id].lanes = CHAIN2(SW_LANE_DIRECT, SW_LANE_REFUSE);
}

void rig_add_service_address(struct rig *rig, uint32_t service, const struct packet *to)
{
	struct packet whole = *to;
	struct sw_service_key key = {0};

	whole.ipv6 = rig->ipv6;
	key.address = packet_server(&whole);
	key.port_be = packet_flow(&whole).server_port_be;
	assert_int_equal(bpf_map_update_elem(rig->maps->services_fd, &key, &service, BPF_ANY), 0);
	rig->maps->ports->service[ntohs(key.port_be)] = SW_PORT_BY_ADDRESS;
}

void rig_set_rate(struct rig *rig, uint32_t class_id, uint64_t per_second, uint64_t burst)
{
	struct sw_class_conf *conf = &rig->maps->class_conf[class_id];

	conf->interval_ns = 1000000000 / per_second;
	conf->tolerance_ns = (burst - 1) * conf->interval_ns;
}

static struct sw_flow_key key_of(const struct rig *rig, const struct packet *packet)
{
	struct packet whole = *packet;

	whole.ipv6 = rig->ipv6;
	return packet_flow(&whole);
}

bool rig_has_flow(const struct rig *rig, const struct packet *packet)
{
	struct sw_flow_key key = key_of(rig, packet);
	struct sw_flow flow;

	return !bpf_map_lookup_elem(rig->maps->flows_fd, &key, &flow);
}

void rig_await_state(const struct rig *rig, const struct packet *packet, uint8_t state)
{
	for (int i = 0; i < 1000; i++) {
		if (state ? rig_flow(rig, packet).state == state : !rig_has_flow(rig, packet))
			return;
		usleep(1000);
	}
	fail_msg("the flow does not come to state %d", state);
}

struct sw_flow rig_flow(const struct rig *rig, const struct packet *packet)
{
	struct sw_flow_key key = key_of(rig, packet);
	struct sw_flow flow = {0};

	if (bpf_map_lookup_elem(rig->maps->flows_fd, &key, &flow))
		fail_msg("there is no such flow");
	return flow;
}

void rig_put_flow(struct rig *rig, const struct packet *packet, const struct sw_flow *flow)
{
	struct sw_flow_key key = key_of(rig, packet);

	assert_int_equal(bpf_map_update_elem(rig->maps->flows_fd, &key, flow, BPF_ANY), 0);
}

uint32_t rig_entries(int map_fd, size_t key_bytes)
{
	uint8_t key[64], next[64];
	uint32_t count = 0;

	for (void *last = NULL; !bpf_map_get_next_key(map_fd, last, next); count++) {
		memcpy(key, next, key_bytes);
		last = key;
	}
	return count;
}

uint64_t rig_source(const struct rig *rig, uint32_t service, const struct packet *packet)
{
	struct sw_source_key key = {.service = service, .address = key_of(rig, packet).client};
	struct sw_source_live live = {0};

	if (bpf_map_lookup_elem(rig->maps->source_live_fd, &key, &live))
		return 0;
	return live.word;
}

void rig_assert_slots(const struct rig *rig, uint32_t service, uint32_t total, uint32_t pooler)
{
	assert_int_equal(rig->maps->service_state[service].direct >> 32, total);
	assert_int_equal(rig->maps->service_state[service].pooler, pooler);
}

void rig_assert_half_open(const struct rig *rig, const struct packet *packet, uint64_t in_all,
			  uint64_t own)
{
	struct sw_source_key key = {.address = key_of(rig, packet).client};
	struct sw_source_live live = {0};

	assert_int_equal(rig->maps->service_state[0].half_open, in_all);
	bpf_map_lookup_elem(rig->maps->source_live_fd, &key, &live);
	assert_int_equal(live.half_open, own);
}

uint64_t rig_counted(const struct rig *rig, enum sw_counter counter)
{
	const uint32_t service = 0;
	struct sw_counters of_cpus[128] = {0};
	uint64_t sum = 0;

	assert_int_equal(bpf_map_lookup_elem(rig->maps->counters_fd, &service, of_cpus), 0);
	for (size_t i = 0; i < COUNT_OF(of_cpus); i++)
		sum += of_cpus[i].count[counter];
	return sum;
}

/* Entries are changed in place: keys first, for a walk does not bear that. */
static void age_map(int fd, size_t key_bytes, const size_t offsets[2], uint64_t by_ns)
{
	enum { AT_ONCE = 16384, LARGEST = 64 };
	uint8_t(*keys)[LARGEST] = calloc(AT_ONCE, LARGEST);
	uint8_t value[LARGEST];
	size_t count = 0;

	assert_true(keys && key_bytes <= LARGEST);
	while (!bpf_map_get_next_key(fd, count ? keys[count - 1] : NULL, keys[count]))
		assert_true(++count < AT_ONCE);
	while (count--) {
		assert_int_equal(bpf_map_lookup_elem(fd, keys[count], value), 0);
		for (int i = 0; i < 2; i++)
			*(uint64_t *)(value + offsets[i]) -=
				i && offsets[0] == offsets[1] ? 0 : by_ns;
		assert_int_equal(bpf_map_update_elem(fd, keys[count], value, BPF_EXIST), 0);
	}
	free(keys);
}

void rig_age(const struct rig *rig, uint64_t by_ns)
{
	static const size_t of_flow[] = {offsetof(struct sw_flow, syn_ns),
					 offsetof(struct sw_flow, state_ns)};
	static const size_t of_source[] = {offsetof(struct sw_source_live, seen_ns),
					   offsetof(struct sw_source_live, seen_ns)};

	age_map(rig->maps->flows_fd, sizeof(struct sw_flow_key), of_flow, by_ns);
	age_map(rig->maps->source_live_fd, sizeof(struct sw_source_key), of_source, by_ns);
}

struct sw_sweep rig_sweep_after(struct rig *rig, uint64_t by_ns)
{
	struct sw_sweep sweep;

	rig_age(rig, by_ns);
	assert_int_equal(sw_kern_sweep(rig->kern, &sweep), 0);
	return sweep;
}

/* One run of a test: which program and family, and the test itself. */
struct run {
	const struct rig_test *test;
	bool tc;
	bool ipv6;
	char name[160];
};

static void run_one(void **state)
{
	const struct run *run = *state;

	the_rig.tc = run->tc;
	the_rig.ipv6 = run->ipv6;
	rig_reset(&the_rig);
	run->test->run(&the_rig, run->test->arg);
}

static int bring_up_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int failed = fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request);

	if (fd >= 0)
		close(fd);
	return failed;
}

static int load_once(void **state)
{
	struct sw_error err = {0};

	(void)state;
	if (unshare(CLONE_NEWNET) || bring_up_loopback()) {
		print_error("no network namespace of our own: %s\n", strerror(errno));
		return -1;
	}
	if (sw_load(NULL, &the_rig.kern, &err) ||
	    sw_kern_need(the_rig.kern, SW_PROGRAM_GATE_XDP, &err) ||
	    sw_kern_need(the_rig.kern, SW_PROGRAM_GATE_TC, &err)) {
		print_error("%s\n", err.text);
		return -1;
	}
	the_rig.maps = sw_kern_maps(the_rig.kern);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	sw_unload(the_rig.kern, SW_UNLOAD_ALL);
	return 0;
}

int rig_main(const char *name, const struct rig_test *tests, size_t count)
{
	struct run *runs = calloc(4 * count, sizeof(*runs));
	struct CMUnitTest *units = calloc(4 * count, sizeof(*units));
	size_t used = 0;
	int failed;

	for (size_t i = 0; i < 4 * count && runs && units; i++) {
		struct run *run = &runs[used];

		run->test = &tests[i / 4];
		run->tc = i & 2;
		run->ipv6 = i & 1;
		if (run->test->only && run->test->only != (run->ipv6 ? 6 : 4))
			continue;
		snprintf(run->name, sizeof(run->name), "%s (%s, IPv%d)", run->test->sentence,
			 run->tc ? "tc" : "xdp", run->ipv6 ? 6 : 4);
		units[used] = (struct CMUnitTest){run->name, run_one, NULL, NULL, run};
		used++;
	}
	/* cmocka counts an array; its macro for that cannot take a pointer. */
	failed = _cmocka_run_group_tests(name, units, used, load_once, unload);
	free(units);
	free(runs);
	return failed;
}
