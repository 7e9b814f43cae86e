/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway probe`: what this machine can do for spillwayd, and what the services of the configuration find here. Works
 * without the daemon.
 */
#include "cli/probe.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/args.h"

#include "cli/field.h"
#include "cli/output.h"
#include "cli/verb.h"

static const struct level {
	const char *name;
	enum sw_style style;
} levels[] = {
	[SW_PROBE_OK] = {"ok", SW_STYLE_GOOD},
	[SW_PROBE_WARN] = {"warn", SW_STYLE_WARN},
	[SW_PROBE_FAIL] = {"fail", SW_STYLE_BAD},
};

static void print_json(const struct sw_probe *probe)
{
	SW_JSON_FREE json_t *document = json_pack("{s:[]}", "checks");

	for (size_t i = 0; i < probe->count; i++) {
		const struct sw_probe_line *line = &probe->lines[i];

		json_array_append_new(json_object_get(document, "checks"),
				      json_pack("{s:s, s:s, s:s}", "check", line->check, "level",
						levels[line->level].name, "text", line->text));
	}
	sw_output_json(document);
}

static int print_table(const struct sw_cli *cli, const struct sw_probe *probe)
{
	static const struct sw_column columns[] = {
		{"CHECK", false}, {"RESULT", false}, {"DETAIL", false}};
	SW_TABLE_FREE struct sw_table *table =
		sw_table_new(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < probe->count; i++) {
		const struct sw_probe_line *line = &probe->lines[i];

		sw_table_add(table, SW_STYLE_PLAIN, "%s", line->check);
		sw_table_add(table, levels[line->level].style, "%s", levels[line->level].name);
		sw_table_add(table, SW_STYLE_PLAIN, "%s", line->text);
	}
	return sw_table_print(table, &cli->term, stdout);
}

/* The file that is named has to be there, the usual one need not. NULL: none. */
static struct sw_config *read_config(struct sw_probe *probe, const char *named)
{
	const char *path = named ? named : SW_CONFIG_FILE_DEFAULT;
	struct sw_config *config = NULL;
	struct sw_error err = {};
	int failed;

	if (!named && access(path, F_OK))
		return NULL;
	failed = sw_config_load_file(path, &config, &err);
	if (!failed)
		failed = sw_config_validate(config, &err);
	if (!failed) {
		sw_probe_say(probe, "configuration", SW_PROBE_OK, "%s", path);
		return config;
	}
	sw_probe_say(probe, "configuration", SW_PROBE_FAIL, "%.300s", err.text);
	sw_config_free(config);
	return NULL;
}

static bool has_failed(const struct sw_probe *probe, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (probe->lines[i].level == SW_PROBE_FAIL)
			return true;
	return false;
}

static enum sw_exit run(const struct sw_cli *cli, const struct sw_args *args)
{
	static struct sw_probe probe;
	SW_CONFIG_FREE struct sw_config *config = NULL;
	size_t of_host;

	sw_probe_host(&probe);
	of_host = probe.count;
	config = read_config(&probe, sw_args_value(args, "config"));
	sw_probe_interfaces(&probe, config ? config->interfaces : NULL,
			    config ? config->interface_count : 0);
	sw_probe_sockets(&probe);
	if (config) {
		sw_probe_listeners(&probe, config);
		sw_probe_databases(&probe, config);
	}
	if (cli->json)
		print_json(&probe);
	else if (print_table(cli, &probe) < 0)
		return SW_EXIT_FAILED;
	if (has_failed(&probe, of_host))
		return SW_EXIT_KERNEL;
	return has_failed(&probe, probe.count) ? SW_EXIT_FAILED : SW_EXIT_OK;
}

const struct sw_verb sw_verb_probe = {
	.name = "probe",
	.usage = "[--config FILE]",
	.summary = "what is wrong with this machine, and what to do about it",
	.description =
		"Looks for what spillwayd is going to need on this machine, and says of each thing whether it is all right, "
		"and if not what to do: kernel features, privileges, bpffs; of each interface driver, mode, queues, LRO and MTU; "
		"somaxconn and SYN cookies; and for the services of the configuration listeners and their backlogs, PostgreSQL's "
		"limits, and PgBouncer's where its console may be read. Exit status 3 when something of the kernel or a privilege "
		"is missing, 1 when something else failed. Run it as the user that is to run spillwayd.",
	.example = "sudo spillway probe",
	.options = {{"config", "FILE", "instead of /etc/spillway/spillway.yaml"}},
	.local = run,
};
