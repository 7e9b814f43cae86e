/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a slot that becomes free to the client that is connected:
 *
 *   bench_latency handed COUNT FOLDER    budget 1: one is inside, one waits, the one inside leaves
 *   bench_latency show FOLDER            what all runs of the first have added to the folder
 *   bench_latency retransmit COUNT PID   budget COUNT: as many inside as wait, the daemon PID is stopped
 *
 * The last shows what it costs to wait for the client's own next SYN: without a daemon the gate lets
 * waiters in by that.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "tool.h"

/* Between steps, so that everybody sleeps again: what is measured begins on an idle machine. */
#define REST_US	   2000
#define NO_MORE_MS 10000
#define COUNTED_MS 10
/* More than the heartbeat_timeout of the configuration. */
#define DAEMON_IS_LOST_US 200000
#define SAMPLES_MAX	  100000

struct pair {
	int client;
	int server;
};

static int listener;

static void await(int fd, short events)
{
	struct pollfd watched = {.fd = fd, .events = events};
	int ready = poll(&watched, 1, NO_MORE_MS);

	if (ready <= 0)
		tool_die(ready ? errno : ETIMEDOUT, "waiting for a socket");
}

static int accept_one(void)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		tool_die(errno, "accept");
	return fd;
}

/* The client goes first, as PostgreSQL's do: the server hears of it and has yet to close. */
static void client_leaves(struct pair *pair)
{
	char byte;

	close(pair->client);
	await(pair->server, POLLIN);
	if (read(pair->server, &byte, 1) != 0)
		tool_die(0, "a client that left had something to say");
}

static void leave(struct pair *pair)
{
	client_leaves(pair);
	close(pair->server);
}

static void measure_plain(double *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct pair pair;
		uint64_t start_ns = sw_clock_monotonic_ns();

		pair.client = tool_connect();
		samples[i] = (double)(sw_clock_monotonic_ns() - start_ns);
		pair.server = accept_one();
		leave(&pair);
		tool_pause_us(REST_US / 2);
	}
}

/*
 * From the kernel's moment to injection, of the one waiter since `before`; it is counted a moment after the
 * client is connected. -1: the daemon's clock let it in, just before the record told.
 */
static double injected_after(const struct sw_waits *before)
{
	struct sw_waits after;

	for (int i = 0; i < COUNTED_MS; i++) {
		uint64_t handed = 0;

		tool_read_waits(&after);
		for (size_t b = 0; b <= SW_HANDED_BUCKETS; b++)
			handed += after.handed.count[b] - before->handed.count[b];
		if (handed)
			return (double)(after.handed.sum_ns - before->handed.sum_ns);
		tool_pause_us(1000);
	}
	return -1;
}

/* How many of them are known from the kernel's moment on. */
static size_t measure_handed(double *seen, double *injected, size_t count)
{
	struct pair inside = {.client = tool_connect()};
	size_t known = 0;

	inside.server = accept_one();
	for (size_t i = 0; i < count; i++) {
		struct sw_waits before;
		uint64_t start_ns;
		int waiter = tool_connect_start();

		client_leaves(&inside);
		tool_read_waits(&before);
		tool_pause_us(REST_US);
		start_ns = sw_clock_monotonic_ns();
		close(inside.server);
		await(waiter, POLLOUT);
		seen[i] = (double)(sw_clock_monotonic_ns() - start_ns);
		tool_connected(waiter);
		injected[known] = injected_after(&before);
		known += injected[known] >= 0;
		inside = (struct pair){waiter, accept_one()};
	}
	leave(&inside);
	return known;
}

/* Samples of one kind lie in FOLDER/NAME, as they are in memory. */
static FILE *samples_file(const char *folder, const char *name, const char *mode)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, mode);
	if (!file)
		tool_die(errno, "%s", path);
	return file;
}

static void add_samples(const char *folder, const char *name, const double *samples, size_t count)
{
	FILE *file = samples_file(folder, name, "ae");

	if (fwrite(samples, sizeof(*samples), count, file) != count || fclose(file))
		tool_die(errno, "%s/%s", folder, name);
}

static double *read_samples(const char *folder, const char *name, size_t *count)
{
	double *samples = calloc(SAMPLES_MAX, sizeof(*samples));
	FILE *file = samples_file(folder, name, "re");

	if (!samples)
		tool_die(ENOMEM, "samples");
	*count = fread(samples, sizeof(*samples), SAMPLES_MAX, file);
	fclose(file);
	if (!*count)
		tool_die(0, "%s/%s is empty", folder, name);
	return samples;
}

static void take_handed(size_t count, const char *folder)
{
	double *plain = calloc(count, sizeof(*plain)), *seen = calloc(count, sizeof(*seen));
	double *injected = calloc(count, sizeof(*injected)), idle;
	struct tool_cpu before;
	size_t known;

	if (!plain || !seen || !injected)
		tool_die(ENOMEM, "samples");
	tool_await_idle();
	before = tool_cpu_now();
	measure_plain(plain, count);
	known = measure_handed(seen, injected, count);
	idle = tool_idle_share(&before);
	add_samples(folder, "plain", plain, count);
	add_samples(folder, "seen", seen, count);
	add_samples(folder, "injected", injected, known);
	add_samples(folder, "idle", &idle, 1);
	free(plain);
	free(seen);
	free(injected);
}

static void show_row(const char *folder, const char *name, const char *what, bool has_goal)
{
	size_t count;
	double *samples = read_samples(folder, name, &count);

	tool_show_row(what, samples, count);
	if (has_goal)
		tool_show_goal(samples, count);
	free(samples);
}

static void show_handed(const char *folder)
{
	size_t count;
	double *idle = read_samples(folder, "idle", &count), sum = 0;

	show_row(folder, "plain", "connect() without waiting", false);
	show_row(folder, "seen", "server's close() -> waiter's connect() done", true);
	show_row(folder, "injected", "kernel's FREED -> SYN injected", false);
	for (size_t i = 0; i < count; i++)
		sum += idle[i];
	printf("  CPUs were idle for %.0f %% of the time\n", 100 * sum / (double)count);
	free(idle);
}

static void watch(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLOUT | EPOLLONESHOT, .data.fd = fd};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		tool_die(errno, "epoll");
}

/* All slots free at one moment, at which the waiters are anywhere between two of their SYNs. */
static void measure_retransmits(struct pair *inside, double *samples, size_t count, pid_t daemon)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	uint64_t start_ns;

	for (size_t i = 0; i < count; i++) {
		watch(epoll, tool_connect_start());
		tool_pause_us(SW_NS_PER_S / 1000 / count);
	}
	kill(daemon, SIGSTOP);
	tool_pause_us(DAEMON_IS_LOST_US);
	for (size_t i = 0; i < count; i++)
		close(inside[i].server);
	start_ns = sw_clock_monotonic_ns();
	for (size_t i = 0; i < count; i++) {
		struct epoll_event event;
		int ready = epoll_wait(epoll, &event, 1, NO_MORE_MS);

		if (ready != 1)
			tool_die(ready ? errno : ETIMEDOUT, "%zu of %zu waiters got in", i, count);
		samples[i] = (double)(sw_clock_monotonic_ns() - start_ns);
		tool_connected(event.data.fd);
	}
	kill(daemon, SIGCONT);
	close(epoll);
}

static void show_retransmits(size_t count, pid_t daemon)
{
	struct pair *inside = calloc(count, sizeof(*inside));
	double *samples = calloc(count, sizeof(*samples));

	if (!inside || !samples)
		tool_die(ENOMEM, "samples");
	tool_raise_files();
	for (size_t i = 0; i < count; i++)
		inside[i] = (struct pair){tool_connect(), accept_one()};
	for (size_t i = 0; i < count; i++)
		client_leaves(&inside[i]);
	measure_retransmits(inside, samples, count, daemon);
	tool_show_row("slot free -> in by the client's own next SYN", samples, count);
	free(inside);
	free(samples);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "show")) {
		show_handed(argv[2]);
		return 0;
	}
	tool_enter_server();
	listener = tool_listen();
	tool_enter_client();
	if (argc == 4 && !strcmp(argv[1], "handed"))
		take_handed(tool_number(argv[2]), argv[3]);
	else if (argc == 4 && !strcmp(argv[1], "retransmit"))
		show_retransmits(tool_number(argv[2]), (pid_t)tool_number(argv[3]));
	else
		tool_die(0, "usage: bench_latency handed COUNT FOLDER | show FOLDER | "
			    "retransmit COUNT PID");
	return 0;
}
