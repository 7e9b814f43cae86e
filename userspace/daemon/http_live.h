/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open status pages, each a stream of server-sent events: so many, told once a second what has changed. Opened with the
 * HTTP listener, which hands it the requests.
 */
#ifndef SW_DAEMON_HTTP_LIVE_H
#define SW_DAEMON_HTTP_LIVE_H

#include <event2/event.h>
#include <event2/http.h>

#include "daemon/http.h"

#define SW_HTTP_LIVE_MAX 16

struct sw_http_live;

/* NULL when out of memory. handlers and daemon must outlive it. */
struct sw_http_live *sw_http_live_open(struct event_base *base,
				       const struct sw_http_handlers *handlers, void *daemon);
/* After the listener, whose connections they are. */
void sw_http_live_close(struct sw_http_live *live);

/*
 * Answers the request by a stream that does not end, or says false: there are as many as there may be. One that reads
 * too slowly is cut off: what it has not read is bounded, and nobody waits for it.
 */
bool sw_http_live_add(struct sw_http_live *live, struct evhttp_request *req);

#endif
