/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Setting one value by its key, as typed: for `spillway limit`, `spillway budget` and the daemon's
 * options.
 */
#include <errno.h>
#include <string.h>

#include "config/value.h"

static int unknown(enum sw_object object, unsigned int flags, const char *name,
		   struct sw_error *err)
{
	char text[SW_UNKNOWN_TEXT];

	sw_keys_unknown(object, NULL, flags, name, text, sizeof(text));
	return sw_error_set(err, -EINVAL, "%s", text);
}

/* The mark goes: the value no longer stands in the file. */
static int set(const struct sw_key *key, void *base, const char *value, struct sw_error *err)
{
	struct sw_error why = {0};
	char path[64];
	int rc = sw_value_parse(key, base, value, &why);

	if (rc) {
		sw_keys_path(key, path, sizeof(path));
		return sw_error_set(err, rc, "%s: %s", path, why.text);
	}
	sw_value_mark_set(key, base, (struct sw_mark){0});
	return 0;
}

static int set_by_path(enum sw_object object, void *base, const char *path, const char *value,
		       struct sw_error *err)
{
	const struct sw_key *key = sw_keys_find_path(object, path);

	if (!key)
		return unknown(object, 0, path, err);
	if (key->type >= SW_KEY_LANES)
		return sw_error_set(err, -EINVAL, "%s: a list cannot be set as one value", path);
	return set(key, base, value, err);
}

int sw_config_set_class_limit(struct sw_config_class *class, const char *key, const char *value,
			      struct sw_error *err)
{
	const struct sw_key *row = sw_keys_find(SW_OBJECT_CLASS, NULL, key);

	if (!row || !(row->flags & SW_KEY_TUNABLE))
		return unknown(SW_OBJECT_CLASS, SW_KEY_TUNABLE, key, err);
	return set(row, class, value, err);
}

int sw_config_set_service(struct sw_config_service *service, const char *key, const char *value,
			  struct sw_error *err)
{
	return set_by_path(SW_OBJECT_SERVICE, service, key, value, err);
}

int sw_config_set(struct sw_config *config, const char *key, const char *value,
		  struct sw_error *err)
{
	return set_by_path(SW_OBJECT_CONFIG, config, key, value, err);
}
