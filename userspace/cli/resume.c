/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway resume`: see pause.c.
 */
#include "cli/pause.h"

static int request(const struct sw_args *args, json_t *out, struct sw_error *err)
{
	return sw_request_text(out, "service", args->positional[0], err);
}

const struct sw_verb sw_verb_resume = {
	.name = "resume",
	.usage = "SERVICE",
	.summary = "end a pause: who waits is let in by and by",
	.description =
		"Ends a pause. Those that wait by then are let in while there is room, no faster than "
		"queue.resume_rate, and so is who comes meanwhile; once they are in nobody is held back. A database "
		"that was restarted meanwhile is waited for.",
	.example = "spillway resume main",
	.min = 1,
	.max = 1,
	.request = request,
	.render = sw_pause_render,
};
