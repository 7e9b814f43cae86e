/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway probe`: what this machine can do for spillwayd. Works without the daemon.
 */
#include <stdio.h>

#include "cli/field.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "kern/probe.h"

#define LINES_MAX 64

static const struct level {
	const char *name;
	enum sw_style style;
} levels[] = {
	[SW_PROBE_OK] = {"ok", SW_STYLE_GOOD},
	[SW_PROBE_WARN] = {"warning", SW_STYLE_WARN},
	[SW_PROBE_FAIL] = {"missing", SW_STYLE_BAD},
};

static void print_json(const struct sw_probe_line *lines, int count)
{
	SW_JSON_FREE json_t *document = json_pack("{s:[]}", "checks");

	for (int i = 0; i < count; i++)
		json_array_append_new(json_object_get(document, "checks"),
				      json_pack("{s:s, s:s, s:s}", "check", lines[i].check, "level",
						levels[lines[i].level].name, "text",
						lines[i].text));
	sw_output_json(document);
}

static int print_table(const struct sw_cli *cli, const struct sw_probe_line *lines, int count)
{
	static const struct sw_column columns[] = {
		{"CHECK", false}, {"RESULT", false}, {"DETAIL", false}};
	SW_TABLE_FREE struct sw_table *table =
		sw_table_new(columns, sizeof(columns) / sizeof(columns[0]));

	for (int i = 0; i < count; i++) {
		const struct level *level = &levels[lines[i].level];

		sw_table_add(table, SW_STYLE_PLAIN, "%s", lines[i].check);
		sw_table_add(table, level->style, "%s", level->name);
		sw_table_add(table, SW_STYLE_PLAIN, "%s", lines[i].text);
	}
	return sw_table_print(table, &cli->term, stdout);
}

static enum sw_exit run(const struct sw_cli *cli, const struct sw_args *args)
{
	struct sw_probe_line lines[LINES_MAX];
	int count = sw_probe_run(lines, LINES_MAX);

	(void)args;
	if (cli->json)
		print_json(lines, count);
	else if (print_table(cli, lines, count) < 0)
		return SW_EXIT_FAILED;
	for (int i = 0; i < count; i++) {
		if (lines[i].level == SW_PROBE_FAIL)
			return SW_EXIT_KERNEL;
	}
	return SW_EXIT_OK;
}

const struct sw_verb sw_verb_probe = {
	.name = "probe",
	.usage = "",
	.summary = "what this machine's kernel and privileges allow",
	.description =
		"Tests on this machine what spillwayd is going to need: kernel features, BTF, bpffs, "
		"capabilities. Exit status 3 when something it cannot do without is missing. Run it as the user that "
		"is to run spillwayd.",
	.example = "sudo spillway probe",
	.local = run,
};
