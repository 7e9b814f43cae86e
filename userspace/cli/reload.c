/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway reload`: makes the daemon read its configuration file again.
 */
#include "cli/args.h"
#include "cli/field.h"

static int render(const struct sw_cli *cli, const json_t *result)
{
	const json_t *changed = json_object_get(result, "changed"), *line;
	size_t i;

	(void)cli;
	if (json_array_size(changed) == 0)
		sw_term_print("nothing has changed\n");
	json_array_foreach(changed, i, line) sw_term_print("%s\n", json_string_value(line));
	return 0;
}

const struct sw_verb sw_verb_reload = {
	.name = "reload",
	.usage = "",
	.summary = "read the configuration file again",
	.description =
		"Makes spillwayd read its configuration file again and apply what has changed, without losing a "
		"packet or a count, and lists the changes. A file with an error changes nothing. Changes made by "
		"budget, limit and class that are not in the file are replaced by what the file says.",
	.example = "spillway check /etc/spillway/spillway.yaml && spillway reload",
	.render = render,
};
