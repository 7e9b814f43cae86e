/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the verbs that change something have in common: arguments that have to be there, and the way
 * from a request about one service to a new configuration.
 */
#ifndef SW_DAEMON_REQUEST_H
#define SW_DAEMON_REQUEST_H

#include <jansson.h>

#include "core/error.h"
#include "daemon/daemon.h"

/* A string that has to be there. -EINVAL. */
int sw_request_string(json_t *args, const char *key, const char **out, struct sw_error *err);

/* The duration "for", 0 where there is none. -EINVAL. */
int sw_request_duration(json_t *args, uint64_t *for_ns, struct sw_error *err);

/* The service that "service" names, which has to be there, in one configuration of that plan. */
int sw_request_service(json_t *args, const struct sw_plan *plan, const struct sw_config *config,
		       struct sw_config_service **out, struct sw_error *err);

/* Lets apply() change the service in a copy of the configuration, and takes that into force. */
int sw_request_change(struct sw_daemon *daemon, json_t *args,
		      int (*apply)(struct sw_config_service *service, json_t *args,
				   struct sw_error *err),
		      struct sw_error *err);

#endif
