/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon's HTTP listener: GET and HEAD of /metrics, /healthz, the status page / and its stream /live, nothing else.
 * Opened by the daemon, which fills in what the pages say.
 */
#ifndef SW_DAEMON_HTTP_H
#define SW_DAEMON_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <event2/buffer.h>
#include <event2/event.h>

#include "core/addr.h"
#include "core/error.h"

struct sw_http_handlers {
	/* Appends the whole page in Prometheus' text format 0.0.4 (exposition.h). */
	void (*metrics)(void *daemon, struct evbuffer *out);
	/* False, with one line of text in why, turns /healthz into a 503. */
	bool (*healthy)(void *daemon, char *why, size_t cap);
	/* Appends the status page; scripts and styles on it carry the nonce. */
	void (*page)(void *daemon, const char *nonce, struct evbuffer *out);
	/* Appends a server-sent event: the whole page's parts, or those that have changed since the last such call. */
	void (*news)(void *daemon, bool all, struct evbuffer *out);
};

struct sw_http;

/*
 * Listens on an endpoint (any: both families). listen NULL or with port 0 is "disabled": *out becomes NULL, and that is
 * not an error. handlers and daemon must outlive the listener. SIGPIPE is ignored from here on.
 */
int sw_http_open(struct event_base *base, const struct sw_endpoint *listen,
		 const struct sw_http_handlers *handlers, void *daemon, struct sw_http **out,
		 struct sw_error *err);
void sw_http_close(struct sw_http *http); /* NULL is fine */

#endif
