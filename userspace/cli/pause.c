/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway pause` and what it has in common with `spillway resume`.
 */
#include "cli/pause.h"

#include "cli/field.h"

static int request(const struct sw_args *args, json_t *out, struct sw_error *err)
{
	int rc = sw_request_text(out, "service", args->positional[0], err);

	return rc == 0 ? sw_args_put_duration(args, "for", out, err) : rc;
}

int sw_pause_render(const struct sw_cli *cli, const json_t *result)
{
	const char *service = sw_field_text(result, "service");
	long long waiting = sw_field_int(result, "waiting");
	char age[SW_FIELD_TEXT];

	(void)cli;
	if (sw_field_true(result, "resumes"))
		sw_term_print("%s: resumes as soon as its database serves, %lld wait\n", service,
			      waiting);
	else if (!sw_field_true(result, "paused"))
		sw_term_print("%s: resumed, %lld waiting to be let in\n", service, waiting);
	else if (json_is_integer(json_object_get(result, "ends_in_s")))
		sw_term_print("%s: paused for %s, new connections wait\n", service,
			      sw_field_age(sw_field_int(result, "ends_in_s"), age, sizeof(age)));
	else
		sw_term_print("%s: paused until resumed, new connections wait\n", service);
	return 0;
}

const struct sw_verb sw_verb_pause = {
	.name = "pause",
	.usage = "SERVICE [--for DURATION]",
	.summary = "let new connections wait; those inside go on",
	.description =
		"From now on every new connection to the service waits, whatever room there is; those that are "
		"inside go on. For a restart of the database: pause, restart, resume, and clients see a slow connect "
		"instead of an error. Who was let in just before is inside, and a restart cuts his login short: wait "
		"until pg_stat_activity has a session, with a state, for each slot that status has in use, or until all "
		"have left. queue.max_wait goes on in a pause, as query_wait_timeout does in "
		"PgBouncer's: who has waited so long gets the last lane of his chain, so make it longer than the "
		"pause. All are kept out, those that are allowed all included; without a daemon a pause does not "
		"hold.",
	.example = "spillway pause main --for 30s",
	.options = {{"for", "DURATION", "resume by itself after 30s, 10m, ..."}},
	.min = 1,
	.max = 1,
	.request = request,
	.render = sw_pause_render,
};
