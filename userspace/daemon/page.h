/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The status page: gathers what it says, keeps ten minutes of history, and knows what has changed since it was told
 * last. Started and stopped by run.c; asked by the HTTP listener (http.c, http_live.c).
 */
#ifndef SW_DAEMON_PAGE_H
#define SW_DAEMON_PAGE_H

#include <stdbool.h>
#include <event2/buffer.h>

#include "core/error.h"

struct sw_daemon;

/* History begins here. 0 or -ENOMEM with a text. */
int sw_page_start(struct sw_daemon *daemon, struct sw_error *err);
void sw_page_stop(struct sw_daemon *daemon);

/*
 * Handlers of http.h, daemon being a struct sw_daemon. What both say is at most a second old, however often they are
 * asked: the daemon does the work once a second, and not for each reader.
 */
void sw_page_write(void *daemon, const char *nonce, struct evbuffer *out);
void sw_page_news(void *daemon, bool all, struct evbuffer *out);

#endif
