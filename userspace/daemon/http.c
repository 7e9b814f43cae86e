/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Serves /metrics, /healthz and the status page with evhttp; its stream is http_live.c's. Opened and closed by the daemon's main.
 */
#include "daemon/http.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <event2/http.h>

#include "core/cleanup.h"
#include "daemon/http_clients.h"
#include "daemon/http_listen.h"
#include "daemon/http_live.h"
#include "daemon/http_policy.h"

#define HEADERS_MAX 8192 /* bytes */
#define BODY_MAX    0
#define TIMEOUT_S   10
#define WHY_MAX	    256

struct sw_http {
	struct event_base *base;
	struct evhttp *server;
	struct sw_http_clients *clients;
	struct evbuffer *metrics; /* as of the turn of the loop that began at */
	struct timeval metrics_turn;
	struct sw_http_live *live;
	const struct sw_http_handlers *handlers;
	void *daemon;
};

/* Everything evhttp can parse, so that it is ours to answer 405 and not its to answer 501. */
static const ev_uint16_t all_methods = EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
				       EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS |
				       EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH;

/* Steals body. */
static void reply(struct evhttp_request *req, int code, const char *reason, const char *type,
		  struct evbuffer *body)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
	char length[32];

	evhttp_add_header(headers, "Content-Type", type);
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	if (evhttp_request_get_command(req) == EVHTTP_REQ_HEAD) {
		/* What a GET would have carried; evhttp itself would send the body along. */
		snprintf(length, sizeof(length), "%zu", evbuffer_get_length(body));
		evhttp_add_header(headers, "Content-Length", length);
		evbuffer_drain(body, evbuffer_get_length(body));
	}
	evhttp_send_reply(req, code, reason, body);
	evbuffer_free(body);
}

static void reply_text(struct evhttp_request *req, int code, const char *reason, const char *text)
{
	struct evbuffer *body = evbuffer_new();

	if (!body) {
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
		return;
	}
	evbuffer_add_printf(body, "%s\n", text);
	reply(req, code, reason, "text/plain; charset=utf-8", body);
}

/*
 * Who asks at once gets one page: of 200 requests that were there when the loop woke up 199 would keep waiters waiting for
 * what has not changed. All that is read in one turn was sent before it began, and by that its time is known.
 */
static bool take_metrics(struct sw_http *http)
{
	struct timeval turn = {0};

	event_base_gettimeofday_cached(http->base, &turn);
	if (http->metrics && !timercmp(&turn, &http->metrics_turn, !=))
		return true;
	if (http->metrics)
		evbuffer_free(http->metrics);
	http->metrics = evbuffer_new();
	if (!http->metrics)
		return false;
	http->handlers->metrics(http->daemon, http->metrics);
	http->metrics_turn = turn;
	return true;
}

static void get_metrics(struct sw_http *http, struct evhttp_request *req)
{
	struct evbuffer *body = evbuffer_new();

	if (!body || !take_metrics(http) || evbuffer_add_buffer_reference(body, http->metrics)) {
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
		if (body)
			evbuffer_free(body);
		return;
	}
	reply(req, HTTP_OK, "OK", "text/plain; version=0.0.4; charset=utf-8", body);
}

static void get_healthz(struct sw_http *http, struct evhttp_request *req)
{
	char why[WHY_MAX] = "unhealthy";

	if (http->handlers->healthy(http->daemon, why, sizeof(why)))
		reply_text(req, HTTP_OK, "OK", "ok");
	else
		reply_text(req, HTTP_SERVUNAVAIL, "Service Unavailable", why);
}

static void get_page(struct sw_http *http, struct evhttp_request *req)
{
	struct evbuffer *body = evbuffer_new();
	char nonce[SW_HTTP_NONCE];

	if (!body || sw_http_add_policy(evhttp_request_get_output_headers(req), nonce)) {
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
		if (body)
			evbuffer_free(body);
		return;
	}
	http->handlers->page(http->daemon, nonce, body);
	reply(req, HTTP_OK, "OK", "text/html; charset=utf-8", body);
}

static void get_live(struct sw_http *http, struct evhttp_request *req)
{
	struct evbuffer *nothing;

	if (evhttp_request_get_command(req) == EVHTTP_REQ_HEAD) {
		nothing = evbuffer_new();
		if (nothing)
			reply(req, HTTP_OK, "OK", "text/event-stream", nothing);
		else
			evhttp_send_error(req, HTTP_INTERNAL, NULL);
	} else if (!sw_http_live_add(http->live, req)) {
		evhttp_add_header(evhttp_request_get_output_headers(req), "Retry-After", "5");
		reply_text(req, HTTP_SERVUNAVAIL, "Service Unavailable",
			   "too many open status pages; close one, or look at /");
	}
}

/* One row a page. */
static const struct page {
	const char *path;
	void (*get)(struct sw_http *http, struct evhttp_request *req);
} pages[] = {
	{"/metrics", get_metrics},
	{"/healthz", get_healthz},
	{"/", get_page},
	{"/live", get_live},
};

static const struct page *find_page(const struct evhttp_request *req)
{
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));

	for (size_t i = 0; path && i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (strcmp(path, pages[i].path) == 0)
			return &pages[i];
	}
	return NULL;
}

static void on_request(struct evhttp_request *req, void *arg)
{
	enum evhttp_cmd_type method = evhttp_request_get_command(req);
	const struct page *page = find_page(req);
	struct sw_http *http = arg;

	sw_http_clients_heard(http->clients, req);
	if (!page) {
		reply_text(req, HTTP_NOTFOUND, "Not Found",
			   "not found; try /, /metrics or /healthz");
	} else if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD) {
		evhttp_add_header(evhttp_request_get_output_headers(req), "Allow", "GET, HEAD");
		reply_text(req, HTTP_BADMETHOD, "Method Not Allowed", "only GET and HEAD");
	} else {
		page->get(http, req);
	}
}

static int start_serving(struct sw_http *http, struct event_base *base, int fd)
{
	http->base = base;
	http->server = evhttp_new(base);
	http->live = sw_http_live_open(base, http->handlers, http->daemon);
	if (!http->server || !http->live)
		return -ENOMEM;
	http->clients = sw_http_clients_open(base, http->server, fd);
	if (!http->clients)
		return -ENOMEM;
	evhttp_set_timeout(http->server, TIMEOUT_S);
	evhttp_set_max_headers_size(http->server, HEADERS_MAX);
	evhttp_set_max_body_size(http->server, BODY_MAX);
	evhttp_set_allowed_methods(http->server, all_methods);
	evhttp_set_gencb(http->server, on_request, http);
	return evhttp_accept_socket(http->server, fd) == 0 ? 0 : -ENOMEM;
}

int sw_http_open(struct event_base *base, const struct sw_endpoint *listen,
		 const struct sw_http_handlers *handlers, void *daemon, struct sw_http **out,
		 struct sw_error *err)
{
	struct sw_http *http;
	int fd, rc;

	if (!listen || listen->port == 0) {
		*out = NULL;
		return 0;
	}
	/* bufferevent writes with writev(), which knows no MSG_NOSIGNAL. */
	signal(SIGPIPE, SIG_IGN);
	fd = sw_http_listen(listen, err);
	if (fd < 0)
		return fd;
	http = calloc(1, sizeof(*http));
	if (http) {
		http->handlers = handlers;
		http->daemon = daemon;
	}
	rc = http ? start_serving(http, base, fd) : -ENOMEM;
	if (rc < 0) {
		close(fd);
		sw_http_close(http);
		return sw_error_set(err, rc, "http: out of memory");
	}
	*out = http;
	return 0;
}

void sw_http_close(struct sw_http *http)
{
	if (!http)
		return;
	if (http->server)
		evhttp_free(http->server);
	sw_http_clients_close(http->clients);
	if (http->metrics)
		evbuffer_free(http->metrics);
	sw_http_live_close(http->live);
	free(http);
}
