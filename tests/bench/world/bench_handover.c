/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From one client that leaves to the first answer of the one that waited for its place:
 *
 *   bench_handover ADDRESS PORT SOURCE COUNT REST_MS
 *
 * One is inside, another one has come and waits REST_MS already; the first leaves. Whoever stands between, what counts is
 * when the other one has logged in and has its query's answer. Prints JSON with microseconds. It needs room for one only;
 * the server is bench_counter. tests/bench/scenarios/handover.bash runs it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "tool.h"

#define PATIENCE_MS 20000

/* Protocol 3.0, user and database app. */
static const uint8_t startup[] = "\0\0\0\x1f\0\3\0\0user\0app\0database\0app\0";
static const uint8_t query[] = "Q\0\0\0\x0dSELECT 1";
static const uint8_t terminate[] = "X\0\0\0\x04"; /* and the literal's own end, which is not sent */

/* Who stands between lets a client wait in one of these; each goes as far as it is let. */
enum state { CONNECTING, LOGGING_IN, ASKING, ANSWERED };

struct client {
	int fd;
	enum state state;
};

static struct sockaddr_in server, source;

static struct client come(void)
{
	struct client client = {.state = CONNECTING};
	int one = 1;

	client.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client.fd < 0 || setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) ||
	    bind(client.fd, (struct sockaddr *)&source, sizeof(source)) ||
	    (connect(client.fd, (struct sockaddr *)&server, sizeof(server)) &&
	     errno != EINPROGRESS))
		tool_die(errno, "connecting");
	return client;
}

static void say(struct client *client, const uint8_t *bytes, size_t length, enum state next)
{
	if (send(client->fd, bytes, length, MSG_NOSIGNAL) != (ssize_t)length)
		tool_die(errno, "sending");
	client->state = next;
}

/* ReadyForQuery, five bytes after its type, ends whatever a server has to say. */
static bool hear_ready(struct client *client)
{
	uint8_t data[4096];
	ssize_t length = read(client->fd, data, sizeof(data));

	if (length <= 0)
		tool_die(length ? errno : ECONNRESET, "reading");
	return length >= 6 && data[length - 6] == 'Z';
}

/* One step, if it comes within that time. */
static bool step(struct client *client, int timeout_ms)
{
	struct pollfd watched = {
		.fd = client->fd,
		.events = client->state == CONNECTING ? POLLOUT : POLLIN,
	};
	int found = poll(&watched, 1, timeout_ms);

	if (found < 0)
		tool_die(errno, "waiting");
	if (!found)
		return false;
	if (client->state == CONNECTING)
		say(client, startup, sizeof(startup), LOGGING_IN);
	else if (!hear_ready(client))
		return true;
	else if (client->state == LOGGING_IN)
		say(client, query, sizeof(query), ASKING);
	else
		client->state = ANSWERED;
	return true;
}

static void be_served(struct client *client)
{
	while (client->state != ANSWERED) {
		if (!step(client, PATIENCE_MS))
			tool_die(ETIMEDOUT, "a client who should be let in");
	}
}

static void wait_in_vain(struct client *client, int rest_ms)
{
	while (step(client, rest_ms)) {
		if (client->state == ANSWERED)
			tool_die(0, "a client was served although the place is taken");
	}
}

static int by_size(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return (a > b) - (a < b);
}

static double nearest_rank(const double *samples, size_t count, unsigned int percent)
{
	size_t rank = (count * percent + 99) / 100;

	return samples[rank ? rank - 1 : 0];
}

static void measure(double *samples, size_t count, int rest_ms)
{
	struct client inside = come();

	be_served(&inside);
	for (size_t i = 0; i < count; i++) {
		struct client next = come();
		uint64_t left_ns;

		wait_in_vain(&next, rest_ms);
		left_ns = sw_clock_monotonic_ns();
		say(&inside, terminate, sizeof(terminate) - 1, ANSWERED);
		close(inside.fd);
		be_served(&next);
		samples[i] = (double)(sw_clock_monotonic_ns() - left_ns) / 1000;
		inside = next;
	}
	close(inside.fd);
}

int main(int argc, char **argv)
{
	double *samples;
	size_t count;

	if (argc != 6 || inet_pton(AF_INET, argv[1], &server.sin_addr) != 1 ||
	    inet_pton(AF_INET, argv[3], &source.sin_addr) != 1)
		tool_die(0, "usage: bench_handover ADDRESS PORT SOURCE COUNT REST_MS");
	server.sin_family = source.sin_family = AF_INET;
	server.sin_port = htons((uint16_t)tool_number(argv[2]));
	count = tool_number(argv[4]);
	samples = calloc(count, sizeof(*samples));
	if (!samples || !count)
		tool_die(samples ? EINVAL : ENOMEM, "%zu samples", count);
	measure(samples, count, (int)tool_number(argv[5]));
	qsort(samples, count, sizeof(*samples), by_size);
	printf("{\"count\": %zu, \"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f}\n",
	       count, nearest_rank(samples, count, 50), nearest_rank(samples, count, 90),
	       nearest_rank(samples, count, 99), samples[count - 1]);
	return 0;
}
