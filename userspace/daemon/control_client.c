/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One client of the control socket after another: framing into lines, time-outs, backpressure, hang-ups.
 * control.c adds them as they are accepted; what a line means is control_request.c's.
 */
#include "daemon/control_client.h"

#include <stdlib.h>
#include <string.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "core/cleanup.h"

/* Replies a client has not read yet; beyond that its next requests wait. */
#define UNREAD_REPLIES_MAX (256 * 1024)

#define HALF_LINE_LIMIT_S 10

/* For a client to take anything at all of a reply. */
static const struct timeval write_limit = {.tv_sec = 10};

struct sw_control_client {
	TAILQ_ENTRY(sw_control_client) link;
	struct sw_control_clients *all;
	struct bufferevent *stream;
	struct event *half_line; /* pending while the input holds an unfinished line */
	uid_t uid;
	bool ended;   /* sends no more; its last requests may still wait behind unread replies */
	bool closing; /* takes no more requests; freed once its replies are written */
};

static void free_client(struct sw_control_client *client)
{
	TAILQ_REMOVE(&client->all->list, client, link);
	client->all->count--;
	if (client->half_line)
		event_free(client->half_line);
	if (client->stream)
		bufferevent_free(client->stream);
	free(client);
}

static size_t unread_replies(const struct sw_control_client *client)
{
	return evbuffer_get_length(bufferevent_get_output(client->stream));
}

static void free_reply(const void *data, size_t length, void *arg)
{
	(void)length;
	(void)arg;
	free((void *)data);
}

/* Steals reply. False when there is no memory for it. */
static bool send_reply(struct sw_control_client *client, char *reply)
{
	struct evbuffer *out = bufferevent_get_output(client->stream);

	if (reply && evbuffer_add_reference(out, reply, strlen(reply), free_reply, NULL) == 0)
		return true;
	free(reply);
	return false;
}

/* No more requests; the replies written so far still go out. The client may be gone afterwards. */
static void close_after_replies(struct sw_control_client *client)
{
	if (unread_replies(client) == 0) {
		free_client(client);
		return;
	}
	client->closing = true;
	event_del(client->half_line);
	bufferevent_disable(client->stream, EV_READ);
}

static void refuse_and_close(struct sw_control_client *client, const char *message)
{
	send_reply(client, sw_control_refusal(2, message));
	close_after_replies(client);
}

/* Answers the complete lines of the input. False when the client is gone or closing. */
static bool answer_lines(struct sw_control_client *client)
{
	struct evbuffer *in = bufferevent_get_input(client->stream);

	while (unread_replies(client) < UNREAD_REPLIES_MAX) {
		SW_FREE char *line = NULL;
		size_t length;

		line = evbuffer_readln(in, &length, EVBUFFER_EOL_LF);
		/* The read watermark lets no longer line become complete. */
		if (!line && evbuffer_get_length(in) > SW_CONTROL_LINE_MAX) {
			refuse_and_close(client, "the request is over 65,536 bytes long");
			return false;
		}
		if (!line)
			return true;
		event_del(client->half_line);
		if (!send_reply(client,
				sw_control_answer(client->all->table, client->uid, line, length))) {
			free_client(client);
			return false;
		}
	}
	return true;
}

/* Reads on, or waits for the client to take its replies first. */
static void serve(struct sw_control_client *client)
{
	struct evbuffer *in = bufferevent_get_input(client->stream);

	if (!answer_lines(client))
		return;
	if (unread_replies(client) >= UNREAD_REPLIES_MAX) {
		event_del(client->half_line);
		bufferevent_disable(client->stream, EV_READ);
		return;
	}
	if (client->ended && evbuffer_get_length(in) > 0) {
		refuse_and_close(client, "the request does not end in a newline");
		return;
	}
	if (client->ended) {
		close_after_replies(client);
		return;
	}
	bufferevent_enable(client->stream, EV_READ);
	if (evbuffer_get_length(in) > 0 && !event_pending(client->half_line, EV_TIMEOUT, NULL))
		event_add(client->half_line, &client->all->half_line_limit);
}

static void on_readable(struct bufferevent *stream, void *arg)
{
	(void)stream;
	serve(arg);
}

static void on_written(struct bufferevent *stream, void *arg)
{
	struct sw_control_client *client = arg;

	(void)stream;
	if (client->closing)
		free_client(client);
	else
		serve(client);
}

static void on_half_line(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	refuse_and_close(arg, "the request did not end within 10 s; it has to be one line");
}

/* A client that only shut down its sending side still gets its answers; any other event is a hang-up. */
static void on_event(struct bufferevent *stream, short what, void *arg)
{
	struct sw_control_client *client = arg;

	(void)stream;
	if (!(what & BEV_EVENT_EOF) || client->closing) {
		free_client(client);
		return;
	}
	client->ended = true;
	serve(client);
}

void sw_control_client_add(struct sw_control_clients *all, int fd, uid_t uid)
{
	struct sw_control_client *client = calloc(1, sizeof(*client));

	if (!client) {
		close(fd);
		return;
	}
	client->all = all;
	client->uid = uid;
	TAILQ_INSERT_TAIL(&all->list, client, link);
	all->count++;
	client->half_line = evtimer_new(all->base, on_half_line, client);
	client->stream = bufferevent_socket_new(all->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!client->stream)
		close(fd);
	if (!client->stream || !client->half_line) {
		free_client(client);
		return;
	}
	bufferevent_setcb(client->stream, on_readable, on_written, on_event, client);
	/* Enough to tell a line that is too long from one that is not, and no more. */
	bufferevent_setwatermark(client->stream, EV_READ, 0, SW_CONTROL_LINE_MAX + 1);
	bufferevent_set_timeouts(client->stream, NULL, &write_limit);
	bufferevent_enable(client->stream, EV_READ | EV_WRITE);
}

void sw_control_clients_init(struct sw_control_clients *all, struct event_base *base,
			     const struct sw_control_table *table)
{
	all->base = base;
	all->table = table;
	all->count = 0;
	all->half_line_limit = (struct timeval){.tv_sec = HALF_LINE_LIMIT_S};
	TAILQ_INIT(&all->list);
}

/* The answer to the request by which the daemon ends; the loop that would have written it is over. */
static void write_what_fits(struct sw_control_client *client)
{
	struct evbuffer *out = bufferevent_get_output(client->stream);

	evbuffer_unfreeze(out, 1); /* bufferevents keep others from taking from it */
	evbuffer_write(out, bufferevent_getfd(client->stream));
}

void sw_control_clients_close(struct sw_control_clients *all)
{
	struct sw_control_client *client;

	while ((client = TAILQ_FIRST(&all->list))) {
		write_what_fits(client);
		free_client(client);
	}
}
