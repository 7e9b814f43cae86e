/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of verbs. Names are compared whole: a script's short form must not change its meaning with a new verb.
 */
#include <string.h>

#include "cli/verb.h"

const struct sw_verb *const sw_verbs[] = {
	&sw_verb_status,  &sw_verb_top,	     &sw_verb_sources,
	&sw_verb_flows,	  &sw_verb_queue,    &sw_verb_attach,
	&sw_verb_detach,  &sw_verb_budget,   &sw_verb_limit,
	&sw_verb_class,	  &sw_verb_pause,    &sw_verb_resume,
	&sw_verb_allow,	  &sw_verb_deny,     &sw_verb_forget,
	&sw_verb_explain, &sw_verb_reload,   &sw_verb_handover,
	&sw_verb_dump,	  &sw_verb_check,    &sw_verb_probe,
	&sw_verb_metrics, &sw_verb_events,   &sw_verb_record,
	&sw_verb_replay,  &sw_verb_complete, NULL,
};

const struct sw_verb *sw_verb_find(const char *name)
{
	for (size_t i = 0; sw_verbs[i]; i++) {
		if (strcmp(sw_verbs[i]->name, name) == 0)
			return sw_verbs[i];
	}
	return NULL;
}
