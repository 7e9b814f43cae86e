/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway handover`: makes the daemon leave without taking anything off.
 */
#include "cli/args.h"

static int render(const struct sw_cli *cli, const json_t *result)
{
	(void)cli, (void)result;
	sw_term_print("spillwayd has left; the gate stays, and the next spillwayd takes it over\n");
	return 0;
}

const struct sw_verb sw_verb_handover = {
	.name = "handover",
	.usage = "",
	.summary = "stop the daemon but leave the gate, for the next daemon to take over",
	.description =
		"Makes spillwayd exit and leave programs and tables in the kernel, where they go on admitting, "
		"limiting and counting (see on_daemon_loss). The spillwayd that is started next takes them over "
		"with every count, and with what was tuned since the file was read. For upgrades; returns when "
		"the next one may be started.",
	.example = "spillway handover && spillwayd",
	.render = render,
};
