/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a waiter takes of memory: bench_memory COUNT SOURCES PID 4|6. SYNs of IPv4 or IPv6 that nobody will ever
 * acknowledge come from addresses that belong to no host; PID is the daemon's.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/clock.h"
#include "policy/queue.h"
#include "tool.h"

#define GOAL_BYTES 256.0
/* struct htab_elem before the key, on 64 bits: node, list, hash (Linux 6.18, kernel/bpf/hashtab.c). */
#define ELEMENT_BYTES 48
#define BUCKET_BYTES  16 /* struct bucket: the list's head and a lock */
/* A fifth of what the ring between gate and daemon holds, and time to read it. */
#define PORTION	   4000
#define PORTION_US 20000
/* Linux' clients send again after a second; the daemon takes who does not for gone. */
#define AGAIN_NS  SW_NS_PER_S
#define SETTLE_US 100000
#define ETHERNET  14

struct crowd {
	uint32_t count;
	uint32_t sources;
	bool ipv6;
};

static size_t syn_of(const struct crowd *crowd, uint32_t number, uint8_t frame[PACKET_MAX])
{
	return crowd->ipv6 ? tool_syn6(number, crowd->sources, frame)
			   : tool_syn(number, crowd->sources, frame);
}

static size_t element_of(size_t key, size_t value)
{
	return ELEMENT_BYTES + ((key + 7) & ~7ul) + ((value + 7) & ~7ul);
}

/* Of memory that is the daemon's alone: what it maps of the kernel's does not grow. */
static uint64_t anonymous_bytes(const char *pid)
{
	char path[64], line[256];
	unsigned long kilobytes = 0;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	status = fopen(path, "re");
	if (!status)
		tool_die(errno, "%s", path);
	while (fgets(line, sizeof(line), status))
		if (!strncmp(line, "RssAnon:", 8))
			kilobytes = strtoul(line + 8, NULL, 10);
	fclose(status);
	return kilobytes * 1024ull;
}

static int raw_socket(bool ipv6)
{
	const struct sw_in6 server = packet_server(&(struct packet){.ipv6 = ipv6});
	const struct sockaddr_in to = {.sin_family = AF_INET,
				       .sin_addr.s_addr = server.words_be[3]};
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6};
	const int bytes = 64 << 20;
	int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	memcpy(&to6.sin6_addr, server.bytes, sizeof(to6.sin6_addr));
	if (fd < 0 || (ipv6 ? connect(fd, (const struct sockaddr *)&to6, sizeof(to6))
			    : connect(fd, (const struct sockaddr *)&to, sizeof(to))))
		tool_die(errno, "a raw socket");
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
	return fd;
}

static void send_syns(int fd, const struct crowd *crowd)
{
	uint8_t frame[PACKET_MAX];

	for (uint32_t i = 0; i < crowd->count; i++) {
		size_t bytes = syn_of(crowd, i, frame);

		if (send(fd, frame + ETHERNET, bytes - ETHERNET, 0) < 0)
			tool_die(errno, "sending SYN %u", i);
		if (i % PORTION == PORTION - 1)
			tool_pause_us(PORTION_US);
	}
}

/* By the queue's own count, of the same waiters in a queue of this program. */
static double counted_bytes(const struct crowd *crowd)
{
	struct sw_queue *queue = sw_queue_new();
	uint8_t frame[PACKET_MAX];
	struct sw_parked parked;
	double bytes;

	for (uint32_t i = 0; queue && i < crowd->count; i++) {
		tool_parked(frame, syn_of(crowd, i, frame), &parked);
		sw_queue_park(queue, &parked, parked.seen_ns);
	}
	if (!queue || sw_queue_count(queue) != crowd->count)
		tool_die(ENOMEM, "a queue of %u", crowd->count);
	bytes = (double)sw_queue_bytes(queue) / crowd->count;
	sw_queue_free(queue);
	return bytes;
}

/* Those that the map has now. */
static uint32_t entries_of(const char *name, size_t key_bytes)
{
	uint8_t key[64], next[64];
	int fd = tool_map(name);
	uint32_t count = 0;

	for (void *last = NULL; !bpf_map_get_next_key(fd, last, next); count++) {
		memcpy(key, next, key_bytes);
		last = key;
	}
	return count;
}

/* What the kernel says of the map, against the formula: elements, one more for each CPU, buckets. */
static void check_formula(const char *name, size_t element, uint32_t entries)
{
	char path[64], line[128];
	unsigned long long said = 0;
	double formula = (double)element * entries + (double)BUCKET_BYTES * entries;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", tool_map(name));
	info = fopen(path, "re");
	if (!info)
		tool_die(errno, "%s", path);
	while (fgets(line, sizeof(line), info))
		if (!strncmp(line, "memlock:", 8))
			said = strtoull(line + 8, NULL, 10);
	fclose(info);
	if ((double)said < formula * 0.99 || (double)said > formula * 1.01)
		printf("  %s: the kernel says %llu bytes for %u entries, the formula %.0f\n", name,
		       said, entries, formula);
}

/* Entries of the map for each waiter. */
static double share_of(const char *name, size_t key_bytes, const struct crowd *crowd)
{
	return (double)entries_of(name, key_bytes) / crowd->count;
}

static double measure(const struct crowd *crowd, const char *pid)
{
	uint64_t before = anonymous_bytes(pid), after, again_ns;
	int fd;

	tool_enter_client();
	fd = raw_socket(crowd->ipv6);
	again_ns = sw_clock_monotonic_ns() + AGAIN_NS;
	send_syns(fd, crowd);
	tool_await_waiting(crowd->count);
	while (sw_clock_monotonic_ns() < again_ns)
		tool_pause_us(1000);
	/* Also brings the copies that the ring may have had no room for. */
	send_syns(fd, crowd);
	tool_pause_us(SETTLE_US);
	after = anonymous_bytes(pid);
	if (tool_waiting() != crowd->count)
		tool_die(0, "%lu wait at the end, and not %u", tool_waiting(), crowd->count);
	return ((double)after - (double)before) / crowd->count;
}

int main(int argc, char **argv)
{
	const size_t flow = element_of(sizeof(struct sw_flow_key), sizeof(struct sw_flow));
	const size_t source =
		element_of(sizeof(struct sw_source_key), sizeof(struct sw_source_live));
	const size_t rate = element_of(sizeof(struct sw_source_key), sizeof(struct sw_source_rate));
	double daemon, counted, flows, sources, rates, waiting, all;
	struct crowd crowd;

	if (argc != 5)
		tool_die(0, "usage: bench_memory COUNT SOURCES PID 4|6");
	crowd = (struct crowd){tool_number(argv[1]), tool_number(argv[2]),
			       tool_number(argv[4]) == 6};
	check_formula("map_flows", flow, SW_FLOWS_MAX);
	check_formula("map_source_live", source, SW_SOURCES_MAX);
	check_formula("map_source_rate", rate, SW_SOURCES_MAX);
	daemon = measure(&crowd, argv[3]);
	flows = share_of("map_flows", sizeof(struct sw_flow_key), &crowd);
	sources = share_of("map_source_live", sizeof(struct sw_source_key), &crowd);
	rates = share_of("map_source_rate", sizeof(struct sw_source_key), &crowd);
	counted = counted_bytes(&crowd);
	waiting = (daemon > counted ? daemon : counted) + (double)flow * flows +
		  (double)source * sources;
	all = waiting + (double)rate * rates;
	printf("  IPv%s%9u%9u%12.1f%12.1f%8.1f%8.1f%9.1f%8.1f%8.1f%10.1f  goal: %s\n", argv[4],
	       crowd.count, crowd.sources, daemon, counted, (double)flow * flows,
	       (double)source * sources, waiting, (double)rate * rates, all,
	       all + BUCKET_BYTES * (flows + sources + rates),
	       all <= GOAL_BYTES ? "met" : "missed");
	return 0;
}
