/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway metrics`: what GET /metrics would say.
 */
#include "cli/output.h"
#include "cli/verb.h"

static int render(const struct sw_cli *cli, const json_t *result)
{
	(void)cli;
	sw_output_text(result, "text");
	return 0;
}

const struct sw_verb sw_verb_metrics = {
	.name = "metrics",
	.usage = "",
	.summary = "print the metrics in Prometheus text format",
	.description = "Prints what the daemon's HTTP listener serves as /metrics, also where that "
		       "listener is disabled. With --json, the same text as one JSON string.",
	.example = "spillway metrics | grep slots_used",
	.render = render,
};
