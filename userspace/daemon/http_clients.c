/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See http_clients.h. evhttp tells of a connection that comes, though not of which, and not of one that goes. So once a
 * second, while there are any, the process's own descriptors are looked through: each has a socket's inode, which tells
 * it from an older one of the same number. A connection is ended by shutdown(), of which evhttp makes what it makes of
 * a client that hangs up.
 */
#include "daemon/http_clients.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <event2/bufferevent.h>

#include "core/clock.h"

/* Descriptors are given out from the lowest on: this is more than SW_HTTP_CLIENTS_MAX and all others of the daemon. */
#define DESCRIPTORS 1024

static const struct timeval every = {.tv_sec = 1};

struct client {
	ino_t inode; /* 0: none */
	uint64_t since_ns;
	bool is_answered; /* now: it has its time from when that is over */
	bool is_ended;	  /* evhttp has yet to hear of it */
};

struct sw_http_clients {
	struct event *look;
	struct sockaddr_storage local;
	size_t count; /* at the last look, and those that came since */
	struct client of[DESCRIPTORS];
};

/* The listener may be bound to any address: its port is what they have in common. Both families have it in one place. */
static bool is_connection(const struct sw_http_clients *clients, int fd)
{
	struct sockaddr_storage here = {.ss_family = AF_UNSPEC}, there;
	socklen_t length = sizeof(here), there_length = sizeof(there);
	const struct sockaddr_in *at = (const struct sockaddr_in *)&here;
	const struct sockaddr_in *listener = (const struct sockaddr_in *)&clients->local;

	return !getsockname(fd, (struct sockaddr *)&here, &length) &&
	       (here.ss_family == AF_INET || here.ss_family == AF_INET6) &&
	       at->sin_port == listener->sin_port &&
	       !getpeername(fd, (struct sockaddr *)&there, &there_length);
}

/* The descriptor's entry if it is such a connection, begun anew where it is another than at the last look. */
static struct client *find(struct sw_http_clients *clients, int fd, uint64_t now_ns)
{
	struct client *client = &clients->of[fd];
	struct stat found;

	if (!is_connection(clients, fd) || fstat(fd, &found)) {
		client->inode = 0;
		return NULL;
	}
	if (client->inode != found.st_ino)
		*client = (struct client){.inode = found.st_ino, .since_ns = now_ns};
	return client;
}

static void end(struct sw_http_clients *clients, int fd)
{
	shutdown(fd, SHUT_RDWR);
	clients->of[fd].is_ended = true;
}

/* Ends those that have had their time, and says how many others there are. */
static size_t look(struct sw_http_clients *clients, int *oldest)
{
	const uint64_t now_ns = sw_clock_monotonic_ns(), most_ns = SW_HTTP_REQUEST_S * SW_NS_PER_S;
	size_t count = 0;

	*oldest = -1;
	for (int fd = 0; fd < DESCRIPTORS; fd++) {
		const struct client *client = find(clients, fd, now_ns);

		if (!client || client->is_ended)
			continue;
		count++;
		if (!client->is_answered && now_ns - client->since_ns > most_ns)
			end(clients, fd);
		else if (*oldest < 0 || client->since_ns < clients->of[*oldest].since_ns)
			*oldest = fd;
	}
	return count;
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct sw_http_clients *clients = arg;
	int oldest;

	(void)fd, (void)what;
	clients->count = look(clients, &oldest);
	if (clients->count)
		event_add(clients->look, &every);
}

/* Called by evhttp for each connection that it has accepted. */
static struct bufferevent *on_accepted(struct event_base *base, void *arg)
{
	struct sw_http_clients *clients = arg;
	int oldest;

	if (!event_pending(clients->look, EV_TIMEOUT, NULL))
		event_add(clients->look, &every);
	if (++clients->count > SW_HTTP_CLIENTS_MAX) {
		clients->count = look(clients, &oldest);
		if (clients->count > SW_HTTP_CLIENTS_MAX && oldest >= 0)
			end(clients, oldest);
	}
	return bufferevent_socket_new(base, -1, 0);
}

static struct client *client_of(struct sw_http_clients *clients, struct evhttp_request *req)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(req);
	int fd = connection ? bufferevent_getfd(evhttp_connection_get_bufferevent(connection)) : -1;

	return fd >= 0 && fd < DESCRIPTORS ? find(clients, fd, sw_clock_monotonic_ns()) : NULL;
}

static void on_answered(struct evhttp_request *req, void *arg)
{
	struct client *client = client_of(arg, req);

	if (client) {
		client->since_ns = sw_clock_monotonic_ns();
		client->is_answered = false;
	}
}

void sw_http_clients_heard(struct sw_http_clients *clients, struct evhttp_request *req)
{
	struct client *client = client_of(clients, req);

	if (!client)
		return;
	client->since_ns = sw_clock_monotonic_ns();
	client->is_answered = true;
	evhttp_request_set_on_complete_cb(req, on_answered, clients);
}

struct sw_http_clients *sw_http_clients_open(struct event_base *base, struct evhttp *server, int fd)
{
	struct sw_http_clients *clients = calloc(1, sizeof(*clients));
	socklen_t length = sizeof(clients->local);

	if (!clients)
		return NULL;
	clients->look = evtimer_new(base, on_look, clients);
	if (!clients->look || getsockname(fd, (struct sockaddr *)&clients->local, &length)) {
		sw_http_clients_close(clients);
		return NULL;
	}
	evhttp_set_bevcb(server, on_accepted, clients);
	return clients;
}

void sw_http_clients_close(struct sw_http_clients *clients)
{
	if (clients && clients->look)
		event_free(clients->look);
	free(clients);
}
