/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is in the maps beside a plan goes.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "kern/apply.h"

static bool is_listened(const struct sw_plan *plan, const void *key)
{
	for (size_t i = 0; i < plan->listen_count; i++)
		if (!memcmp(&plan->listens[i].key, key, sizeof(struct sw_service_key)))
			return true;
	return false;
}

static bool is_prefix(const struct sw_plan *plan, const void *key)
{
	const struct sw_class_key *class = key;
	struct sw_plan_prefix prefix = {
		.service = ntohl(class->service_be),
		.prefix.len = class->prefix_bits - 32,
	};

	memcpy(prefix.prefix.addr.bytes, class->address.bytes, sizeof(prefix.prefix.addr.bytes));
	return bsearch(&prefix, plan->prefixes, plan->prefix_count, sizeof(prefix),
		       sw_plan_compare_prefixes);
}

/* Both keys have 24 bytes. A key that was deleted starts the walk anew, so each is left before. */
static void walk(int fd, const struct sw_plan *plan,
		 bool (*is_planned)(const struct sw_plan *plan, const void *key))
{
	char key[sizeof(struct sw_class_key)], next[sizeof(struct sw_class_key)];
	bool more = !bpf_map_get_next_key(fd, NULL, key);

	while (more) {
		more = !bpf_map_get_next_key(fd, key, next);
		if (!is_planned(plan, key))
			bpf_map_delete_elem(fd, key);
		memcpy(key, next, sizeof(key));
	}
}

void sw_apply_only(const struct sw_maps *maps, const struct sw_plan *plan)
{
	_Static_assert(sizeof(struct sw_service_key) == sizeof(struct sw_class_key),
		       "one buffer serves both walks");

	walk(maps->services_fd, plan, is_listened);
	walk(maps->classes_fd, plan, is_prefix);
}
