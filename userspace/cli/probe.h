/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `spillway probe` asks for each service of the configuration. Called by cli/probe.c.
 */
#ifndef SW_CLI_PROBE_H
#define SW_CLI_PROBE_H

#include "kern/probe.h"

/* Connections that the service may send there at once, at most: what a listener's backlog is held against. */
#define SW_PROBE_BURST_MAX 1024

/* Who listens for it, and whether there is room for a burst. */
void sw_probe_listeners(struct sw_probe *probe, const struct sw_config *config);

/* The limits of its PostgreSQL and PgBouncer, as far as they say. Waits some seconds for them at most. */
void sw_probe_databases(struct sw_probe *probe, const struct sw_config *config);

#endif
