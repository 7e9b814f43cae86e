/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A server that knows exactly how many it has inside: bench_counter PORT. It says to everybody what PostgreSQL says after
 * a login without a password, answers each query with nothing, and on SIGTERM prints as JSON how many it accepted and
 * the most it had at a time. Who limits connections before it is judged by that: tests/bench/scenarios/exactness.bash.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

#include "tool.h"

#define EVENTS	 256
#define MAX_OPEN 65536
#define BACKLOG	 65535

/* AuthenticationOk, what poolers ask of a server, BackendKeyData, ReadyForQuery. */
static const uint8_t welcome[] = "R\0\0\0\x08\0\0\0\0"
				 "S\0\0\0\x18"
				 "server_version\0"
				 "15.0\0"
				 "S\0\0\0\x19"
				 "client_encoding\0UTF8\0"
				 "S\0\0\0\x17"
				 "DateStyle\0ISO, MDY\0"
				 "S\0\0\0\x11"
				 "TimeZone\0UTC\0"
				 "S\0\0\0\x23"
				 "standard_conforming_strings\0on\0"
				 "K\0\0\0\x0c\0\0\0\1\0\0\0\2"
				 "Z\0\0\0\x05I";
/* CommandComplete, ReadyForQuery. */
static const uint8_t answer[] = "C\0\0\0\x0dSELECT 0\0Z\0\0\0\x05I";

static bool greeted[MAX_OPEN];
static uint64_t accepted;
static unsigned int inside, peak;

static void watch(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (fd >= MAX_OPEN || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		tool_die(fd >= MAX_OPEN ? EMFILE : errno, "watching a socket");
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, BACKLOG))
		tool_die(errno, "listening on port %u", port);
	return fd;
}

/* Delivered where it waits, so that nothing is counted half. */
static int watch_for_the_end(void)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (fd < 0)
		tool_die(errno, "signalfd");
	return fd;
}

static void accept_all(int epoll, int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		watch(epoll, fd);
		greeted[fd] = false;
		accepted++;
		if (++inside > peak)
			peak = inside;
	}
	if (errno != EAGAIN && errno != ECONNABORTED)
		tool_die(errno, "accept");
}

static void leave(int fd)
{
	/* First: who is let in for it may be there before close() returns. */
	inside--;
	close(fd);
}

static void serve(int fd)
{
	uint8_t data[4096];
	ssize_t length = read(fd, data, sizeof(data));

	if (length < 0 && errno == EAGAIN)
		return;
	if (length <= 0 || (greeted[fd] && data[0] == 'X')) {
		leave(fd);
		return;
	}
	length = greeted[fd] ? send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL)
			     : send(fd, welcome, sizeof(welcome) - 1, MSG_NOSIGNAL);
	greeted[fd] = true;
	if (length < 0)
		leave(fd);
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	int epoll = epoll_create1(EPOLL_CLOEXEC), end, listener;

	if (argc != 2)
		tool_die(0, "usage: bench_counter PORT");
	tool_raise_files();
	end = watch_for_the_end();
	listener = listen_on((uint16_t)tool_number(argv[1]));
	watch(epoll, end);
	watch(epoll, listener);
	for (;;) {
		int ready = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < ready; i++) {
			if (events[i].data.fd == end) {
				printf("{\"accepted\": %llu, \"peak\": %u}\n",
				       (unsigned long long)accepted, peak);
				return 0;
			}
			/* Those who left make room before newcomers are counted. */
			if (events[i].data.fd != listener)
				serve(events[i].data.fd);
		}
		accept_all(epoll, listener);
	}
}
