/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory of the tree: growing arrays, copying, freeing. Everything is owned by the struct
 * sw_config.
 */
#include "config/tree.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/value.h"
#include "core/cleanup.h"

void *sw_tree_append(void *items, size_t *count, size_t size)
{
	char *array;

	memcpy(&array, items, sizeof(array));
	if ((*count & (*count - 1)) == 0) { /* a power of two, or 0: full */
		array = reallocarray(array, *count ? *count * 2 : 1, size);
		if (!array)
			return NULL;
		memcpy(items, &array, sizeof(array));
	}
	return memset(array + size * (*count)++, 0, size);
}

void *sw_tree_copy(const void *items, size_t count, size_t size)
{
	size_t capacity = 1;
	void *copy;

	if (count == 0)
		return NULL;
	while (capacity < count)
		capacity *= 2;
	copy = reallocarray(NULL, capacity, size);
	if (copy)
		memcpy(copy, items, count * size);
	return copy;
}

void sw_tree_remove(void *items, size_t *count, size_t size, size_t index)
{
	char *array;

	memcpy(&array, items, sizeof(array));
	memmove(array + index * size, array + (index + 1) * size, (*count - index - 1) * size);
	(*count)--;
	/*
	 * At a power of two the next append takes the array for full, which costs a copy and no
	 * more.
	 */
}

int sw_config_defaults(struct sw_config **out)
{
	struct sw_config *config = calloc(1, sizeof(*config));

	if (!config)
		return -ENOMEM;
	sw_value_defaults(SW_OBJECT_CONFIG, config);
	*out = config;
	return 0;
}

/* Which keys were given stays known: it changes what a value means. */
static void forget(struct sw_config_origin *origin)
{
	origin->at = (struct sw_mark){0};
	memset(origin->keys, 0, sizeof(origin->keys));
}

static void forget_service(struct sw_config_service *service)
{
	forget(&service->origin);
	for (size_t i = 0; i < service->listen_count; i++)
		service->listen[i].at = (struct sw_mark){0};
	for (size_t i = 0; i < service->class_count; i++) {
		struct sw_config_class *class = &service->classes[i];

		forget(&class->origin);
		for (size_t j = 0; j < class->source_count; j++)
			class->sources[j].at = (struct sw_mark){0};
	}
}

void sw_config_forget_places(struct sw_config *config)
{
	free(config->file);
	config->file = NULL;
	forget(&config->origin);
	for (size_t i = 0; i < config->interface_count; i++)
		forget(&config->interfaces[i].origin);
	for (size_t i = 0; i < config->service_count; i++)
		forget_service(&config->services[i]);
}

static void free_service(struct sw_config_service *service)
{
	for (size_t i = 0; i < service->class_count; i++)
		free(service->classes[i].sources);
	free(service->classes);
	free(service->listen);
}

void sw_config_free(struct sw_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->service_count; i++)
		free_service(&config->services[i]);
	free(config->services);
	free(config->interfaces);
	free(config->file);
	free(config);
}

void sw_config_cleanup(struct sw_config **config)
{
	sw_config_free(*config);
}

/*
 * Copies an array into a struct that was itself copied byte by byte. On failure the count is 0, so
 * that what was copied so far can be freed.
 */
static int own(void *items, size_t *count, size_t size)
{
	void *original, *copy;

	memcpy(&original, items, sizeof(original));
	copy = sw_tree_copy(original, *count, size);
	memcpy(items, &copy, sizeof(copy));
	if (copy || *count == 0)
		return 0;
	*count = 0;
	return -ENOMEM;
}

/* Every array is visited also after a failure: none may go on pointing into the original. */
static int own_service(struct sw_config_service *service)
{
	int rc = own(&service->listen, &service->listen_count, sizeof(*service->listen));

	rc |= own(&service->classes, &service->class_count, sizeof(*service->classes));
	for (size_t i = 0; i < service->class_count; i++)
		rc |= own(&service->classes[i].sources, &service->classes[i].source_count,
			  sizeof(*service->classes[i].sources));
	return rc;
}

struct sw_config *sw_config_clone(const struct sw_config *config)
{
	SW_CONFIG_FREE struct sw_config *clone = malloc(sizeof(*clone));
	int rc;

	if (!clone)
		return NULL;
	*clone = *config;
	clone->file = config->file ? strdup(config->file) : NULL;
	rc = own(&clone->interfaces, &clone->interface_count, sizeof(*clone->interfaces));
	rc |= own(&clone->services, &clone->service_count, sizeof(*clone->services));
	for (size_t i = 0; i < clone->service_count; i++)
		rc |= own_service(&clone->services[i]);
	if (rc || (config->file && !clone->file))
		return NULL;
	return sw_steal_ptr(&clone);
}
