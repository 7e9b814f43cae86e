/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests and replies of allow, deny and forget.
 */
#include "cli/rule.h"

#include <stdio.h>

#include "cli/field.h"
#include "core/addr.h"

int sw_rule_request(const struct sw_args *args, json_t *out, struct sw_error *err)
{
	const char *cidr = args->positional[0];
	struct sw_error why = {};
	struct sw_prefix prefix;
	int rc = sw_prefix_parse(cidr, &prefix, &why);

	if (rc < 0)
		return sw_error_set(err, rc, "%s: %s", cidr, why.text);
	rc = sw_request_text(out, "cidr", cidr, err);
	if (rc == 0)
		rc = sw_args_put_text(args, "service", out, err);
	return rc == 0 ? sw_args_put_duration(args, "for", out, err) : rc;
}

int sw_rule_render(const struct sw_cli *cli, const json_t *result)
{
	const json_t *expires = json_object_get(result, "expires_in_s"), *service;
	const char *action = json_string_value(json_object_get(result, "action"));
	char age[SW_FIELD_TEXT];
	size_t i;

	(void)cli;
	sw_term_print("%s: %s on", sw_field_text(result, "cidr"), action ? action : "forgotten");
	json_array_foreach(json_object_get(result, "services"), i, service)
		sw_term_print("%s %s", i > 0 ? "," : "", json_string_value(service));
	if (json_is_number(expires))
		sw_term_print(" for %s",
			      sw_field_age(sw_field_int(result, "expires_in_s"), age, sizeof(age)));
	else if (action)
		sw_term_print(" until forgotten");
	sw_term_print("\n");
	return 0;
}
