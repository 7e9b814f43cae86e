/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach, detach: interfaces while the daemon runs.
 */
#include <errno.h>
#include <string.h>

#include "config/words.h"
#include "daemon/change.h"
#include "daemon/change_verbs.h"
#include "daemon/request.h"

static int take(struct sw_daemon *daemon, struct sw_config *next, struct sw_error *err)
{
	int failed = sw_config_validate(next, err);

	if (!failed)
		failed = sw_change_with_interfaces(daemon, next, err);
	if (failed)
		sw_config_free(next);
	return failed;
}

static int find_or_add(struct sw_config *next, const char *name, struct sw_config_interface **out,
		       struct sw_error *err)
{
	*out = sw_config_find_interface(next, name);
	return *out ? 0 : sw_config_add_interface(next, name, out, err);
}

int sw_change_attach_verb(void *arg, json_t *args, json_t **result, struct sw_error *err)
{
	struct sw_daemon *daemon = arg;
	const char *mode = json_string_value(json_object_get(args, "mode"));
	struct sw_config_interface *interface;
	struct sw_config *next;
	const char *name;
	unsigned int value = SW_ATTACH_AUTO;
	int failed = sw_request_string(args, "interface", &name, err);

	if (failed)
		return failed;
	if (mode && sw_words_parse(SW_WORDS_ATTACH_MODE, mode, &value))
		return sw_error_set(err, -EINVAL, "mode '%s': expected auto, native, generic or tc",
				    mode);
	failed = sw_change_begin(daemon, &next, err);
	if (failed)
		return failed;
	failed = find_or_add(next, name, &interface, err);
	if (failed) {
		sw_config_free(next);
		return failed;
	}
	interface->mode = value;
	failed = take(daemon, next, err);
	for (size_t i = 0; !failed && i < daemon->attachment_count; i++)
		if (!strcmp(daemon->attachments[i].name, name))
			*result = json_pack(
				"{s:s, s:s}", "interface", name, "mode",
				sw_words_name(SW_WORDS_ATTACH_MODE, daemon->attachments[i].mode));
	return failed;
}

int sw_change_detach_verb(void *arg, json_t *args, json_t **result, struct sw_error *err)
{
	struct sw_daemon *daemon = arg;
	struct sw_config *next;
	const char *name;
	int failed = sw_request_string(args, "interface", &name, err);

	if (failed)
		return failed;
	failed = sw_change_begin(daemon, &next, err);
	if (failed)
		return failed;
	if (sw_config_remove_interface(next, name)) {
		sw_config_free(next);
		return sw_error_set(err, -ENODEV, "interface %s is not attached", name);
	}
	failed = take(daemon, next, err);
	if (!failed)
		*result = json_pack("{s:s}", "interface", name);
	return failed;
}
