/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * budget: how many direct connections a service may have.
 */
#include <errno.h>
#include <stdio.h>

#include "config/words.h"
#include "daemon/change.h"
#include "daemon/change_verbs.h"
#include "daemon/request.h"
#include "spillway/slots.h"

bool sw_change_budget_changes(json_t *args)
{
	return json_object_get(args, "value") != NULL;
}

static int set_budget(struct sw_config_service *service, json_t *args, struct sw_error *err)
{
	const json_t *value = json_object_get(args, "value");
	char number[24];
	int failed;

	if (json_is_string(value))
		return sw_config_set_service(service, "budget.mode", json_string_value(value), err);
	if (!json_is_integer(value))
		return sw_error_set(err, -EINVAL,
				    "'value': expected a whole number, auto or adaptive");
	snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
	failed = sw_config_set_service(service, "budget.mode", "fixed", err);
	return failed ? failed : sw_config_set_service(service, "budget.direct", number, err);
}

static int change(struct sw_daemon *daemon, json_t *args, struct sw_error *err)
{
	int failed = sw_request_change(daemon, args, set_budget, err);

	/* What a version cannot do yet is a wrong setting for it, not a missing privilege. */
	return failed == -ENOTSUP ? -EINVAL : failed;
}

int sw_change_budget_verb(void *arg, json_t *args, json_t **result, struct sw_error *err)
{
	struct sw_daemon *daemon = arg;
	struct sw_config_service *service;
	const struct sw_plan_service *planned;
	int failed = sw_change_budget_changes(args) ? change(daemon, args, err) : 0;

	if (!failed)
		failed = sw_request_service(args, daemon->plan, daemon->config, &service, err);
	if (failed)
		return failed;
	planned = sw_plan_service_named(daemon->plan, service->name);
	*result = json_pack(
		"{s:s, s:s, s:I, s:I, s:I}", "service", service->name, "mode",
		sw_words_name(SW_WORDS_BUDGET_MODE, service->budget.mode), "direct",
		(json_int_t)sw_config_budget(service), "used",
		(json_int_t)sw_slots_total(daemon->maps->service_state[planned->id].direct),
		"reserved", (json_int_t)sw_config_reserved(service));
	return 0;
}
