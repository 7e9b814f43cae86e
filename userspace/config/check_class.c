/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The classes of a service: names, sources, limits that contradict each other. Part of
 * sw_config_validate().
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "core/cleanup.h"

/* A prefix and the class it stands in: what is sorted to find prefixes that occur twice. */
struct claim {
	const struct sw_config_source *source;
	size_t class;
	size_t index;
};

static int check_name(const struct sw_check *check, size_t service, size_t index)
{
	const struct sw_config_class *classes = check->config->services[service].classes;
	const char *name = classes[index].name;

	if (strcmp(name, "allowed") == 0 || strcmp(name, "denied") == 0)
		return sw_check_fail_class(check, service, index, "name",
					   "'%s' is kept for `spillway allow` and `spillway deny`; "
					   "choose another name",
					   name);
	for (size_t i = 0; i < index; i++) {
		if (strcmp(classes[i].name, name) == 0)
			return sw_check_fail_class(
				check, service, index, "name",
				"the class '%s' is there already, as classes[%zu]", name, i);
	}
	return 0;
}

static int check_has_sources(const struct sw_check *check, size_t service, size_t index)
{
	const struct sw_config_class *class = &check->config->services[service].classes[index];
	bool is_default = strcmp(class->name, "default") == 0;

	if (is_default && class->source_count)
		return sw_check_fail_class(
			check, service, index, "sources",
			"the class 'default' takes whom no other class names and "
			"has no sources of its own");
	if (!is_default && class->source_count == 0)
		return sw_check_fail_class(check, service, index, "sources",
					   "the class '%s' needs at least one prefix, like "
					   "[\"10.0.0.0/8\"]",
					   class->name);
	return 0;
}

static int check_limits(const struct sw_check *check, size_t service, size_t index)
{
	const struct sw_config_class *class = &check->config->services[service].classes[index];
	size_t count;
	const struct sw_key *key = sw_keys_of(SW_OBJECT_CLASS, &count);

	for (size_t i = 0; class->action != SW_ACTION_LIMIT && i < count; i++) {
		if ((key[i].flags & SW_KEY_LIMIT) && sw_value_is_set(&key[i], class))
			return sw_check_fail_class(
				check, service, index, key[i].name,
				"contradicts 'action: %s', which has no limits; remove one",
				sw_words_name(SW_WORDS_ACTION, class->action));
	}
	if (class->max_direct && class->reserved > class->max_direct)
		return sw_check_fail_class(check, service, index, "reserved",
					   "%" PRIu32
					   " slots are reserved, but max_direct lets the "
					   "class have %" PRIu32 " only",
					   class->reserved, class->max_direct);
	return 0;
}

static int check_lanes(const struct sw_check *check, size_t service, size_t index)
{
	const struct sw_config_service *owner = &check->config->services[service];
	const struct sw_config_class *class = &owner->classes[index];
	const char *wrong = NULL;

	if (class->lanes.count)
		wrong = sw_check_chain(owner, &class->lanes, true);
	return wrong ? sw_check_fail_class(check, service, index, "lanes", "%s", wrong) : 0;
}

int sw_check_classes(const struct sw_check *check, size_t service)
{
	static int (*const checks[])(const struct sw_check *, size_t, size_t) = {
		check_name,
		check_has_sources,
		check_limits,
		check_lanes,
	};
	const struct sw_config_service *owner = &check->config->services[service];

	for (size_t i = 0; i < owner->class_count; i++) {
		for (size_t c = 0; c < sizeof(checks) / sizeof(checks[0]); c++) {
			int rc = checks[c](check, service, i);

			if (rc)
				return rc;
		}
	}
	if (!sw_config_find_class(owner, "default"))
		return sw_check_fail_service(check, service, "classes", -EINVAL,
					     "the class 'default' is missing");
	return 0;
}

/* By prefix, then in the order of the file, so that the later one is the one complained about. */
static int compare(const void *left, const void *right)
{
	const struct claim *a = left, *b = right;
	int order = memcmp(&a->source->prefix.addr, &b->source->prefix.addr,
			   sizeof(a->source->prefix.addr));

	if (order == 0)
		order = (int)a->source->prefix.len - (int)b->source->prefix.len;
	if (order == 0)
		order = (a->class > b->class) - (a->class < b->class);
	return order ? order : (a->index > b->index) - (a->index < b->index);
}

static int fail_twice(const struct sw_check *check, size_t service, const struct claim *first,
		      const struct claim *second)
{
	const struct sw_config_class *classes = check->config->services[service].classes;
	char prefix[SW_PREFIX_TEXT], key[32], path[SW_CHECK_PATH];

	sw_prefix_format(&second->source->prefix, prefix, sizeof(prefix));
	snprintf(key, sizeof(key), "sources[%zu]", second->index);
	sw_check_path_class(check, service, second->class, key, path);
	if (first->class == second->class)
		return sw_check_fail(check, second->source->at, path, -EINVAL,
				     "%s is there twice in class '%s'", prefix,
				     classes[first->class].name);
	return sw_check_fail(check, second->source->at, path, -EINVAL,
			     "%s is in class '%s' and in class '%s'; remove it from one of them",
			     prefix, classes[first->class].name, classes[second->class].name);
}

int sw_check_sources(const struct sw_check *check, size_t service)
{
	const struct sw_config_service *owner = &check->config->services[service];
	SW_FREE struct claim *claims = NULL;
	size_t total = 0, used = 0;

	for (size_t i = 0; i < owner->class_count; i++)
		total += owner->classes[i].source_count;
	claims = calloc(total ? total : 1, sizeof(*claims));
	if (!claims)
		return sw_error_set(check->err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < owner->class_count; i++) {
		for (size_t j = 0; j < owner->classes[i].source_count; j++)
			claims[used++] = (struct claim){&owner->classes[i].sources[j], i, j};
	}
	qsort(claims, used, sizeof(*claims), compare);
	for (size_t i = 1; i < used; i++) {
		if (sw_prefix_equal(&claims[i - 1].source->prefix, &claims[i].source->prefix))
			return fail_twice(check, service, &claims[i - 1], &claims[i]);
	}
	return 0;
}
