/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From bytes to a tree: reads the file, has libyaml parse it, and says where the YAML itself is
 * wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config/load.h"
#include "core/cleanup.h"

static void parser_cleanup(yaml_parser_t *parser)
{
	yaml_parser_delete(parser);
}

static void document_cleanup(yaml_document_t *document)
{
	yaml_document_delete(document);
}

/* The reader (bad UTF-8, control characters) knows an offset only. */
static yaml_mark_t mark_at(const char *data, size_t size, size_t offset)
{
	yaml_mark_t mark = {0};

	for (size_t i = 0; i < offset && i < size; i++) {
		mark.column++;
		if (data[i] == '\n') {
			mark.line++;
			mark.column = 0;
		}
	}
	return mark;
}

static int syntax_error(struct sw_load *load, const yaml_parser_t *parser, const char *data,
			size_t size)
{
	yaml_mark_t mark = parser->problem_mark;

	if (parser->error == YAML_MEMORY_ERROR)
		return sw_error_set(load->err, -ENOMEM, "%s: out of memory", load->name);
	if (parser->error == YAML_READER_ERROR)
		mark = mark_at(data, size, parser->problem_offset);
	return sw_load_fail(load, &mark, NULL, -EINVAL, "not valid YAML: %s%s%s", parser->problem,
			    parser->context ? ", " : "", parser->context ? parser->context : "");
}

/* Nothing may follow the document that was loaded. */
static int check_single(struct sw_load *load, yaml_parser_t *parser, const char *data, size_t size)
{
	SW_CLEANUP(document_cleanup) yaml_document_t next = {0};
	yaml_node_t *root;

	if (!yaml_parser_load(parser, &next))
		return syntax_error(load, parser, data, size);
	root = yaml_document_get_root_node(&next);
	if (!root)
		return 0;
	return sw_load_fail(load, &root->start_mark, NULL, -EINVAL,
			    "a second document begins here, expected one");
}

int sw_config_load_buffer(const char *data, size_t size, const char *name, struct sw_config **out,
			  struct sw_error *err)
{
	SW_CLEANUP(document_cleanup) yaml_document_t document = {0};
	SW_CLEANUP(parser_cleanup) yaml_parser_t parser = {0};
	SW_CONFIG_FREE struct sw_config *config = NULL;
	struct sw_load load = {.document = &document, .name = name, .err = err};
	int rc;

	if (size > SW_CONFIG_FILE_MAX)
		return sw_error_set(err, -EFBIG, "%s: larger than %u bytes, expected less", name,
				    SW_CONFIG_FILE_MAX);
	if (sw_config_defaults(&config) || !(config->file = strdup(name)) ||
	    !yaml_parser_initialize(&parser))
		return sw_error_set(err, -ENOMEM, "%s: out of memory", name);
	load.config = config;
	yaml_parser_set_input_string(&parser, (const unsigned char *)data, size);
	if (!yaml_parser_load(&parser, &document))
		return syntax_error(&load, &parser, data, size);
	rc = sw_load_document(&load);
	if (rc)
		return rc;
	rc = check_single(&load, &parser, data, size);
	if (rc)
		return rc;
	*out = sw_steal_ptr(&config);
	return 0;
}

int sw_config_load_string(const char *text, const char *name, struct sw_config **out,
			  struct sw_error *err)
{
	return sw_config_load_buffer(text, strlen(text), name, out, err);
}

/* Reads up to one byte more than allowed, which load_buffer() then refuses. */
static int read_all(int fd, char *data, size_t *size)
{
	ssize_t got;

	*size = 0;
	while (*size <= SW_CONFIG_FILE_MAX) {
		got = read(fd, data + *size, SW_CONFIG_FILE_MAX + 1 - *size);
		if (got == 0)
			return 0;
		if (got > 0)
			*size += (size_t)got;
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

int sw_config_load_file(const char *path, struct sw_config **out, struct sw_error *err)
{
	SW_FREE char *data = malloc(SW_CONFIG_FILE_MAX + 1);
	SW_CLOSE int fd = -1;
	size_t size = 0;
	int rc;

	if (!data)
		return sw_error_set(err, -ENOMEM, "%s: out of memory", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	rc = fd < 0 ? -errno : read_all(fd, data, &size);
	if (rc)
		return sw_error_set(err, rc, "%s: cannot be read: %s", path, strerror(-rc));
	return sw_config_load_buffer(data, size, path, out, err);
}
