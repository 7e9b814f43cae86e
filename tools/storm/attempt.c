/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Launches, serves and closes clients. See attempt.h.
 */
#include "attempt.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arrivals.h"
#include "core/clock.h"
#include "session.h"

static void enqueue(struct sw_queue *queue, struct sw_client *client, uint64_t deadline_ns)
{
	client->deadline_ns = deadline_ns;
	client->queue = queue;
	client->next = NULL;
	client->previous = queue->last;
	if (queue->last)
		queue->last->next = client;
	else
		queue->first = client;
	queue->last = client;
}

static void dequeue(struct sw_client *client)
{
	struct sw_queue *queue = client->queue;

	if (client->previous)
		client->previous->next = client->next;
	else
		queue->first = client->next;
	if (client->next)
		client->next->previous = client->previous;
	else
		queue->last = client->previous;
}

/* Its connection is over, well or not: with --reconnect the next one is due. */
static void come_again(struct sw_storm *storm, const struct sw_record *record)
{
	uint64_t next = (uint64_t)(record - storm->records) + storm->options->clients;

	if (next < storm->connections)
		sw_arrivals_return(storm, (uint32_t)next,
				   record->done_ns + storm->options->think_ns);
}

static void release(struct sw_storm *storm, struct sw_client *client)
{
	struct sw_tally *tally = &storm->tally;
	struct sw_record *record = client->record;

	/* As a driver does it; should it not fit, the close says the same. */
	if (record->login_ns && !client->send_error)
		send(client->fd, storm->messages.terminate.data, storm->messages.terminate.length,
		     MSG_NOSIGNAL);
	record->done_ns = sw_clock_monotonic_ns();
	if (client->fd >= 0)
		close(client->fd);
	if (tally->in_flight-- == storm->options->max_in_flight)
		storm->room_since_ns = record->done_ns;
	tally->connected -= record->connected_ns != 0;
	tally->logged_in -= record->login_ns != 0;
	dequeue(client);
	come_again(storm, record);
	free(client->owned);
	free(client->scram);
	free(client);
}

static void succeed(struct sw_storm *storm, struct sw_client *client)
{
	client->ended = true;
	client->record->outcome = SW_OUTCOME_SUCCEEDED;
	storm->tally.succeeded++;
	release(storm, client);
}

static void requeue(struct sw_queue *queue, struct sw_client *client, uint64_t deadline_ns)
{
	dequeue(client);
	enqueue(queue, client, deadline_ns);
}

/* After anything happened to the client: closes it, or lets it hold or think, if it came so far. */
static void settle(struct sw_storm *storm, struct sw_client *client)
{
	const struct sw_options *options = storm->options;
	uint64_t answered_ns = client->record->answered_ns;

	if (client->ended) {
		release(storm, client);
	} else if (client->state == SW_CLIENT_SERVED && !options->hold_ns) {
		succeed(storm, client);
	} else if (client->state == SW_CLIENT_SERVED && client->queue != &storm->holding) {
		requeue(&storm->holding, client, answered_ns + options->hold_ns);
	} else if (client->state == SW_CLIENT_THINKING && client->queue != &storm->thinking) {
		requeue(&storm->thinking, client, answered_ns + options->think_ns);
	} else if (client->renewed) {
		client->renewed = false;
		requeue(&storm->waiting, client, sw_clock_monotonic_ns() + options->timeout_ns);
	}
}

static int bind_source(const struct sw_storm *storm, int fd, uint32_t n)
{
	const struct sw_sources *sources = &storm->options->sources;
	struct sockaddr_storage name;
	struct sw_addr addr;
	socklen_t length;
	int on = 1;

	if (!sources->count)
		return 0;
	addr = sw_sources_at(sources, storm->source_of[n % storm->options->clients]);
	length = sw_sources_sockaddr(&addr, 0, &name);
	/* The port is then chosen by connect(), which knows the other end: no 28,000 in all. */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	return bind(fd, (struct sockaddr *)&name, length) ? errno : 0;
}

static void open_socket(struct sw_storm *storm, struct sw_client *client, uint32_t n)
{
	const struct sw_endpoint *target = &storm->options->target;
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = client,
	};
	struct sockaddr_storage name;
	socklen_t length = sw_sources_sockaddr(&target->addr, target->port, &name);
	int error;

	client->fd = socket(name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	error = client->fd < 0 ? errno : bind_source(storm, client->fd, n);
	client->record->start_ns = sw_clock_monotonic_ns();
	if (error) {
		sw_client_fail_errno(storm, client, client->fd < 0 ? "socket" : "bind", error);
		return;
	}
	if (connect(client->fd, (struct sockaddr *)&name, length) && errno != EINPROGRESS) {
		sw_client_fail_errno(storm, client, "connect", errno);
		return;
	}
	if (epoll_ctl(storm->epoll_fd, EPOLL_CTL_ADD, client->fd, &event))
		sw_client_fail_errno(storm, client, "epoll_ctl", errno);
}

/* No memory even for the client. */
static void fail_at_once(struct sw_storm *storm, struct sw_record *record)
{
	struct sw_client nobody = {.record = record};

	record->start_ns = record->from_ns = record->done_ns = sw_clock_monotonic_ns();
	sw_client_fail_errno(storm, &nobody, "calloc", ENOMEM);
	come_again(storm, record);
}

void sw_attempt_launch(struct sw_storm *storm, uint32_t n)
{
	struct sw_record *record = &storm->records[n];
	struct sw_tally *tally = &storm->tally;
	struct sw_client *client = calloc(1, sizeof(*client));

	tally->launched++;
	record->ready_ns = record->due_ns;
	if (storm->options->max_in_flight && record->due_ns < storm->room_since_ns) {
		record->ready_ns = storm->room_since_ns;
		tally->deferred++;
	}
	if (!client) {
		fail_at_once(storm, record);
		return;
	}
	if (++tally->in_flight > tally->peak_in_flight)
		tally->peak_in_flight = tally->in_flight;
	client->record = record;
	record->outcome = SW_OUTCOME_UNFINISHED;
	open_socket(storm, client, n);
	record->from_ns = storm->options->connect_rate.count ? record->due_ns : record->start_ns;
	enqueue(&storm->waiting, client, record->start_ns + storm->options->timeout_ns);
	settle(storm, client);
}

static void receive(struct sw_storm *storm, struct sw_client *client)
{
	while (!client->ended) {
		ssize_t got = recv(client->fd, storm->received, sizeof(storm->received), 0);

		if (got > 0) {
			client->heard = true;
			sw_session_receive(storm, client, storm->received, (size_t)got);
		} else if (got == 0) {
			sw_session_end(storm, client);
		} else if (errno == EAGAIN) {
			return;
		} else if (errno != EINTR) {
			sw_client_fail_errno(storm, client, "recv", errno);
		}
	}
}

/* The handshake is over, one way or the other. */
static void connected(struct sw_storm *storm, struct sw_client *client, uint32_t events)
{
	struct sw_tally *tally = &storm->tally;
	socklen_t length = sizeof(int);
	int error = 0;

	if (events & (EPOLLERR | EPOLLHUP))
		getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &length);
	if (error) {
		sw_client_fail_errno(storm, client, "connect", error);
		return;
	}
	client->record->connected_ns = sw_clock_monotonic_ns();
	if (++tally->connected > tally->peak_connected)
		tally->peak_connected = tally->connected;
	sw_session_begin(storm, client);
}

void sw_attempt_ready(struct sw_storm *storm, struct sw_client *client, uint32_t events)
{
	if (client->state == SW_CLIENT_CONNECTING) {
		if (!(events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
			return;
		connected(storm, client, events);
	} else if (events & EPOLLOUT) {
		sw_client_flush(client);
	}
	if (!client->ended && (events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)))
		receive(storm, client);
	settle(storm, client);
}

void sw_attempt_expire(struct sw_storm *storm, uint64_t now_ns)
{
	struct sw_client *client;

	while ((client = storm->holding.first) && client->deadline_ns <= now_ns)
		succeed(storm, client);
	while ((client = storm->waiting.first) && client->deadline_ns <= now_ns) {
		bool connecting = client->state == SW_CLIENT_CONNECTING;

		sw_client_fail(storm, client, connecting ? "connect_timeout" : "timeout",
			       "gave up while waiting for %s", sw_client_waits_for(client));
		release(storm, client);
	}
	while ((client = storm->thinking.first) && client->deadline_ns <= now_ns) {
		sw_session_ask(storm, client, client->deadline_ns);
		settle(storm, client);
	}
}

uint64_t sw_attempt_next_deadline(const struct sw_storm *storm)
{
	const struct sw_queue *queues[] = {&storm->waiting, &storm->thinking, &storm->holding};
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
		if (queues[i]->first && queues[i]->first->deadline_ns < next)
			next = queues[i]->first->deadline_ns;
	}
	return next;
}

void sw_attempt_abandon(struct sw_storm *storm)
{
	struct sw_queue *queues[] = {&storm->waiting, &storm->thinking, &storm->holding};

	for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
		while (queues[i]->first)
			release(storm, queues[i]->first);
	}
}
