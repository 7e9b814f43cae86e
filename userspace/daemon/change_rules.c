/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * allow, deny, forget: the operator's lists.
 */
#include <errno.h>
#include <string.h>

#include "core/clock.h"
#include "daemon/change.h"
#include "daemon/change_verbs.h"
#include "daemon/request.h"

/* One request: a prefix, for one service or for all. */
struct target {
	struct sw_prefix prefix;
	char cidr[SW_PREFIX_TEXT];
	const struct sw_config_service *only; /* NULL: all */
};

static int read_target(const struct sw_daemon *daemon, json_t *args, struct target *out,
		       struct sw_error *err)
{
	struct sw_config_service *service = NULL;
	struct target target = {0};
	const char *cidr;
	int failed = sw_request_string(args, "cidr", &cidr, err);

	if (!failed)
		failed = sw_prefix_parse(cidr, &target.prefix, err);
	if (!failed && json_object_get(args, "service"))
		failed = sw_request_service(args, daemon->plan, daemon->config, &service, err);
	if (failed)
		return failed;
	target.only = service;
	sw_prefix_format(&target.prefix, target.cidr, sizeof(target.cidr));
	*out = target;
	return 0;
}

static int read_expiry(json_t *args, uint64_t *expires_ns, struct sw_error *err)
{
	uint64_t duration_ns;
	int failed = sw_request_duration(args, &duration_ns, err);

	*expires_ns = duration_ns ? sw_clock_monotonic_ns() + duration_ns : 0;
	return failed;
}

static int take(struct sw_daemon *daemon, struct sw_rules *rules, struct sw_error *err)
{
	int failed = sw_change(daemon, daemon->config, rules, err);

	if (failed)
		sw_rules_clear(rules);
	else
		sw_change_expire_rules(daemon);
	return failed;
}

static int set(struct sw_daemon *daemon, json_t *args, bool allow, json_t **result,
	       struct sw_error *err)
{
	struct sw_rule rule = {.allow = allow};
	json_t *services = json_array();
	struct sw_rules rules = {0};
	struct target target;
	int failed = read_target(daemon, args, &target, err);

	if (!failed)
		failed = read_expiry(args, &rule.expires_ns, err);
	if (!failed && sw_rules_copy(&daemon->rules, &rules))
		failed = sw_error_set(err, -ENOMEM, "out of memory");
	rule.prefix = target.prefix;
	for (size_t i = 0; !failed && i < daemon->config->service_count; i++) {
		const struct sw_config_service *service = &daemon->config->services[i];

		if (target.only && target.only != service)
			continue;
		memcpy(rule.service, service->name, sizeof(rule.service));
		if (sw_rules_set(&rules, &rule))
			failed = sw_error_set(err, -ENOMEM, "out of memory");
		json_array_append_new(services, json_string(service->name));
	}
	if (failed)
		sw_rules_clear(&rules);
	else
		failed = take(daemon, &rules, err);
	if (failed) {
		json_decref(services);
		return failed;
	}
	*result = json_pack("{s:s, s:o, s:s, s:o}", "cidr", target.cidr, "services", services,
			    "action", allow ? "allow" : "deny", "expires_in_s",
			    rule.expires_ns
				    ? json_integer((rule.expires_ns - sw_clock_monotonic_ns() +
						    SW_NS_PER_S / 2) /
						   SW_NS_PER_S)
				    : json_null());
	return 0;
}

int sw_change_allow_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err)
{
	return set(daemon, args, true, result, err);
}

int sw_change_deny_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err)
{
	return set(daemon, args, false, result, err);
}

int sw_change_forget_verb(void *arg, json_t *args, json_t **result, struct sw_error *err)
{
	struct sw_daemon *daemon = arg;
	json_t *services = json_array();
	struct sw_rules rules = {0};
	struct target target;
	int failed = read_target(daemon, args, &target, err);

	if (!failed && sw_rules_copy(&daemon->rules, &rules))
		failed = sw_error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; !failed && i < daemon->config->service_count; i++) {
		const struct sw_config_service *service = &daemon->config->services[i];

		if ((!target.only || target.only == service) &&
		    sw_rules_forget(&rules, service->name, &target.prefix))
			json_array_append_new(services, json_string(service->name));
	}
	if (!failed && !json_array_size(services))
		failed =
			sw_error_set(err, -ENOENT, "%s is neither allowed nor denied", target.cidr);
	if (failed)
		sw_rules_clear(&rules);
	else
		failed = take(daemon, &rules, err);
	if (failed) {
		json_decref(services);
		return failed;
	}
	*result = json_pack("{s:s, s:o}", "cidr", target.cidr, "services", services);
	return 0;
}
