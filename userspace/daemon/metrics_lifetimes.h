/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long connections were open, as a histogram of the metrics page. Used by metrics.c.
 */
#ifndef SW_DAEMON_METRICS_LIFETIMES_H
#define SW_DAEMON_METRICS_LIFETIMES_H

#include "daemon/daemon.h"
#include "daemon/exposition.h"

void sw_metrics_lifetimes(struct sw_exposition *page, const struct sw_daemon *daemon);

#endif
