/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What reading a YAML document shares between its files: the place it is at, and how errors name
 * it. Internal to config/.
 */
#ifndef SW_CONFIG_LOAD_H
#define SW_CONFIG_LOAD_H

#include <yaml.h>

#include "config/value.h"

struct sw_load {
	yaml_document_t *document;
	const char *name; /* of the file, for errors */
	struct sw_config *config;
	char path[160]; /* "services[0].classes[2]"; "" at the top */
	size_t class_total;
	size_t source_total;
	struct sw_error *err;
};

/* Fills in load->config from the root of the document. */
int sw_load_document(struct sw_load *load);

/* "FILE:LINE:COLUMN: PATH: …"; a key of NULL leaves the path as it is. */
int sw_load_fail(struct sw_load *load, const yaml_mark_t *mark, const char *key, int code,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* A known key once each: the pairs up to and without the given one are looked at. */
int sw_load_check_key(struct sw_load *load, enum sw_object object, const char *section,
		      const yaml_node_t *map, const yaml_node_pair_t *pair);

/* The text of a scalar; NULL for other nodes and for a scalar with a NUL inside. */
const char *sw_load_text(const yaml_node_t *node);

struct sw_mark sw_load_mark(const yaml_node_t *node);

#endif
