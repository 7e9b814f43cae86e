/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree as JSON, shared by `dump --json` and the YAML writer. Internal to config/.
 */
#ifndef SW_CONFIG_EMIT_H
#define SW_CONFIG_EMIT_H

#include "config/keys.h"

/* loadable: only what loading accepts, giving the same tree. NULL: no memory. */
json_t *sw_emit_object(enum sw_object object, const void *base, bool loadable);

#endif
