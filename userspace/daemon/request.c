/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a request's arguments.
 */
#include "daemon/request.h"

#include <errno.h>

#include "core/number.h"
#include "daemon/change.h"
#include "daemon/read_args.h"

int sw_request_string(json_t *args, const char *key, const char **out, struct sw_error *err)
{
	const char *text = json_string_value(json_object_get(args, key));

	if (!text)
		return sw_error_set(err, -EINVAL, "argument '%s' is missing or not a string", key);
	*out = text;
	return 0;
}

int sw_request_duration(json_t *args, uint64_t *for_ns, struct sw_error *err)
{
	const char *text = json_string_value(json_object_get(args, "for"));

	*for_ns = 0;
	if (!json_object_get(args, "for"))
		return 0;
	if (!text || sw_parse_duration(text, for_ns) || !*for_ns)
		return sw_error_set(err, -EINVAL,
				    "for '%s': expected a duration such as 30s or 10m",
				    text ? text : "");
	return 0;
}

int sw_request_service(json_t *args, const struct sw_plan *plan, const struct sw_config *config,
		       struct sw_config_service **out, struct sw_error *err)
{
	const struct sw_plan_service *planned = NULL;
	int failed = sw_read_args_service(args, plan, &planned, err);

	if (failed)
		return failed;
	if (!planned)
		return sw_error_set(err, -EINVAL, "argument 'service' is missing");
	*out = sw_config_find_service(config, planned->name);
	return *out ? 0 : -ENOENT;
}

int sw_request_change(struct sw_daemon *daemon, json_t *args,
		      int (*apply)(struct sw_config_service *service, json_t *args,
				   struct sw_error *err),
		      struct sw_error *err)
{
	struct sw_config_service *service = NULL;
	struct sw_config *next;
	int failed = sw_change_begin(daemon, &next, err);

	if (failed)
		return failed;
	failed = sw_request_service(args, daemon->plan, next, &service, err);
	if (!failed)
		failed = apply(service, args, err);
	if (!failed)
		failed = sw_change(daemon, next, NULL, err);
	if (failed)
		sw_config_free(next);
	return failed;
}
