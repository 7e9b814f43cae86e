/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway attach`: guards one more interface.
 */
#include <stdio.h>

#include "cli/args.h"
#include "cli/field.h"

static int request(const struct sw_args *args, json_t *out, struct sw_error *err)
{
	static const char *const modes[] = {"auto", "native", "generic", "tc", NULL};
	int rc = sw_request_text(out, "interface", args->positional[0], err);

	return rc == 0 ? sw_args_put_word(args, "mode", modes, out, err) : rc;
}

static int render(const struct sw_cli *cli, const json_t *result)
{
	(void)cli;
	sw_term_print("attached to %s (%s)\n", sw_field_text(result, "interface"),
		      sw_field_text(result, "mode"));
	return 0;
}

const struct sw_verb sw_verb_attach = {
	.name = "attach",
	.usage = "IF [--mode M]",
	.summary = "guard an interface",
	.description =
		"Attaches the gate to an interface. The mode says where: native (the driver's XDP hook, the "
		"fastest), generic (XDP after the kernel has made a buffer), tc (the traffic control ingress hook, "
		"for interfaces that have an XDP program already), or auto, the first of them that works.",
	.example = "spillway attach eth1 --mode tc",
	.options = {{"mode", "M", "auto (default), native, generic or tc"}},
	.min = 1,
	.max = 1,
	.request = request,
	.render = render,
};
