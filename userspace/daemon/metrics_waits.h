/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long connections waited, and how fast a free slot was handed on: a part of the metrics page.
 */
#ifndef SW_DAEMON_METRICS_WAITS_H
#define SW_DAEMON_METRICS_WAITS_H

#include "daemon/daemon.h"
#include "daemon/exposition.h"

void sw_metrics_waits(struct sw_exposition *page, const struct sw_daemon *daemon);

#endif
