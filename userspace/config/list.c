/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Elements of lists, defaults, and the memory of where a value came from (declared in
 * config/value.h).
 */
#include "config/value.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/tree.h"

static int refuse(const struct sw_key *key, const char *text, struct sw_error *err)
{
	char found[SW_FOUND_TEXT], expected[SW_EXPECTED_TEXT];

	sw_value_quote(text, found, sizeof(found));
	sw_value_expected(key, expected, sizeof(expected));
	return sw_error_set(err, -EINVAL, "found %s, %s", found, expected);
}

static int append_lane(const struct sw_key *key, struct sw_config_lanes *lanes, const char *text,
		       struct sw_error *err)
{
	unsigned int lane;

	if (sw_words_parse(SW_WORDS_LANE, text, &lane))
		return refuse(key, text, err);
	for (size_t i = 0; i < lanes->count; i++) {
		if (lanes->lane[i] == lane)
			return sw_error_set(err, -EINVAL,
					    "found '%s' a second time, expected each lane once",
					    text);
	}
	lanes->lane[lanes->count++] = lane;
	return 0;
}

_Static_assert(SW_CONFIG_LANES_MAX == SW_LANE_COUNT - 1, "a chain has room for every lane once");

static int append_listen(const struct sw_key *key, void *base, const char *text, struct sw_mark at,
			 struct sw_error *err)
{
	struct sw_config_service *service = base;
	struct sw_endpoint endpoint;
	struct sw_config_listen *listen;

	if (sw_endpoint_parse(text, &endpoint))
		return refuse(key, text, err);
	if (!endpoint.any && sw_addr_is_unspecified(&endpoint.addr))
		return sw_error_set(err, -EINVAL,
				    "found '%s', expected \":%u\" for any address, or one address",
				    text, endpoint.port);
	listen = sw_tree_append(&service->listen, &service->listen_count, sizeof(*listen));
	if (!listen)
		return sw_error_set(err, -ENOMEM, "out of memory");
	*listen = (struct sw_config_listen){.endpoint = endpoint, .at = at};
	return 0;
}

static int append_source(void *base, const char *text, struct sw_mark at, struct sw_error *err)
{
	struct sw_config_class *class = base;
	struct sw_config_source *source;
	char found[SW_FOUND_TEXT];
	struct sw_prefix prefix;
	struct sw_error why = {0};

	if (sw_prefix_parse(text, &prefix, &why)) {
		sw_value_quote(text, found, sizeof(found));
		return sw_error_set(err, -EINVAL, "found %s, %s", found, why.text);
	}
	source = sw_tree_append(&class->sources, &class->source_count, sizeof(*source));
	if (!source)
		return sw_error_set(err, -ENOMEM, "out of memory");
	*source = (struct sw_config_source){.prefix = prefix, .at = at};
	return 0;
}

int sw_value_append(const struct sw_key *key, void *base, const char *text, struct sw_mark at,
		    struct sw_error *err)
{
	switch (key->type) {
	case SW_KEY_LANES:
		return append_lane(key, sw_value_at(key, base), text, err);
	case SW_KEY_LISTEN:
		return append_listen(key, base, text, at, err);
	case SW_KEY_SOURCES:
		return append_source(base, text, at, err);
	default:
		return sw_error_set(err, -EINVAL, "not a list of values");
	}
}

/* "direct pooler refuse": the words of a row, which a unit test reads once, so they are right. */
static void set_lanes(const struct sw_key *key, void *base)
{
	struct sw_config_lanes *lanes = sw_value_at(key, base);
	const char *at = key->initial;
	char word[16];
	int length;

	lanes->count = 0;
	while (sscanf(at, "%15s%n", word, &length) == 1) {
		append_lane(key, lanes, word, NULL);
		at += length;
	}
}

void sw_value_defaults(enum sw_object object, void *base)
{
	size_t count;
	const struct sw_key *key = sw_keys_of(object, &count);

	for (size_t i = 0; i < count; i++) {
		if (!key[i].initial)
			continue;
		if (key[i].type == SW_KEY_LANES)
			set_lanes(&key[i], base);
		else
			sw_value_parse(&key[i], base, key[i].initial, NULL);
	}
}

bool sw_value_is_set(const struct sw_key *key, const void *base)
{
	const struct sw_config_origin *origin = base;

	return origin->set & (1u << sw_keys_index(key));
}

bool sw_value_is_given(const struct sw_key *key, const void *base)
{
	const char *initial = key->initial ? key->initial : "";
	const struct sw_config_lanes *lanes = sw_value_at_const(key, base);
	char text[SW_VALUE_TEXT] = "";
	size_t used = 0;

	if (sw_value_is_set(key, base))
		return true;
	if (key->type != SW_KEY_LANES)
		sw_value_format(key, base, text, sizeof(text));
	else
		for (size_t i = 0; i < lanes->count; i++)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
						 used ? " " : "",
						 sw_words_name(SW_WORDS_LANE, lanes->lane[i]));
	return strcmp(text, initial) != 0;
}

void sw_value_mark_set(const struct sw_key *key, void *base, struct sw_mark at)
{
	struct sw_config_origin *origin = base;
	size_t index = sw_keys_index(key);

	origin->set |= 1u << index;
	origin->keys[index] = at;
}

struct sw_mark sw_value_mark(const struct sw_key *key, const void *base)
{
	const struct sw_config_origin *origin = base;
	struct sw_mark mark = origin->keys[sw_keys_index(key)];

	return mark.line ? mark : origin->at;
}
