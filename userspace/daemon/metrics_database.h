/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the databases say, and what the budgets are made of, as families of the metrics page. Used by
 * metrics.c.
 */
#ifndef SW_DAEMON_METRICS_DATABASE_H
#define SW_DAEMON_METRICS_DATABASE_H

#include "daemon/daemon.h"
#include "daemon/exposition.h"

void sw_metrics_database(struct sw_exposition *page, const struct sw_daemon *daemon);

#endif
