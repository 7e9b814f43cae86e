/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The connections of the HTTP listener: how many there may be, and how long one may take for a request. evhttp bounds
 * neither: a byte now and then would keep a connection for hours, and a descriptor with it. Opened by http.c.
 */
#ifndef SW_DAEMON_HTTP_CLIENTS_H
#define SW_DAEMON_HTTP_CLIENTS_H

#include <event2/event.h>
#include <event2/http.h>

/* One more, and the one goes that has asked nothing for longest. */
#define SW_HTTP_CLIENTS_MAX 256
/* For a request to be there as a whole, from the connection's begin or the end of the answer before. */
#define SW_HTTP_REQUEST_S 15

struct sw_http_clients;

/* fd: the listening socket, by whose address its connections are known. NULL: no memory. */
struct sw_http_clients *sw_http_clients_open(struct event_base *base, struct evhttp *server,
					     int fd);
/* After the server. NULL is fine. */
void sw_http_clients_close(struct sw_http_clients *clients);

/*
 * A request is there as a whole. While it is answered, which may be without end, evhttp's own time-out holds, by which
 * something of the answer has to be taken now and then.
 */
void sw_http_clients_heard(struct sw_http_clients *clients, struct evhttp_request *req);

#endif
