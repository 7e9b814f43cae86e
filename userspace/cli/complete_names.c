/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of services, classes and interfaces for completion: of the daemon, where its socket may be read, and else of
 * the configuration. Both have the same keys. Nothing is said about what fails: nobody would see it behind a TAB.
 */
#include <string.h>

#include "cli/client.h"
#include "cli/complete.h"
#include "cli/field.h"
#include "cli/output.h"
#include "config/config.h"

static json_t *ask_daemon(const struct sw_complete *at)
{
	SW_JSON_FREE json_t *args = json_object();
	struct sw_error err = {};
	json_t *result = NULL;

	return sw_client_call(at->socket, "status", args, &result, &err) == SW_EXIT_OK ? result
										       : NULL;
}

static json_t *read_file(const struct sw_complete *at)
{
	SW_CONFIG_FREE struct sw_config *config = NULL;
	struct sw_error err = {};

	return sw_config_load_file(at->file, &config, &err) ? NULL : sw_config_to_json(config);
}

static json_t *read_names(const struct sw_complete *at)
{
	json_t *names = ask_daemon(at);

	return names ? names : read_file(at);
}

static void offer_names(struct sw_complete *at, const json_t *list)
{
	size_t i;
	json_t *each;

	json_array_foreach(list, i, each)
	{
		const char *name = json_string_value(json_object_get(each, "name"));

		if (name)
			sw_complete_offer(at, name);
	}
}

void sw_complete_services(struct sw_complete *at)
{
	SW_JSON_FREE json_t *names = read_names(at);

	offer_names(at, json_object_get(names, "services"));
}

void sw_complete_interfaces(struct sw_complete *at)
{
	SW_JSON_FREE json_t *names = read_names(at);

	offer_names(at, json_object_get(names, "interfaces"));
}

void sw_complete_classes(struct sw_complete *at)
{
	SW_JSON_FREE json_t *names = read_names(at);
	size_t i;
	json_t *service;

	json_array_foreach(json_object_get(names, "services"), i, service)
	{
		if (!at->service || strcmp(at->service, sw_field_text(service, "name")) == 0)
			offer_names(at, json_object_get(service, "classes"));
	}
}
