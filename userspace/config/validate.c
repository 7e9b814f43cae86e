/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether the values of a tree go together. Each value by itself was checked when it was set.
 * Called before a configuration is used: by `check`, at start, at reload, and on the clone of every
 * live change.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config/check.h"

static int check_total(const struct sw_check *check, const char *path, size_t count, size_t most,
		       const char *what)
{
	if (count <= most)
		return 0;
	return sw_check_fail(check, (struct sw_mark){0}, path, -EINVAL,
			     "%zu %s, expected at most %zu", count, what, most);
}

static int fail_classes(const struct sw_check *check, size_t service, size_t class, size_t total)
{
	const struct sw_config_class *first = &check->config->services[service].classes[class];

	return sw_check_fail_class(check, service, class, "name",
				   "class '%s' is one too many: %zu classes in all, expected at "
				   "most %d, with 'allowed' and 'denied' of each service",
				   first->name, total, SW_CONFIG_CLASSES_MAX);
}

/* The kernel's table has a place for each class, the built-in ones too. */
static int check_class_total(const struct sw_check *check)
{
	const struct sw_config *config = check->config;
	size_t before = config->service_count * SW_CONFIG_BUILTIN, total = before;

	for (size_t i = 0; i < config->service_count; i++)
		total += config->services[i].class_count;
	if (total <= SW_CONFIG_CLASSES_MAX)
		return 0;
	for (size_t i = 0; i < config->service_count; i++) {
		if (before + config->services[i].class_count > SW_CONFIG_CLASSES_MAX)
			return fail_classes(check, i, SW_CONFIG_CLASSES_MAX - before, total);
		before += config->services[i].class_count;
	}
	return 0;
}

_Static_assert(SW_CONFIG_SERVICES_MAX *SW_CONFIG_BUILTIN < SW_CONFIG_CLASSES_MAX,
	       "the built-in classes of all services leave room");

static int check_totals(const struct sw_check *check)
{
	const struct sw_config *config = check->config;
	size_t sources = 0;
	int rc;

	for (size_t i = 0; i < config->service_count; i++) {
		for (size_t j = 0; j < config->services[i].class_count; j++)
			sources += config->services[i].classes[j].source_count;
	}
	rc = check_total(check, "interfaces", config->interface_count, SW_CONFIG_INTERFACES_MAX,
			 "interfaces");
	if (!rc)
		rc = check_total(check, "services", config->service_count, SW_CONFIG_SERVICES_MAX,
				 "services");
	if (!rc)
		rc = check_class_total(check);
	if (!rc)
		rc = check_total(check, "services[].classes[].sources", sources,
				 SW_CONFIG_SOURCES_MAX, "prefixes in all");
	return rc;
}

static int check_interfaces(const struct sw_check *check)
{
	const struct sw_config_interface *interfaces = check->config->interfaces;
	const struct sw_key *row = sw_keys_find(SW_OBJECT_INTERFACE, NULL, "name");
	char path[64];

	for (size_t i = 0; i < check->config->interface_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(interfaces[i].name, interfaces[j].name) != 0)
				continue;
			snprintf(path, sizeof(path), "interfaces[%zu].name", i);
			return sw_check_fail(check, sw_value_mark(row, &interfaces[i]), path,
					     -EINVAL, "'%s' is there already, as interfaces[%zu]",
					     interfaces[i].name, j);
		}
	}
	return 0;
}

static int check_name(const struct sw_check *check, size_t index)
{
	const struct sw_config_service *services = check->config->services;

	for (size_t i = 0; i < index; i++) {
		if (strcmp(services[i].name, services[index].name) == 0)
			return sw_check_fail_service(
				check, index, "name", -EINVAL,
				"the service '%s' is there already, as services[%zu]",
				services[index].name, i);
	}
	return 0;
}

/*
 * The endpoints before this one: an exact address beside any address is fine, the exact one wins.
 */
static int check_claim(const struct sw_check *check, size_t service, size_t index)
{
	const struct sw_config_service *services = check->config->services;
	const struct sw_config_listen *listen = &services[service].listen[index];
	char text[SW_ENDPOINT_TEXT], key[32], path[SW_CHECK_PATH];

	for (size_t i = 0; i <= service; i++) {
		size_t count = i == service ? index : services[i].listen_count;

		for (size_t j = 0; j < count; j++) {
			if (!sw_endpoint_equal(&services[i].listen[j].endpoint, &listen->endpoint))
				continue;
			sw_endpoint_format(&listen->endpoint, text, sizeof(text));
			snprintf(key, sizeof(key), "listen[%zu]", index);
			sw_check_path_service(check, service, key, path);
			return sw_check_fail(check, listen->at, path, -EINVAL,
					     "%s is claimed already, by service '%s'", text,
					     services[i].name);
		}
	}
	return 0;
}

static int check_listen(const struct sw_check *check, size_t index)
{
	const struct sw_config_service *service = &check->config->services[index];
	int rc = 0;

	if (service->listen_count == 0)
		return sw_check_fail_service(check, index, "listen", -EINVAL,
					     "missing: what service '%s' guards, like [\":5432\"]",
					     service->name);
	if (service->listen_count > SW_CONFIG_LISTEN_MAX)
		return sw_check_fail_service(check, index, "listen", -EINVAL,
					     "found %zu, expected at most %d",
					     service->listen_count, SW_CONFIG_LISTEN_MAX);
	for (size_t i = 0; i < service->listen_count && !rc; i++)
		rc = check_claim(check, index, i);
	return rc;
}

/* Only a PostgreSQL can be asked what it bears. */
static int check_budget_mode(const struct sw_check *check, size_t index)
{
	const struct sw_config_service *service = &check->config->services[index];
	const char *mode = sw_words_name(SW_WORDS_BUDGET_MODE, service->budget.mode);

	if (service->budget.evict_idle_after_ns && service->protocol != SW_PROTOCOL_POSTGRES)
		return sw_check_fail_service(
			check, index, "budget.evict_idle_after", -EINVAL,
			"only a PostgreSQL tells who is idle, and the service's protocol is %s; use 0s",
			sw_words_name(SW_WORDS_PROTOCOL, service->protocol));
	if (service->budget.mode == SW_BUDGET_FIXED)
		return 0;
	if (service->protocol != SW_PROTOCOL_POSTGRES)
		return sw_check_fail_service(
			check, index, "budget.mode", -EINVAL,
			"'%s' asks a PostgreSQL, and the service's protocol is %s; use fixed", mode,
			sw_words_name(SW_WORDS_PROTOCOL, service->protocol));
	return 0;
}

/* What it may be cut to has to be worth something to all that it is promised to. */
static int check_min_direct(const struct sw_check *check, size_t index)
{
	const struct sw_config_service *service = &check->config->services[index];
	uint32_t least = service->budget.min_direct, most = service->budget.direct;
	uint32_t reserved = sw_config_reserved(service);

	if (most && least > most)
		return sw_check_fail_service(check, index, "budget.min_direct", -EINVAL,
					     "found %" PRIu32 ", but budget.direct bounds it to "
					     "%" PRIu32 "; lower it or raise budget.direct",
					     least, most);
	if (reserved > least)
		return sw_check_fail_service(check, index, "budget.min_direct", -EINVAL,
					     "the classes reserve %" PRIu32
					     " slots, but the budget may be cut to %" PRIu32
					     "; raise it or reserve less",
					     reserved, least);
	return 0;
}

static int check_budget(const struct sw_check *check, size_t index)
{
	const struct sw_config_service *service = &check->config->services[index];
	uint32_t reserved = sw_config_reserved(service);
	int rc = check_budget_mode(check, index);

	if (!rc && service->budget.mode == SW_BUDGET_ADAPTIVE)
		rc = check_min_direct(check, index);
	/* What the database will allow is not known; only a bound is. */
	if (rc || (service->budget.mode != SW_BUDGET_FIXED && !service->budget.direct))
		return rc;
	if (reserved > service->budget.direct)
		return sw_check_fail_service(check, index, "budget.direct", -EINVAL,
					     "the classes reserve %" PRIu32
					     " slots, but the budget is %" PRIu32
					     "; raise it or reserve less",
					     reserved, service->budget.direct);
	return 0;
}

static int check_lanes(const struct sw_check *check, size_t index)
{
	const struct sw_config_service *service = &check->config->services[index];
	const struct sw_key *row = sw_keys_find(SW_OBJECT_SERVICE, NULL, "lanes");
	const char *wrong;

	wrong = sw_check_chain(service, &service->lanes, sw_value_is_given(row, service));
	if (wrong)
		return sw_check_fail_service(check, index, "lanes", -EINVAL, "%s", wrong);
	wrong = sw_check_chain(service, &service->over_limit, true);
	if (wrong)
		return sw_check_fail_service(check, index, "over_limit", -EINVAL, "%s", wrong);
	return 0;
}

static int check_services(const struct sw_check *check)
{
	static int (*const checks[])(const struct sw_check *, size_t) = {
		check_name,  check_listen,     check_budget,
		check_lanes, sw_check_classes, sw_check_sources,
	};

	if (check->config->service_count == 0)
		return sw_check_fail(check, (struct sw_mark){0}, "services", -EINVAL,
				     "there is none; at least one with 'listen' is needed, "
				     "like: services: [{listen: [\":5432\"]}]");
	for (size_t i = 0; i < check->config->service_count; i++) {
		for (size_t c = 0; c < sizeof(checks) / sizeof(checks[0]); c++) {
			int rc = checks[c](check, i);

			if (rc)
				return rc;
		}
	}
	return 0;
}

int sw_config_validate(const struct sw_config *config, struct sw_error *err)
{
	struct sw_check check = {.config = config, .err = err};
	int rc = check_totals(&check);

	if (!rc)
		rc = check_interfaces(&check);
	if (!rc)
		rc = check_services(&check);
	return rc;
}
