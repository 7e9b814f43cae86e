/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changing a tree from code: find, add, remove, set one value. Options and control requests come
 * through here, so that what they may say is what a file may say.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/tree.h"
#include "config/value.h"
#include "core/cleanup.h"

struct sw_config_interface *sw_config_find_interface(const struct sw_config *config,
						     const char *name)
{
	for (size_t i = 0; i < config->interface_count; i++) {
		if (strcmp(config->interfaces[i].name, name) == 0)
			return &config->interfaces[i];
	}
	return NULL;
}

struct sw_config_service *sw_config_find_service(const struct sw_config *config, const char *name)
{
	for (size_t i = 0; i < config->service_count; i++) {
		if (strcmp(config->services[i].name, name) == 0)
			return &config->services[i];
	}
	return NULL;
}

struct sw_config_class *sw_config_find_class(const struct sw_config_service *service,
					     const char *name)
{
	for (size_t i = 0; i < service->class_count; i++) {
		if (strcmp(service->classes[i].name, name) == 0)
			return &service->classes[i];
	}
	return NULL;
}

const struct sw_config_lanes *sw_config_class_lanes(const struct sw_config_service *service,
						    const struct sw_config_class *class)
{
	return class->lanes.count ? &class->lanes : &service->lanes;
}

/* Appends an element with defaults and a checked name, or nothing. */
static void *add_named(enum sw_object object, const char *name, bool exists, void *items,
		       size_t *count, struct sw_error *err)
{
	const struct sw_key *key = sw_keys_find(object, NULL, "name");
	SW_FREE void *element = calloc(1, sw_object_size(object));
	void *added;

	if (exists) {
		sw_error_set(err, -EEXIST, "'%s' is there already", name);
		return NULL;
	}
	if (element) {
		sw_value_defaults(object, element);
		if (sw_value_parse(key, element, name, err))
			return NULL;
	}
	added = element ? sw_tree_append(items, count, sw_object_size(object)) : NULL;
	if (!added) {
		sw_error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	return memcpy(added, element, sw_object_size(object));
}

/* add_named() always fills in an error: give it one to fill even if the caller has none. */
static struct sw_error *or_own(struct sw_error *err, struct sw_error *own)
{
	return err ? err : own;
}

int sw_config_add_interface(struct sw_config *config, const char *name,
			    struct sw_config_interface **out, struct sw_error *err)
{
	struct sw_config_interface *added;
	struct sw_error own;

	err = or_own(err, &own);
	added = add_named(SW_OBJECT_INTERFACE, name, sw_config_find_interface(config, name),
			  &config->interfaces, &config->interface_count, err);
	if (!added)
		return err->code;
	if (out)
		*out = added;
	return 0;
}

int sw_config_add_class(struct sw_config_service *service, const char *name,
			struct sw_config_class **out, struct sw_error *err)
{
	struct sw_config_class *added;
	struct sw_error own;

	err = or_own(err, &own);
	added = add_named(SW_OBJECT_CLASS, name, sw_config_find_class(service, name),
			  &service->classes, &service->class_count, err);
	if (!added)
		return err->code;
	if (out)
		*out = added;
	return 0;
}

int sw_config_add_service(struct sw_config *config, const char *name,
			  struct sw_config_service **out, struct sw_error *err)
{
	struct sw_config_service *added;
	struct sw_error own;

	err = or_own(err, &own);
	added = add_named(SW_OBJECT_SERVICE, name, sw_config_find_service(config, name),
			  &config->services, &config->service_count, err);
	if (!added)
		return err->code;
	if (sw_config_add_class(added, "default", NULL, err)) {
		config->service_count--;
		return err->code;
	}
	if (out)
		*out = added;
	return 0;
}

/* Both copy first: what is to be added may lie in the list that moves. */
int sw_config_add_source(struct sw_config_class *class, const struct sw_prefix *prefix)
{
	const struct sw_prefix added = *prefix;
	struct sw_config_source *source;

	source = sw_tree_append(&class->sources, &class->source_count, sizeof(*source));
	if (!source)
		return -ENOMEM;
	source->prefix = added;
	return 0;
}

int sw_config_add_listen(struct sw_config_service *service, const struct sw_endpoint *endpoint)
{
	const struct sw_endpoint added = *endpoint;
	struct sw_config_listen *listen;

	listen = sw_tree_append(&service->listen, &service->listen_count, sizeof(*listen));
	if (!listen)
		return -ENOMEM;
	listen->endpoint = added;
	return 0;
}

int sw_config_remove_class(struct sw_config_service *service, const char *name)
{
	struct sw_config_class *class = sw_config_find_class(service, name);

	if (strcmp(name, "default") == 0)
		return -EINVAL;
	if (!class)
		return -ENOENT;
	free(class->sources);
	sw_tree_remove(&service->classes, &service->class_count, sizeof(*class),
		       (size_t)(class - service->classes));
	return 0;
}

int sw_config_remove_interface(struct sw_config *config, const char *name)
{
	struct sw_config_interface *interface = sw_config_find_interface(config, name);

	if (!interface)
		return -ENOENT;
	sw_tree_remove(&config->interfaces, &config->interface_count, sizeof(*interface),
		       (size_t)(interface - config->interfaces));
	return 0;
}

/* Each class has a million at most, and there are 512: a word holds the sum. */
uint32_t sw_config_reserved(const struct sw_config_service *service)
{
	uint32_t reserved = 0;

	for (size_t i = 0; i < service->class_count; i++)
		reserved += service->classes[i].reserved;
	return reserved;
}

uint32_t sw_config_budget(const struct sw_config_service *service)
{
	return service->budget.mode == SW_BUDGET_FIXED ? service->budget.direct
						       : service->budget.now;
}

bool sw_config_goes_direct(const struct sw_config_service *service)
{
	return service->budget.mode != SW_BUDGET_FIXED || service->budget.direct;
}
