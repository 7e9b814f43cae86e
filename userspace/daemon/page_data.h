/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the status page has its figures from: the verbs that `spillway` asks, and a sample a second for the history.
 */
#ifndef SW_DAEMON_PAGE_DATA_H
#define SW_DAEMON_PAGE_DATA_H

#include <stdint.h>
#include <event2/event.h>

#include "daemon/page_parts.h"

#define SW_PAGE_WHY 256

struct sw_daemon;

struct sw_page_source {
	struct sw_daemon *daemon;
	struct sw_history *history;
	struct event *sample;
	json_t *sources;     /* as they were read last */
	uint64_t sources_ns; /* not read again before */
	char trouble[SW_PAGE_WHY];
};

int sw_page_data_start(struct sw_page_source *source, struct sw_daemon *daemon);
void sw_page_data_stop(struct sw_page_source *source);

/* 0 with references in *out, to be cleared; or -errno. */
int sw_page_data_read(struct sw_page_source *source, struct sw_page_data *out);
void sw_page_data_clear(struct sw_page_data *data);

#endif
