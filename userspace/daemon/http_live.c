/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See http_live.h.
 */
#include "daemon/http_live.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <event2/bufferevent.h>

#define EVERY_S	     1
#define SILENCE_S    10		  /* nothing of what is under way has been read for so long */
#define BEHIND_BYTES (256 * 1024) /* and twice the page that it began with */
#define KERNEL_BYTES (128 * 1024) /* of the socket, which else would take megabytes */
#define INPUT_BYTES  1024	  /* a reader has nothing to say */

struct reader {
	struct sw_http_live *live;
	struct evhttp_request *req;
	size_t behind_max;
};

struct sw_http_live {
	const struct sw_http_handlers *handlers;
	void *daemon;
	struct event *tick; /* pending while there are readers */
	struct reader *readers[SW_HTTP_LIVE_MAX];
	size_t count;
};

/* Called by evhttp for each connection that ends, whoever ended it. */
static void on_gone(struct evhttp_connection *connection, void *arg)
{
	struct reader *reader = arg;
	struct sw_http_live *live = reader->live;

	(void)connection;
	for (size_t i = 0; i < live->count; i++) {
		if (live->readers[i] == reader) {
			live->readers[i] = live->readers[--live->count];
			break;
		}
	}
	/* Of an answer that was cut short evhttp lets go, and leaves it to whom it was handed. */
	if (!evhttp_request_get_connection(reader->req))
		evhttp_request_free(reader->req);
	free(reader);
}

static struct bufferevent *stream_of(const struct reader *reader)
{
	return evhttp_connection_get_bufferevent(evhttp_request_get_connection(reader->req));
}

/* Does not wait, and cuts off whoever is too far behind; he may be gone after it. */
static void send_news(struct reader *reader, struct evbuffer *news)
{
	struct evbuffer *copy = evbuffer_new();
	size_t length = evbuffer_get_length(news);
	const unsigned char *bytes = evbuffer_pullup(news, -1);

	if (copy && bytes && evbuffer_add(copy, bytes, length) == 0)
		evhttp_send_reply_chunk(reader->req, copy);
	if (copy)
		evbuffer_free(copy);
	if (evbuffer_get_length(bufferevent_get_output(stream_of(reader))) > reader->behind_max)
		evhttp_connection_free(evhttp_request_get_connection(reader->req));
}

static void schedule(struct sw_http_live *live)
{
	const struct timeval second = {EVERY_S, 0};

	if (!event_pending(live->tick, EV_TIMEOUT, NULL))
		event_add(live->tick, &second);
}

/* From the last one down: whoever is cut off has his place taken by one who has had his turn. */
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct sw_http_live *live = arg;
	struct evbuffer *news;

	(void)fd, (void)what;
	if (!live->count)
		return;
	schedule(live);
	news = evbuffer_new();
	if (!news)
		return;
	live->handlers->news(live->daemon, false, news);
	for (size_t i = live->count; i-- > 0;)
		send_news(live->readers[i], news);
	evbuffer_free(news);
}

/* evhttp's own time-out is for who asks slowly: a reader is silent for as long as he reads. */
static void limit(const struct reader *reader)
{
	const struct timeval silence = {SILENCE_S, 0};
	struct bufferevent *stream = stream_of(reader);
	int bytes = KERNEL_BYTES;

	setsockopt(bufferevent_getfd(stream), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	bufferevent_set_timeouts(stream, NULL, &silence);
	bufferevent_setwatermark(stream, EV_READ, 0, INPUT_BYTES);
}

static void begin(struct reader *reader, struct evbuffer *news)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(reader->req);

	evhttp_add_header(headers, "Content-Type", "text/event-stream");
	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_add_header(headers, "X-Accel-Buffering", "no"); /* a proxy must not collect it */
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	evhttp_send_reply_start(reader->req, HTTP_OK, "OK");
	limit(reader);
	reader->behind_max = BEHIND_BYTES + 2 * evbuffer_get_length(news);
	evhttp_connection_set_closecb(evhttp_request_get_connection(reader->req), on_gone, reader);
	reader->live->readers[reader->live->count++] = reader;
	schedule(reader->live);
	send_news(reader, news);
}

bool sw_http_live_add(struct sw_http_live *live, struct evhttp_request *req)
{
	struct reader *reader = live->count < SW_HTTP_LIVE_MAX ? calloc(1, sizeof(*reader)) : NULL;
	struct evbuffer *news = reader ? evbuffer_new() : NULL;

	if (!news) {
		free(reader);
		return false;
	}
	reader->live = live;
	reader->req = req;
	evbuffer_add_printf(news, "retry: 2000\n\n");
	live->handlers->news(live->daemon, true, news);
	begin(reader, news);
	evbuffer_free(news);
	return true;
}

struct sw_http_live *sw_http_live_open(struct event_base *base,
				       const struct sw_http_handlers *handlers, void *daemon)
{
	struct sw_http_live *live = calloc(1, sizeof(*live));

	if (!live)
		return NULL;
	live->handlers = handlers;
	live->daemon = daemon;
	live->tick = evtimer_new(base, on_tick, live);
	if (!live->tick) {
		free(live);
		return NULL;
	}
	return live;
}

void sw_http_live_close(struct sw_http_live *live)
{
	if (!live)
		return;
	event_free(live->tick);
	free(live);
}
