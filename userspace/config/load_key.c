/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys of a YAML map: known, and each once. And how errors of loading name their place. See load.h.
 */
#include "config/load.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *sw_load_text(const yaml_node_t *node)
{
	const char *text;

	if (node->type != YAML_SCALAR_NODE)
		return NULL;
	text = (const char *)node->data.scalar.value;
	return strlen(text) == node->data.scalar.length ? text : NULL;
}

struct sw_mark sw_load_mark(const yaml_node_t *node)
{
	return (struct sw_mark){.line = (uint32_t)node->start_mark.line + 1,
				.column = (uint32_t)node->start_mark.column + 1};
}

int sw_load_fail(struct sw_load *load, const yaml_mark_t *mark, const char *key, int code,
		 const char *fmt, ...)
{
	char text[sizeof(load->err->text)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return sw_error_set(load->err, code, "%s:%zu:%zu: %s%s%s%s%s", load->name, mark->line + 1,
			    mark->column + 1, load->path, load->path[0] && key ? "." : "",
			    key ? key : "", load->path[0] || key ? ": " : "", text);
}

static int unknown_key(struct sw_load *load, enum sw_object object, const char *section,
		       const yaml_node_t *node)
{
	char text[SW_UNKNOWN_TEXT];

	sw_keys_unknown(object, section, 0, sw_load_text(node), text, sizeof(text));
	return sw_load_fail(load, &node->start_mark, NULL, -EINVAL, "%s", text);
}

/* Unknown keys have been refused before, so there are never more pairs to look at than keys. */
static int check_first_time(struct sw_load *load, const yaml_node_t *map,
			    const yaml_node_pair_t *pair)
{
	const yaml_node_t *node = yaml_document_get_node(load->document, pair->key);
	const char *name = sw_load_text(node);

	for (const yaml_node_pair_t *other = map->data.mapping.pairs.start; other < pair; other++) {
		const yaml_node_t *first = yaml_document_get_node(load->document, other->key);

		if (strcmp(sw_load_text(first), name) == 0)
			return sw_load_fail(load, &node->start_mark, name, -EINVAL,
					    "the key is given twice, first in line %zu",
					    first->start_mark.line + 1);
	}
	return 0;
}

int sw_load_check_key(struct sw_load *load, enum sw_object object, const char *section,
		      const yaml_node_t *map, const yaml_node_pair_t *pair)
{
	const yaml_node_t *node = yaml_document_get_node(load->document, pair->key);
	const char *name = sw_load_text(node);

	if (!name)
		return sw_load_fail(load, &node->start_mark, NULL, -EINVAL,
				    "found a %s as a key, expected a word",
				    node->type == YAML_MAPPING_NODE    ? "map"
				    : node->type == YAML_SEQUENCE_NODE ? "list"
								       : "NUL byte");
	if (!sw_keys_find(object, section, name) && (section || !sw_keys_is_section(object, name)))
		return unknown_key(load, object, section, node);
	return check_first_time(load, map, pair);
}
