/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands on the status page, from the answers of the verbs status, queue and sources. Pure: data in, HTML out.
 * Called by page.c; a part is what is sent to a page that is open when it has changed.
 */
#ifndef SW_DAEMON_PAGE_PARTS_H
#define SW_DAEMON_PAGE_PARTS_H

#include <time.h>
#include <event2/buffer.h>
#include <jansson.h>

#include "daemon/history.h"

struct sw_page_data {
	const json_t *status, *queue, *sources;
	const struct sw_history *history;
	const char *trouble; /* why /healthz is not content; NULL: it is */
	time_t at;
};

/* The daemon: mode, interfaces, age, and what is wrong. */
void sw_page_head(struct evbuffer *out, const struct sw_page_data *data);
/* A service of `status`: its figures, and its charts. */
void sw_page_service(struct evbuffer *out, const struct sw_page_data *data, const json_t *service);
void sw_page_charts(struct evbuffer *out, const struct sw_page_data *data, const json_t *service);
/* Tables of all services. */
void sw_page_sources(struct evbuffer *out, const struct sw_page_data *data);
void sw_page_classes(struct evbuffer *out, const struct sw_page_data *data);

/* The element of a list of objects whose "name" is that one's; NULL. */
const json_t *sw_page_named(const json_t *list, const json_t *like);

#endif
