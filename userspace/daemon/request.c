/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a request's arguments.
 */
#include "daemon/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int sw_request_string(json_t *args, const char *key, const char **out, struct sw_error *err)
{
	const char *text = json_string_value(json_object_get(args, key));

	if (!text)
		return sw_error_set(err, -EINVAL, "argument '%s' is missing or not a string", key);
	*out = text;
	return 0;
}

static void list_services(const struct sw_config *config, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < config->service_count && used < size; i++)
		used += snprintf(text + used, size - used, "%s%s", i ? ", " : "",
				 config->services[i].name);
}

int sw_request_service(json_t *args, const struct sw_config *config, struct sw_config_service **out,
		       struct sw_error *err)
{
	struct sw_config_service *service;
	const char *name = NULL;
	char known[256];
	int failed = sw_request_string(args, "service", &name, err);

	if (failed)
		return failed;
	service = sw_config_find_service(config, name);
	if (!service) {
		list_services(config, known, sizeof(known));
		return sw_error_set(err, -ENOENT, "no service '%s'; there is: %s", name,
				    known[0] ? known : "none");
	}
	*out = service;
	return 0;
}
