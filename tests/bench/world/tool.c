/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Namespaces, maps, sockets, percentiles.
 */
#include "tool.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/number.h"
#include "kern/generation.h"
#include "kern/maps.h"
#include "kern/pins.h"
#include "kern/read.h"

#define PORT	       5432
#define BACKLOG	       65535	/* tests/bench/waiting raises what the kernel allows */
#define RAW_CLIENTS    0x400000 /* 10.64.0.0: nobody's, so that nobody answers for them */
#define PATIENCE_NS    (10 * SW_NS_PER_S)
#define IDLE_WINDOW_US 250000
#define IDLE_TRIES     40
#define IDLE_SHARE     0.9
#define GOAL_P50_US    100.0
#define GOAL_P99_US    500.0
#define MAC_BYTES      6
#define ETHERNET_BYTES 14
#define IPV4_BYTES     20

void tool_die(int err, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, err ? ": %s\n" : "\n", strerror(err));
	exit(1);
}

const char *tool_env(const char *name)
{
	const char *value = getenv(name);

	if (!value)
		tool_die(0, "$%s is not set: run tests/bench/waiting, which makes a world", name);
	return value;
}

uint32_t tool_number(const char *text)
{
	uint32_t number;

	if (!text || sw_parse_u32(text, &number))
		tool_die(0, "'%s' is no number", text ? text : "");
	return number;
}

static void enter(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		tool_die(errno, "the namespace %s", path);
	close(fd);
}

void tool_enter_server(void)
{
	enter(tool_env("SERVER_NS"));
}

void tool_enter_client(void)
{
	enter(tool_env("CLIENT_NS"));
}

void tool_raise_files(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

void tool_mac(const char *interface, uint8_t mac[6])
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strncpy(request.ifr_name, interface, sizeof(request.ifr_name) - 1);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request))
		tool_die(errno, "the address of %s", interface);
	memcpy(mac, request.ifr_hwaddr.sa_data, MAC_BYTES);
	close(fd);
}

static struct sockaddr_in guarded(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};

	inet_pton(AF_INET, tool_env("SERVER_IPV4"), &address.sin_addr);
	return address;
}

int tool_listen(void)
{
	const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (const struct sockaddr *)&any, sizeof(any)) || listen(fd, BACKLOG))
		tool_die(errno, "listening on port %d", PORT);
	return fd;
}

static int new_socket(int flags)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	if (fd < 0)
		tool_die(errno, "a client's socket");
	return fd;
}

int tool_connect(void)
{
	struct sockaddr_in to = guarded();
	int fd = new_socket(0);

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		tool_die(errno, "a client could not connect");
	return fd;
}

int tool_connect_start(void)
{
	struct sockaddr_in to = guarded();
	int fd = new_socket(SOCK_NONBLOCK);

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS)
		tool_die(errno, "a client could not connect");
	return fd;
}

void tool_connected(int fd)
{
	int err = 0;
	socklen_t bytes = sizeof(err);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &bytes) || err)
		tool_die(err ? err : errno, "a client that waited could not connect");
}

int tool_map(const char *name)
{
	char path[SW_PIN_PATH_MAX];
	int fd = sw_generation_current(tool_env("PIN_DIR"), path);

	if (!fd)
		fd = sw_pins_open(path, name);
	if (fd < 0)
		tool_die(-fd, "%s of the daemon that pins in %s", name, tool_env("PIN_DIR"));
	return fd;
}

void tool_read_waits(struct sw_waits *out)
{
	static struct sw_maps maps = {.waits_fd = -1};

	if (maps.waits_fd < 0)
		maps.waits_fd = tool_map("map_waits");
	sw_read_waits(&maps, TOOL_SERVICE, out);
}

uint64_t tool_waiting(void)
{
	static int fd = -1;
	const uint32_t service = TOOL_SERVICE;
	struct sw_service_state state;

	if (fd < 0)
		fd = tool_map("map_service_state");
	if (bpf_map_lookup_elem(fd, &service, &state))
		tool_die(errno, "the number of those that wait");
	return state.waiting;
}

void tool_await_waiting(uint64_t count)
{
	uint64_t end_ns = sw_clock_monotonic_ns() + PATIENCE_NS;

	while (tool_waiting() != count) {
		if (sw_clock_monotonic_ns() > end_ns)
			tool_die(0, "%lu wait, and not %lu", tool_waiting(), count);
		tool_pause_us(1000);
	}
}

static struct packet syn_of(uint32_t number, uint32_t sources)
{
	return (struct packet){
		.client = RAW_CLIENTS + number % sources,
		.client_port = (uint16_t)(1024 + number / sources),
		.tcp_options = 20,
	};
}

size_t tool_syn(uint32_t number, uint32_t sources, uint8_t frame[PACKET_MAX])
{
	const struct packet syn = syn_of(number, sources);

	return packet_build(&syn, frame);
}

/* Which client it is stands at the address's end; two of its words change places, by which no checksum changes. */
size_t tool_syn6(uint32_t number, uint32_t sources, uint8_t frame[PACKET_MAX])
{
	struct packet syn = syn_of(number, sources);
	uint8_t *from = frame + ETHERNET_BYTES + offsetof(struct ipv6hdr, saddr);
	size_t bytes;

	syn.ipv6 = true;
	bytes = packet_build(&syn, frame);
	memcpy(from + 4, from + 12, 4);
	memset(from + 12, 0, 4);
	return bytes;
}

void tool_parked(const uint8_t *frame, size_t bytes, struct sw_parked *out)
{
	memset(out, 0, sizeof(*out));
	out->kind = SW_WAKEUP_PARKED;
	out->length = (uint8_t)bytes;
	memcpy(out->frame, frame, bytes);
	out->is_ipv6 = frame[ETHERNET_BYTES] >> 4 == 6;
	out->where = ETHERNET_BYTES |
		     (ETHERNET_BYTES + (out->is_ipv6 ? sizeof(struct ipv6hdr) : IPV4_BYTES)) << 8;
	out->source_bits = out->is_ipv6 ? 64 : 32;
	out->syn_ns = out->seen_ns = sw_clock_monotonic_ns();
}

void tool_pause_us(unsigned int us)
{
	const struct timespec pause = {us / 1000000, us % 1000000 * 1000L};

	nanosleep(&pause, NULL);
}

struct tool_cpu tool_cpu_now(void)
{
	unsigned long long ticks[8] = {0};
	struct tool_cpu now = {0};
	FILE *stat = fopen("/proc/stat", "re");

	/* user nice system idle iowait irq softirq steal */
	if (!stat ||
	    fscanf(stat, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &ticks[0], &ticks[1],
		   &ticks[2], &ticks[3], &ticks[4], &ticks[5], &ticks[6], &ticks[7]) != 8)
		tool_die(errno, "/proc/stat");
	fclose(stat);
	for (int i = 0; i < 8; i++)
		now.all += ticks[i];
	now.idle = ticks[3] + ticks[4];
	return now;
}

double tool_idle_share(const struct tool_cpu *since)
{
	struct tool_cpu now = tool_cpu_now();

	return now.all > since->all
		       ? (double)(now.idle - since->idle) / (double)(now.all - since->all)
		       : 1;
}

void tool_await_idle(void)
{
	for (int i = 0; i < IDLE_TRIES; i++) {
		struct tool_cpu before = tool_cpu_now();

		tool_pause_us(IDLE_WINDOW_US);
		if (tool_idle_share(&before) >= IDLE_SHARE)
			return;
	}
}

static int compare(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;

	return (one > other) - (one < other);
}

static double at_us(const double *samples_ns, size_t count, double share)
{
	return samples_ns[(size_t)(share * (double)(count - 1) + 0.5)] / 1000;
}

void tool_show_row(const char *what, double *samples_ns, size_t count)
{
	qsort(samples_ns, count, sizeof(*samples_ns), compare);
	printf("%-46s%9zu%11.1f%11.1f%11.1f%11.1f\n", what, count, at_us(samples_ns, count, 0.5),
	       at_us(samples_ns, count, 0.9), at_us(samples_ns, count, 0.99),
	       at_us(samples_ns, count, 1));
}

void tool_show_goal(double *samples_ns, size_t count)
{
	qsort(samples_ns, count, sizeof(*samples_ns), compare);
	printf("%-46s%9s%11.0f%11s%11.0f%11s  goal: %s\n", "  at the most", "", GOAL_P50_US, "",
	       GOAL_P99_US, "",
	       at_us(samples_ns, count, 0.5) <= GOAL_P50_US &&
			       at_us(samples_ns, count, 0.99) <= GOAL_P99_US
		       ? "met"
		       : "missed");
}
