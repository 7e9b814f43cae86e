/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A class as the control socket shows it. Used by limit, class and status.
 */
#ifndef SW_DAEMON_CLASS_JSON_H
#define SW_DAEMON_CLASS_JSON_H

#include <jansson.h>

#include "daemon/daemon.h"

/* {"name","action","sources","rate","burst",…,"weight","used","pooler"}; NULL: no memory. */
json_t *sw_class_json(const struct sw_daemon *daemon, const struct sw_config_service *service,
		      const struct sw_config_class *class);

#endif
