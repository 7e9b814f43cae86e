/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pages of the HTTP listener: what Prometheus scrapes, and whether all is well. Handlers of
 * daemon/http.h; daemon is a struct sw_daemon.
 */
#ifndef SW_DAEMON_METRICS_H
#define SW_DAEMON_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <event2/buffer.h>

/* Appends the page in Prometheus' text format. */
void sw_metrics_write(void *daemon, struct evbuffer *out);

/*
 * False, with one line in why, if an interface that is configured lacks the gate or lost it, or if
 * the programs take the daemon for dead.
 */
bool sw_metrics_healthy(void *daemon, char *why, size_t cap);

#endif
