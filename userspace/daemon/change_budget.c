/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * budget: how many direct connections a service may have.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/words.h"
#include "daemon/change.h"
#include "daemon/change_verbs.h"
#include "daemon/request.h"
#include "spillway/slots.h"

bool sw_change_budget_changes(json_t *args)
{
	return json_object_get(args, "value") != NULL;
}

/* "freeze" and "unfreeze" leave the mode as it is. */
static int set_word(struct sw_config_service *service, const char *word, struct sw_error *err)
{
	bool freezes = !strcmp(word, "freeze");

	if (!freezes && strcmp(word, "unfreeze"))
		return sw_config_set_service(service, "budget.mode", word, err);
	if (service->budget.mode != SW_BUDGET_ADAPTIVE)
		return sw_error_set(err, -EINVAL,
				    "the budget of service '%s' is %s: only one that is adaptive "
				    "moves by itself and can be frozen",
				    service->name,
				    sw_words_name(SW_WORDS_BUDGET_MODE, service->budget.mode));
	return sw_config_set_service(service, "budget.freeze", freezes ? "yes" : "no", err);
}

static int set_budget(struct sw_config_service *service, json_t *args, struct sw_error *err)
{
	const json_t *value = json_object_get(args, "value");
	char number[24];
	int failed;

	if (json_is_string(value))
		return set_word(service, json_string_value(value), err);
	if (!json_is_integer(value))
		return sw_error_set(
			err, -EINVAL,
			"'value': expected a whole number, auto, adaptive, freeze or unfreeze");
	snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
	failed = sw_config_set_service(service, "budget.mode", "fixed", err);
	return failed ? failed : sw_config_set_service(service, "budget.direct", number, err);
}

int sw_change_budget_verb(void *arg, json_t *args, json_t **result, struct sw_error *err)
{
	struct sw_daemon *daemon = arg;
	struct sw_config_service *service;
	const struct sw_plan_service *planned;
	int failed = sw_change_budget_changes(args)
			     ? sw_request_change(daemon, args, set_budget, err)
			     : 0;

	if (!failed)
		failed = sw_request_service(args, daemon->plan, daemon->config, &service, err);
	if (failed)
		return failed;
	planned = sw_plan_service_named(daemon->plan, service->name);
	*result = json_pack(
		"{s:s, s:s, s:I, s:I, s:I, s:b}", "service", service->name, "mode",
		sw_words_name(SW_WORDS_BUDGET_MODE, service->budget.mode), "direct",
		(json_int_t)sw_config_budget(service), "used",
		(json_int_t)sw_slots_total(daemon->maps->service_state[planned->id].direct),
		"reserved", (json_int_t)sw_config_reserved(service), "frozen",
		service->budget.mode == SW_BUDGET_ADAPTIVE && service->budget.freeze == SW_YES);
	return 0;
}
