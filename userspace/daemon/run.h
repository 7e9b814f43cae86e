/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon from start to stop. Called by main.c.
 */
#ifndef SW_DAEMON_RUN_H
#define SW_DAEMON_RUN_H

#include "config/config.h"
#include "daemon/options.h"

/*
 * Attaches, serves until SIGTERM or SIGINT, and leaves nothing attached. Owns the configuration.
 * ready() is called once everything is in place. 0, or -errno with err filled.
 */
int sw_run(const struct sw_options *options, struct sw_config *config, void (*ready)(void *arg),
	   void *arg, struct sw_error *err);

#endif
