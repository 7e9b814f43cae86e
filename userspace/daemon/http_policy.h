/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a browser may do with the status page: show what is on it and read its stream, nothing else. Used by http.c.
 */
#ifndef SW_DAEMON_HTTP_POLICY_H
#define SW_DAEMON_HTTP_POLICY_H

#include <event2/keyvalq_struct.h>

#define SW_HTTP_NONCE 33 /* with the NUL */

/* Adds the headers, and says by which word scripts and styles are known for the page's own. 0 or -EIO. */
int sw_http_add_policy(struct evkeyvalq *headers, char nonce[SW_HTTP_NONCE]);

#endif
