/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See differences.h.
 */
#include "config/differences.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void compare(const char *path, const json_t *before, const json_t *after, json_t *lines);

static void note_values(const char *path, const json_t *before, const json_t *after, json_t *lines)
{
	char *was = before ? json_dumps(before, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
	char *is = after ? json_dumps(after, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

	json_array_append_new(lines, json_sprintf("%s: %.100s -> %.100s", path, was ? was : "none",
						  is ? is : "none"));
	free(was);
	free(is);
}

/* It may hold a password, and a log is read by more than may know that. */
static bool is_secret(const char *path)
{
	const char *last = strrchr(path, '.');

	return last && strcmp(last, ".conninfo") == 0;
}

static void note(const char *path, const json_t *before, const json_t *after, json_t *lines)
{
	if (is_secret(path)) {
		json_array_append_new(lines, json_sprintf("%s: changed", path));
		return;
	}
	note_values(path, before, after, lines);
}

static void compare_objects(const char *path, const json_t *before, const json_t *after,
			    json_t *lines)
{
	const char *dot = path[0] ? "." : "";
	const char *key;
	json_t *value;
	char deeper[256];

	json_object_foreach((json_t *)after, key, value)
	{
		snprintf(deeper, sizeof(deeper), "%s%s%s", path, dot, key);
		compare(deeper, json_object_get(before, key), value, lines);
	}
	json_object_foreach((json_t *)before, key, value)
	{
		snprintf(deeper, sizeof(deeper), "%s%s%s", path, dot, key);
		if (!json_object_get(after, key))
			note(deeper, value, NULL, lines);
	}
}

static const json_t *named(const json_t *list, const char *name)
{
	size_t i;
	json_t *at;

	json_array_foreach(list, i, at)
	{
		const char *has = json_string_value(json_object_get(at, "name"));

		if (has && !strcmp(has, name))
			return at;
	}
	return NULL;
}

/* Lists of things with a name are compared by it. */
static void compare_lists(const char *path, const json_t *before, const json_t *after,
			  json_t *lines)
{
	size_t i;
	json_t *at;
	char deeper[256];

	json_array_foreach(after, i, at)
	{
		const char *name = json_string_value(json_object_get(at, "name"));

		snprintf(deeper, sizeof(deeper), "%s.%s", path, name);
		compare(deeper, named(before, name), at, lines);
	}
	json_array_foreach(before, i, at)
	{
		const char *name = json_string_value(json_object_get(at, "name"));

		snprintf(deeper, sizeof(deeper), "%s.%s", path, name);
		if (!named(after, name))
			note(deeper, at, NULL, lines);
	}
}

static void compare(const char *path, const json_t *before, const json_t *after, json_t *lines)
{
	bool have_names = json_object_get(json_array_get(after, 0), "name") ||
			  json_object_get(json_array_get(before, 0), "name");

	if (json_equal(before, after))
		return;
	if (json_is_object(before) && json_is_object(after))
		compare_objects(path, before, after, lines);
	else if (have_names && json_is_array(before) && json_is_array(after))
		compare_lists(path, before, after, lines);
	else
		note(path, before, after, lines);
}

json_t *sw_config_differences(const json_t *before, const json_t *after)
{
	json_t *lines = json_array();

	if (lines)
		compare("", before, after, lines);
	return lines;
}
