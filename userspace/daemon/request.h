/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a request's arguments, with errors that name what was expected. Used by all verbs.
 */
#ifndef SW_DAEMON_REQUEST_H
#define SW_DAEMON_REQUEST_H

#include <jansson.h>

#include "config/config.h"
#include "core/error.h"

/* A string that has to be there. -EINVAL. */
int sw_request_string(json_t *args, const char *key, const char **out, struct sw_error *err);

/* The service that "service" names, which has to be there. -EINVAL, or -ENOENT naming those known. */
int sw_request_service(json_t *args, const struct sw_config *config, struct sw_config_service **out,
		       struct sw_error *err);

#endif
