/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The HTTP listener's socket. It is made here rather than by evhttp, which cannot say why it failed. Used by http.c.
 */
#ifndef SW_DAEMON_HTTP_LISTEN_H
#define SW_DAEMON_HTTP_LISTEN_H

#include "core/addr.h"
#include "core/error.h"

/* A listening socket, or -errno with a text. Off loopback there is a warning: the pages have no password. */
int sw_http_listen(const struct sw_endpoint *listen, struct sw_error *err);

#endif
