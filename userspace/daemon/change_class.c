/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit and class: what a class may have, and who is in it.
 */
#include <errno.h>
#include <string.h>

#include "daemon/change.h"
#include "daemon/change_verbs.h"
#include "daemon/class_json.h"
#include "daemon/request.h"

static int find_class(json_t *args, const char *key, struct sw_config_service *service,
		      struct sw_config_class **out, struct sw_error *err)
{
	const char *name;
	int failed = sw_request_string(args, key, &name, err);

	if (failed)
		return failed;
	*out = sw_config_find_class(service, name);
	return *out ? 0
		    : sw_error_set(err, -ENOENT,
				   "service '%s' has no class '%s'; 'spillway class %s list' shows "
				   "those it has",
				   service->name, name, service->name);
}

bool sw_change_limit_changes(json_t *args)
{
	return json_object_size(json_object_get(args, "set")) > 0;
}

static int set_limits(struct sw_config_service *service, json_t *args, struct sw_error *err)
{
	struct sw_config_class *class;
	const char *key;
	json_t *value;
	int failed = find_class(args, "class", service, &class, err);

	json_object_foreach(json_object_get(args, "set"), key, value)
	{
		if (failed)
			break;
		if (!json_is_string(value))
			return sw_error_set(err, -EINVAL, "%s: expected a string", key);
		failed = sw_config_set_class_limit(class, key, json_string_value(value), err);
	}
	return failed;
}

int sw_change_limit_verb(void *arg, json_t *args, json_t **result, struct sw_error *err)
{
	struct sw_daemon *daemon = arg;
	struct sw_config_service *service;
	struct sw_config_class *class;
	int failed = sw_change_limit_changes(args)
			     ? sw_request_change(daemon, args, set_limits, err)
			     : 0;

	if (!failed)
		failed = sw_request_service(args, daemon->plan, daemon->config, &service, err);
	if (!failed)
		failed = find_class(args, "class", service, &class, err);
	if (!failed)
		*result = json_pack("{s:s, s:o}", "service", service->name, "class",
				    sw_class_json(daemon, service, class));
	return failed;
}

static const char *action_of(json_t *args)
{
	const char *action = json_string_value(json_object_get(args, "action"));

	return action ? action : "list";
}

bool sw_change_class_changes(json_t *args)
{
	return strcmp(action_of(args), "list") != 0;
}

static int add_sources(struct sw_config_class *class, json_t *sources, struct sw_error *err)
{
	size_t i;
	json_t *text;

	json_array_foreach(sources, i, text)
	{
		struct sw_prefix prefix;
		int failed = json_is_string(text)
				     ? sw_prefix_parse(json_string_value(text), &prefix, err)
				     : sw_error_set(err, -EINVAL, "sources: expected strings");

		if (!failed && sw_config_add_source(class, &prefix))
			failed = sw_error_set(err, -ENOMEM, "out of memory");
		if (failed)
			return failed;
	}
	return 0;
}

/* A class that is there already gets the sources in addition. */
static int add_class(struct sw_config_service *service, json_t *args, struct sw_error *err)
{
	struct sw_config_class *class;
	const char *name;
	int failed = sw_request_string(args, "name", &name, err);

	if (failed)
		return failed;
	class = sw_config_find_class(service, name);
	if (!class)
		failed = sw_config_add_class(service, name, &class, err);
	return failed ? failed : add_sources(class, json_object_get(args, "sources"), err);
}

static int remove_class(struct sw_config_service *service, json_t *args, struct sw_error *err)
{
	struct sw_config_class *class;
	int failed = find_class(args, "name", service, &class, err);

	if (!failed && sw_config_remove_class(service, class->name))
		failed = sw_error_set(err, -EINVAL, "class '%s' of service '%s' cannot be removed",
				      class->name, service->name);
	return failed;
}

static int run_action(struct sw_daemon *daemon, json_t *args, struct sw_error *err)
{
	const char *action = action_of(args);

	if (!strcmp(action, "list"))
		return 0;
	if (!strcmp(action, "add"))
		return sw_request_change(daemon, args, add_class, err);
	if (!strcmp(action, "remove"))
		return sw_request_change(daemon, args, remove_class, err);
	return sw_error_set(err, -EINVAL, "action '%s': expected list, add or remove", action);
}

int sw_change_class_verb(void *arg, json_t *args, json_t **result, struct sw_error *err)
{
	struct sw_daemon *daemon = arg;
	struct sw_config_service *service;
	json_t *classes;
	int failed = run_action(daemon, args, err);

	if (!failed)
		failed = sw_request_service(args, daemon->plan, daemon->config, &service, err);
	if (failed)
		return failed;
	classes = json_array();
	for (size_t i = 0; i < service->class_count; i++)
		json_array_append_new(classes,
				      sw_class_json(daemon, service, &service->classes[i]));
	*result = json_pack("{s:s, s:o}", "service", service->name, "classes", classes);
	return 0;
}
