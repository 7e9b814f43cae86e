/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plan that is in the maps, read from them: whoever put it there is gone, and may not have got to the
 * end of it.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kern/apply.h"

/* Room for one more, twice as much each time. */
static int make_room(void **list, size_t count, size_t size)
{
	void *larger;

	if (count & (count - 1))
		return 0;
	larger = reallocarray(*list, count ? 2 * count : 1, size);
	if (!larger)
		return -ENOMEM;
	*list = larger;
	return 0;
}

static int add_listen(struct sw_plan *plan, const void *key, uint32_t service)
{
	int failed = make_room((void **)&plan->listens, plan->listen_count, sizeof(*plan->listens));
	struct sw_plan_listen *to = &plan->listens[plan->listen_count];

	if (failed)
		return failed;
	memcpy(&to->key, key, sizeof(to->key));
	to->service = service;
	plan->listen_count++;
	return 0;
}

static int add_prefix(struct sw_plan *plan, const void *key, uint32_t class_id)
{
	const struct sw_class_key *at = key;
	int failed =
		make_room((void **)&plan->prefixes, plan->prefix_count, sizeof(*plan->prefixes));
	struct sw_plan_prefix *to = &plan->prefixes[plan->prefix_count];

	if (failed)
		return failed;
	*to = (struct sw_plan_prefix){
		.service = ntohl(at->service_be),
		.class_id = class_id,
		.prefix.len = at->prefix_bits - 32,
	};
	memcpy(to->prefix.addr.bytes, at->address.bytes, sizeof(to->prefix.addr.bytes));
	plan->prefix_count++;
	return 0;
}

/* Nobody else changes these maps. */
static int walk(int fd, struct sw_plan *plan,
		int (*add)(struct sw_plan *plan, const void *key, uint32_t value))
{
	struct sw_class_key key;
	uint32_t value;
	int failed = bpf_map_get_next_key(fd, NULL, &key);

	while (!failed) {
		failed = bpf_map_lookup_elem(fd, &key, &value);
		if (!failed)
			failed = add(plan, &key, value);
		if (!failed)
			failed = bpf_map_get_next_key(fd, &key, &key);
	}
	return failed == -ENOENT ? 0 : failed;
}

int sw_apply_read(const struct sw_maps *maps, struct sw_plan *plan)
{
	_Static_assert(sizeof(struct sw_service_key) == sizeof(struct sw_class_key),
		       "one buffer serves both walks");
	int failed;

	for (size_t i = 0; i < plan->service_count; i++)
		plan->services[i].conf = maps->service_conf[plan->services[i].id];
	for (size_t i = 0; i < plan->class_count; i++) {
		plan->classes[i].conf = maps->class_conf[plan->classes[i].id];
		plan->classes[i].refusal = maps->refusal_texts[plan->classes[i].id];
	}
	plan->ports = malloc(sizeof(*plan->ports));
	if (!plan->ports)
		return -ENOMEM;
	*plan->ports = *maps->ports;
	failed = walk(maps->services_fd, plan, add_listen);
	if (!failed)
		failed = walk(maps->classes_fd, plan, add_prefix);
	if (plan->prefix_count)
		qsort(plan->prefixes, plan->prefix_count, sizeof(*plan->prefixes),
		      sw_plan_compare_prefixes);
	return failed;
}
