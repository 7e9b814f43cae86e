/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What became different between two configurations, or whatever else is JSON: for who reloads, and for the log.
 */
#ifndef SW_CONFIG_DIFFERENCES_H
#define SW_CONFIG_DIFFERENCES_H

#include <jansson.h>

/* One string for each value that differs, "path: before -> after"; things in lists go by their name. NULL: no memory. */
json_t *sw_config_differences(const json_t *before, const json_t *after);

#endif
