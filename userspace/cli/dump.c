/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway dump`: the running configuration as a file.
 */
#include "cli/output.h"
#include "cli/verb.h"

static int render(const struct sw_cli *cli, const json_t *result)
{
	(void)cli;
	sw_output_text(result, "yaml");
	return 0;
}

const struct sw_verb sw_verb_dump = {
	.name = "dump",
	.usage = "",
	.summary = "print the running configuration as YAML",
	.description =
		"Prints the configuration as it runs now, live changes included, as YAML that "
		"`spillway check` and spillwayd accept.",
	.example = "spillway dump > /etc/spillway/spillway.yaml",
	.render = render,
};
