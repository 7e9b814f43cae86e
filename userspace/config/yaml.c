/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree as YAML that loads again: JSON (emit.c) handed to libyaml's emitter node by node.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "config/emit.h"
#include "core/cleanup.h"

/* Lists up to this length stay on one line. */
#define LINE_ITEMS 8

static int add(yaml_document_t *document, const json_t *value);

static void document_cleanup(yaml_document_t *document)
{
	yaml_document_delete(document);
}

static void emitter_cleanup(yaml_emitter_t *emitter)
{
	yaml_emitter_delete(emitter);
}

/* Words that YAML 1.1 readers take for something else than a string. */
static bool is_special(const char *text)
{
	static const char *const special[] = {"true", "false", "yes", "no", "on",
					      "off",  "null",  "y",   "n"};

	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		if (strcasecmp(text, special[i]) == 0)
			return true;
	}
	return false;
}

/* A name, a path, a duration or a rate needs no quotes; when in doubt, quote. */
static bool is_plain(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	const char *rest = text + digits;

	if (digits)
		return rest[0] == '/' ? strlen(rest) == 2 && isalpha((unsigned char)rest[1])
				      : isalpha((unsigned char)rest[0]) && strlen(rest) <= 2 &&
						strpbrk(rest, "smhun") == rest;
	if (!isalpha((unsigned char)text[0]) && text[0] != '/')
		return false;
	return !is_special(text) && text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
						      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
						      "0123456789_-./")] == '\0';
}

static int add_scalar(yaml_document_t *document, const char *text, bool plain)
{
	return yaml_document_add_scalar(
		document, NULL, (const yaml_char_t *)text, (int)strlen(text),
		plain ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

static int add_list(yaml_document_t *document, const json_t *list)
{
	size_t count = json_array_size(list);
	bool block = count > LINE_ITEMS || json_is_object(json_array_get(list, 0));
	int node, item;

	node = yaml_document_add_sequence(
		document, NULL, block ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE);
	for (size_t i = 0; node && i < count; i++) {
		item = add(document, json_array_get(list, i));
		if (!item || !yaml_document_append_sequence_item(document, node, item))
			return 0;
	}
	return node;
}

static int add_map(yaml_document_t *document, json_t *map)
{
	const char *name;
	json_t *value;
	int node, key, item;

	node = yaml_document_add_mapping(document, NULL, YAML_BLOCK_MAPPING_STYLE);
	if (!node)
		return 0;
	json_object_foreach(map, name, value)
	{
		key = add_scalar(document, name, true);
		item = key ? add(document, value) : 0;
		if (!item || !yaml_document_append_mapping_pair(document, node, key, item))
			return 0;
	}
	return node;
}

/* The number of the new node; 0: no memory. */
static int add(yaml_document_t *document, const json_t *value)
{
	char number[24];

	if (json_is_object(value))
		return add_map(document, (json_t *)value);
	if (json_is_array(value))
		return add_list(document, value);
	if (json_is_string(value))
		return add_scalar(document, json_string_value(value),
				  is_plain(json_string_value(value)));
	snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
	return add_scalar(document, number, true);
}

static bool emit(yaml_document_t *document, FILE *file)
{
	SW_CLEANUP(emitter_cleanup) yaml_emitter_t emitter = {0};

	if (!yaml_emitter_initialize(&emitter))
		return false;
	yaml_emitter_set_output_file(&emitter, file);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1); /* a folded string is hard to edit */
	return yaml_emitter_open(&emitter) && yaml_emitter_dump(&emitter, document) &&
	       yaml_emitter_close(&emitter);
}

char *sw_config_to_yaml(const struct sw_config *config)
{
	SW_CLEANUP(document_cleanup) yaml_document_t document = {0};
	json_t *json = sw_emit_object(SW_OBJECT_CONFIG, config, true);
	SW_FREE char *text = NULL;
	size_t size;
	FILE *file;
	bool done;

	done = json && yaml_document_initialize(&document, NULL, NULL, NULL, 1, 1) &&
	       add(&document, json);
	json_decref(json);
	file = done ? open_memstream(&text, &size) : NULL;
	if (!file)
		return NULL;
	done = emit(&document, file);
	if (fclose(file) || !done)
		return NULL;
	return sw_steal_ptr(&text);
}
