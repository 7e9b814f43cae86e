/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reload: the file again, and what became different by it.
 */
#include "config/differences.h"
#include "daemon/change.h"
#include "daemon/change_verbs.h"

int sw_change_reload_verb(void *arg, json_t *args, json_t **result, struct sw_error *err)
{
	struct sw_daemon *daemon = arg;
	json_t *before = sw_config_to_json(daemon->config);
	json_t *lines;
	json_t *after;
	int failed = sw_change_reload(daemon, err);

	(void)args;
	after = sw_config_to_json(daemon->config);
	lines = sw_config_differences(before, after);
	json_decref(before);
	json_decref(after);
	if (failed)
		json_decref(lines);
	else
		*result = json_pack("{s:o}", "changed", lines);
	return failed;
}
