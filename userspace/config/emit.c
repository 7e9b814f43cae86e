/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree as JSON, row by row. The YAML of `dump` is made from the same JSON (yaml.c), less what
 * would not load again: a limit beside an action, or a chain spelled out where the default was
 * meant.
 */
#include "config/emit.h"

#include <string.h>

#include "config/value.h"

static json_t *list_of_objects(const struct sw_key *key, const void *base, bool loadable)
{
	size_t count = *(const size_t *)((const char *)base + key->count_offset);
	size_t size = sw_object_size(key->child);
	json_t *list = json_array();
	const char *items;

	memcpy(&items, sw_value_at_const(key, base), sizeof(items));
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, sw_emit_object(key->child, items + i * size, loadable));
	return list;
}

static json_t *list_of_lanes(const struct sw_config_lanes *lanes)
{
	json_t *list = json_array();

	for (size_t i = 0; i < lanes->count; i++)
		json_array_append_new(list,
				      json_string(sw_words_name(SW_WORDS_LANE, lanes->lane[i])));
	return list;
}

static json_t *list_of_listen(const struct sw_config_service *service)
{
	char text[SW_ENDPOINT_TEXT];
	json_t *list = json_array();

	for (size_t i = 0; i < service->listen_count; i++) {
		sw_endpoint_format(&service->listen[i].endpoint, text, sizeof(text));
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static json_t *list_of_sources(const struct sw_config_class *class)
{
	char text[SW_PREFIX_TEXT];
	json_t *list = json_array();

	for (size_t i = 0; i < class->source_count; i++) {
		sw_prefix_format(&class->sources[i].prefix, text, sizeof(text));
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static json_t *value(const struct sw_key *key, const void *base, bool loadable)
{
	char text[SW_VALUE_TEXT];

	switch (key->type) {
	case SW_KEY_OBJECTS:
		return list_of_objects(key, base, loadable);
	case SW_KEY_LANES:
		return list_of_lanes(sw_value_at_const(key, base));
	case SW_KEY_LISTEN:
		return list_of_listen(base);
	case SW_KEY_SOURCES:
		return list_of_sources(base);
	case SW_KEY_U32:
		return json_integer(*(const uint32_t *)sw_value_at_const(key, base));
	default:
		sw_value_format(key, base, text, sizeof(text));
		return json_string(text);
	}
}

static bool belongs(const struct sw_key *key, const void *base, bool loadable)
{
	const struct sw_config_class *class = base;

	if (key->object == SW_OBJECT_CLASS) {
		if ((key->flags & SW_KEY_LIMIT) && class->action != SW_ACTION_LIMIT &&
		    !sw_value_is_set(key, base))
			return false;
		if (key->type == SW_KEY_LANES && class->lanes.count == 0)
			return false;
		if (key->type == SW_KEY_SOURCES && class->source_count == 0)
			return !loadable;
	}
	return !loadable || !(key->flags & SW_KEY_INHERITS) || sw_value_is_given(key, base);
}

json_t *sw_emit_object(enum sw_object object, const void *base, bool loadable)
{
	json_t *top = json_object(), *level;
	size_t count;
	const struct sw_key *key = sw_keys_of(object, &count);

	for (size_t i = 0; i < count; i++) {
		if (!belongs(&key[i], base, loadable))
			continue;
		level = top;
		if (key[i].section) {
			level = json_object_get(top, key[i].section);
			if (!level) {
				level = json_object();
				json_object_set_new(top, key[i].section, level);
			}
		}
		json_object_set_new(level, key[i].name, value(&key[i], base, loadable));
	}
	return top;
}

json_t *sw_config_to_json(const struct sw_config *config)
{
	return sw_emit_object(SW_OBJECT_CONFIG, config, false);
}
