/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway detach`: stops guarding an interface.
 */
#include <stdio.h>

#include "cli/args.h"
#include "cli/field.h"

static int request(const struct sw_args *args, json_t *out, struct sw_error *err)
{
	return sw_request_text(out, "interface", args->positional[0], err);
}

static int render(const struct sw_cli *cli, const json_t *result)
{
	(void)cli;
	sw_term_print("detached from %s\n", sw_field_text(result, "interface"));
	return 0;
}

const struct sw_verb sw_verb_detach = {
	.name = "detach",
	.usage = "IF",
	.summary = "stop guarding an interface",
	.description =
		"Takes the gate off an interface. Connections that are inside go on and keep "
		"their slots until they close; new ones over that interface are no longer limited.",
	.example = "spillway detach eth1",
	.min = 1,
	.max = 1,
	.request = request,
	.render = render,
};
