/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walks the YAML document along the table of keys. The document is never walked deeper or longer
 * than the table and the limits say, so aliases that form a cycle or multiply do no harm.
 */
#include "config/load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/tree.h"

static int load_object(struct sw_load *load, const yaml_node_t *node, enum sw_object object,
		       void *base);

static yaml_node_t *node_of(struct sw_load *load, int index)
{
	return yaml_document_get_node(load->document, index);
}

/* Extends the path for what is inside; the returned length goes to leave(). */
static size_t enter(struct sw_load *load, const char *key)
{
	size_t length = strlen(load->path);

	snprintf(load->path + length, sizeof(load->path) - length, "%s%s",
		 length && key[0] != '[' ? "." : "", key);
	return length;
}

static size_t enter_item(struct sw_load *load, size_t index)
{
	char text[24];

	snprintf(text, sizeof(text), "[%zu]", index);
	return enter(load, text);
}

static void leave(struct sw_load *load, size_t length)
{
	load->path[length] = '\0';
}

static int wrong_kind(struct sw_load *load, const yaml_node_t *node, const char *expected)
{
	const char *text = sw_load_text(node);
	char found[SW_FOUND_TEXT];

	if (node->type == YAML_MAPPING_NODE)
		snprintf(found, sizeof(found), "a map");
	else if (node->type == YAML_SEQUENCE_NODE)
		snprintf(found, sizeof(found), "a list");
	else if (!text)
		snprintf(found, sizeof(found), "a NUL byte");
	else if (text[0] == '\0')
		snprintf(found, sizeof(found), "nothing");
	else
		sw_value_quote(text, found, sizeof(found));
	return sw_load_fail(load, &node->start_mark, NULL, -EINVAL, "found %s, %s", found,
			    expected);
}

static int load_single(struct sw_load *load, const yaml_node_t *node, const struct sw_key *key,
		       void *base)
{
	const char *text = sw_load_text(node);
	char expected[SW_EXPECTED_TEXT];
	struct sw_error why = {0};
	int rc;

	if (!text) {
		sw_value_expected(key, expected, sizeof(expected));
		return wrong_kind(load, node, expected);
	}
	rc = sw_value_parse(key, base, text, &why);
	return rc ? sw_load_fail(load, &node->start_mark, NULL, rc, "%s", why.text) : 0;
}

static int load_element(struct sw_load *load, const yaml_node_t *node, const struct sw_key *key,
			void *base)
{
	const char *text = sw_load_text(node);
	char expected[SW_EXPECTED_TEXT];
	struct sw_error why = {0};
	int rc;

	if (!text) {
		sw_value_expected(key, expected, sizeof(expected));
		return wrong_kind(load, node, expected);
	}
	if (key->type == SW_KEY_SOURCES && ++load->source_total > SW_CONFIG_SOURCES_MAX)
		return sw_load_fail(load, &node->start_mark, NULL, -EINVAL,
				    "more than %u prefixes in all", SW_CONFIG_SOURCES_MAX);
	rc = sw_value_append(key, base, text, sw_load_mark(node), &why);
	return rc ? sw_load_fail(load, &node->start_mark, NULL, rc, "%s", why.text) : 0;
}

static int load_child(struct sw_load *load, const yaml_node_t *node, const struct sw_key *key,
		      void *base)
{
	size_t *count = (size_t *)((char *)base + key->count_offset);
	void *child;

	if (key->child == SW_OBJECT_CLASS && ++load->class_total > SW_CONFIG_CLASSES_MAX)
		return sw_load_fail(load, &node->start_mark, NULL, -EINVAL,
				    "more than %u classes in all", SW_CONFIG_CLASSES_MAX);
	child = sw_tree_append(sw_value_at(key, base), count, sw_object_size(key->child));
	if (!child)
		return sw_load_fail(load, &node->start_mark, NULL, -ENOMEM, "out of memory");
	((struct sw_config_origin *)child)->at = sw_load_mark(node);
	sw_value_defaults(key->child, child);
	return load_object(load, node, key->child, child);
}

static int load_list(struct sw_load *load, const yaml_node_t *node, const struct sw_key *key,
		     void *base)
{
	size_t length, count;
	int rc = 0;

	if (node->type != YAML_SEQUENCE_NODE)
		return wrong_kind(load, node, "expected a list");
	count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (key->type == SW_KEY_LANES)
		((struct sw_config_lanes *)sw_value_at(key, base))->count = 0; /* no defaults */
	else if (count > key->max)
		return sw_load_fail(load, &node->start_mark, NULL, -EINVAL,
				    "found a list of %zu, expected at most %zu", count,
				    (size_t)key->max);
	if (key->type == SW_KEY_LANES && count == 0)
		return sw_load_fail(load, &node->start_mark, NULL, -EINVAL,
				    "found an empty list, expected at least one lane");
	for (size_t i = 0; i < count && rc == 0; i++) {
		const yaml_node_t *item = node_of(load, node->data.sequence.items.start[i]);

		length = enter_item(load, i);
		if (key->type == SW_KEY_OBJECTS)
			rc = load_child(load, item, key, base);
		else
			rc = load_element(load, item, key, base);
		leave(load, length);
	}
	return rc;
}

static int load_key(struct sw_load *load, const yaml_node_t *node, const struct sw_key *key,
		    void *base)
{
	size_t length = enter(load, key->name);
	int rc;

	sw_value_mark_set(key, base, sw_load_mark(node));
	if (key->type >= SW_KEY_LANES)
		rc = load_list(load, node, key, base);
	else
		rc = load_single(load, node, key, base);
	leave(load, length);
	return rc;
}

/* The keys of one level: an object's own (section NULL) or those of a map inside it. */
static int load_level(struct sw_load *load, const yaml_node_t *node, enum sw_object object,
		      const char *section, void *base)
{
	const yaml_node_pair_t *pair;
	int rc = 0;

	if (node->type != YAML_MAPPING_NODE)
		return wrong_kind(load, node, "expected a map of keys");
	for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top && !rc;
	     pair++) {
		const yaml_node_t *value = node_of(load, pair->value);
		const struct sw_key *key;
		const char *name;
		size_t length;

		rc = sw_load_check_key(load, object, section, node, pair);
		if (rc)
			return rc;
		name = sw_load_text(node_of(load, pair->key));
		key = sw_keys_find(object, section, name);
		if (key) {
			rc = load_key(load, value, key, base);
		} else {
			length = enter(load, name);
			rc = load_level(load, value, object, name, base);
			leave(load, length);
		}
	}
	return rc;
}

/* Every service has its class "default", said or not. */
static int complete_service(struct sw_load *load, struct sw_config_service *service)
{
	struct sw_config_class *added;

	if (sw_config_find_class(service, "default"))
		return 0;
	if (sw_config_add_class(service, "default", &added, load->err))
		return -ENOMEM;
	added->origin.at = service->origin.at;
	return 0;
}

static int load_object(struct sw_load *load, const yaml_node_t *node, enum sw_object object,
		       void *base)
{
	int rc = load_level(load, node, object, NULL, base);

	if (rc || object != SW_OBJECT_SERVICE)
		return rc;
	return complete_service(load, base);
}

int sw_load_document(struct sw_load *load)
{
	yaml_node_t *root = yaml_document_get_root_node(load->document);
	const char *text = root ? sw_load_text(root) : "";

	if (text && text[0] == '\0')
		return sw_error_set(load->err, -EINVAL,
				    "%s: the file is empty; at least services[].listen is needed, "
				    "like: services: [{listen: [\":5432\"]}]",
				    load->name);
	load->config->origin.at = sw_load_mark(root);
	return load_object(load, root, SW_OBJECT_CONFIG, load->config);
}
