/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The secrets behind the sequence numbers of the gate's own SYN-ACKs (spillway/cookie.h): made at the first start,
 * changed by the clock, kept over restarts by the map that they are in.
 */
#ifndef SW_DAEMON_SECRETS_H
#define SW_DAEMON_SECRETS_H

#include "daemon/daemon.h"

/* Before the gate is attached. -errno, err filled. */
int sw_secrets_start(struct sw_daemon *daemon, struct sw_error *err);
void sw_secrets_stop(struct sw_daemon *daemon);

#endif
