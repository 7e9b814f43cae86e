/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway check`: validates a configuration file without a daemon.
 */
#include <errno.h>
#include <stdio.h>

#include "cli/args.h"
#include "cli/output.h"
#include "config/config.h"

static size_t count_classes(const struct sw_config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->service_count; i++)
		count += config->services[i].class_count;
	return count;
}

static const char *plural(size_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

static void print_good(const char *path, const struct sw_config *config)
{
	size_t services = config->service_count, classes = count_classes(config);

	sw_term_print("%s: ok, %zu %s, %zu %s\n", path, services,
		      plural(services, "service", "services"), classes,
		      plural(classes, "class", "classes"));
}

/* On stderr for people, on stdout with --json: a script wants one document either way. */
static void print_bad(const struct sw_cli *cli, struct sw_error *err)
{
	if (cli->json)
		return;
	sw_term_clean(err->text);
	fprintf(stderr, "spillway: check: %s\n", err->text);
}

static void print_json(const char *path, const struct sw_config *config, const struct sw_error *err)
{
	SW_JSON_FREE json_t *document =
		config ? json_pack("{s:s, s:b, s:I, s:I}", "file", path, "ok", 1, "services",
				   (json_int_t)config->service_count, "classes",
				   (json_int_t)count_classes(config))
		       : json_pack("{s:s, s:b, s:s}", "file", path, "ok", 0, "error", err->text);

	sw_output_json(document);
}

static enum sw_exit run(const struct sw_cli *cli, const struct sw_args *args)
{
	SW_CONFIG_FREE struct sw_config *config = NULL;
	const char *path = args->positional[0];
	struct sw_error err = {};
	int rc = sw_config_load_file(path, &config, &err);

	if (rc == 0)
		rc = sw_config_validate(config, &err);
	if (cli->json)
		print_json(path, rc == 0 ? config : NULL, &err);
	else if (rc == 0)
		print_good(path, config);
	else
		print_bad(cli, &err);
	return rc == 0 ? SW_EXIT_OK : SW_EXIT_USAGE;
}

const struct sw_verb sw_verb_check = {
	.name = "check",
	.usage = "FILE",
	.summary = "validate a configuration file",
	.description =
		"Reads a configuration file as spillwayd would, and says either what it holds or where it is "
		"wrong: file, line, column, key, what was found and what is allowed. Needs neither the daemon nor "
		"privileges.",
	.example = "spillway check /etc/spillway/spillway.yaml",
	.min = 1,
	.max = 1,
	.local = run,
};
