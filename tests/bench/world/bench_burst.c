/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How fast a whole queue is let in, through the daemon: bench_burst COUNT COMMAND... Clients come and wait,
 * COMMAND makes room for all of them; what counts is when each of them is connected.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "tool.h"

#define GOAL_PER_S  5000.0
#define PATIENCE_MS 10000
#define EVENTS	    256

extern char **environ;

static void watch(int epoll, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		tool_die(errno, "epoll");
}

static pid_t make_room(char **command)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int failed;

	/* What it prints would stand in the table. */
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	failed = posix_spawn(&pid, command[0], &actions, NULL, command, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (failed)
		tool_die(failed, "%s", command[0]);
	return pid;
}

/* When the first and the last client were connected. */
static void await_all(int epoll, int listener, uint32_t count, uint64_t at_ns[2])
{
	struct epoll_event events[EVENTS];
	uint32_t done = 0;

	while (done < count) {
		int ready = epoll_wait(epoll, events, EVENTS, PATIENCE_MS);

		if (ready <= 0)
			tool_die(ready ? errno : ETIMEDOUT, "%u of %u clients got in", done, count);
		at_ns[done > 0] = sw_clock_monotonic_ns();
		for (int i = 0; i < ready; i++) {
			if (events[i].data.fd == listener) {
				accept4(listener, NULL, NULL, SOCK_CLOEXEC);
				continue;
			}
			tool_connected(events[i].data.fd);
			done++;
		}
	}
	at_ns[1] = sw_clock_monotonic_ns();
}

int main(int argc, char **argv)
{
	uint64_t start_ns, at_ns[2] = {0};
	int listener, epoll = epoll_create1(EPOLL_CLOEXEC), status;
	uint32_t count;
	double per_s;
	pid_t pid;

	if (argc < 3)
		tool_die(0, "usage: bench_burst COUNT COMMAND...");
	count = tool_number(argv[1]);
	tool_raise_files();
	tool_enter_server();
	listener = tool_listen();
	watch(epoll, listener, EPOLLIN);
	tool_enter_client();
	for (uint32_t i = 0; i < count; i++)
		watch(epoll, tool_connect_start(), EPOLLOUT | EPOLLONESHOT);
	tool_await_waiting(count);
	start_ns = sw_clock_monotonic_ns();
	pid = make_room(argv + 2);
	await_all(epoll, listener, count, at_ns);
	if (waitpid(pid, &status, 0) != pid || status)
		tool_die(0, "%s failed", argv[2]);
	per_s = count / ((double)(at_ns[1] - start_ns) / SW_NS_PER_S);
	printf("%-46s%9u%12.0f%12.0f  goal: %s\n", "through the daemon, clients connected", count,
	       GOAL_PER_S, per_s, per_s >= GOAL_PER_S ? "met" : "missed");
	return 0;
}
