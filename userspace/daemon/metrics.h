/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Prometheus scrapes: a handler of daemon/http.h; daemon is a struct sw_daemon.
 */
#ifndef SW_DAEMON_METRICS_H
#define SW_DAEMON_METRICS_H

#include <event2/buffer.h>

/* Appends the page in Prometheus' text format. */
void sw_metrics_write(void *daemon, struct evbuffer *out);

#endif
