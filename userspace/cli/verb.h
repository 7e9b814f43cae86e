/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verbs: one row each, in a file of its own. Parsing, usage, --help and what is sent come from the rows.
 */
#ifndef SW_CLI_VERB_H
#define SW_CLI_VERB_H

#include <stddef.h>
#include <stdint.h>
#include <jansson.h>

#include "cli/cli.h"
#include "core/error.h"

#define SW_VERB_OPTIONS_MAX 4

struct sw_option {
	const char *name;    /* without dashes; NULL ends a list */
	const char *metavar; /* NULL: takes no value */
	const char *help;
};

struct sw_args;

/* A verb either asks the daemon (request and render) or works here (local). */
struct sw_verb {
	const char *name;
	const char *usage; /* what follows the name, one line for each form */
	const char *summary;
	const char *description;
	const char *example;
	struct sw_option options[SW_VERB_OPTIONS_MAX + 1];
	size_t min, max; /* positional arguments */

	/* Fills the request's args; -EINVAL with a text is a usage error. NULL: no args. */
	int (*request)(const struct sw_args *args, json_t *request, struct sw_error *err);
	/* Prints the reply for people. 0 or -errno. */
	int (*render)(const struct sw_cli *cli, const json_t *result);
	enum sw_exit (*local)(const struct sw_cli *cli, const struct sw_args *args);
};

/* In the order of --help; NULL-ended. */
extern const struct sw_verb *const sw_verbs[];

const struct sw_verb *sw_verb_find(const char *name);

extern const struct sw_verb sw_verb_status, sw_verb_sources, sw_verb_flows, sw_verb_attach,
	sw_verb_detach, sw_verb_budget, sw_verb_limit, sw_verb_class, sw_verb_allow, sw_verb_deny,
	sw_verb_forget, sw_verb_explain, sw_verb_reload, sw_verb_handover, sw_verb_dump,
	sw_verb_check, sw_verb_probe, sw_verb_metrics, sw_verb_queue, sw_verb_pause, sw_verb_resume,
	sw_verb_complete, sw_verb_events, sw_verb_top, sw_verb_record, sw_verb_replay;

#endif
