/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Putting a plan into the maps. What is alike in both plans is not written again.
 */
#include "kern/apply.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"

static const struct sw_plan nothing;

static int put_prefix(const struct sw_maps *maps, const struct sw_plan_prefix *prefix,
		      struct sw_error *err)
{
	struct sw_class_key key = {
		.prefix_bits = 32 + prefix->prefix.len,
		.service_be = htonl(prefix->service),
	};
	int failed;

	memcpy(key.address.bytes, prefix->prefix.addr.bytes, sizeof(key.address.bytes));
	failed = bpf_map_update_elem(maps->classes_fd, &key, &prefix->class_id, BPF_ANY);
	if (failed == -ENOSPC)
		return sw_error_set(
			err, failed,
			"the kernel's table of prefixes has no room: old ones stay until "
			"all new ones are there, %d together; take out what goes by a reload before",
			SW_PREFIXES_MAX);
	if (failed)
		return sw_error_set(err, failed, "the kernel's table of prefixes: %s",
				    strerror(-failed));
	return 0;
}

static void drop_prefix(const struct sw_maps *maps, const struct sw_plan_prefix *prefix)
{
	struct sw_class_key key = {
		.prefix_bits = 32 + prefix->prefix.len,
		.service_be = htonl(prefix->service),
	};

	memcpy(key.address.bytes, prefix->prefix.addr.bytes, sizeof(key.address.bytes));
	bpf_map_delete_elem(maps->classes_fd, &key);
}

/* Both plans have their prefixes in the same order: what is new or changed goes in. */
static int put_prefixes(const struct sw_maps *maps, const struct sw_plan *last,
			const struct sw_plan *next, struct sw_error *err)
{
	size_t l = 0;

	for (size_t n = 0; n < next->prefix_count; n++) {
		const struct sw_plan_prefix *prefix = &next->prefixes[n];
		int failed;

		while (l < last->prefix_count &&
		       sw_plan_compare_prefixes(&last->prefixes[l], prefix) < 0)
			l++;
		if (l < last->prefix_count && last->prefixes[l].class_id == prefix->class_id &&
		    !sw_plan_compare_prefixes(&last->prefixes[l], prefix))
			continue;
		failed = put_prefix(maps, prefix, err);
		if (failed)
			return failed;
	}
	return 0;
}

static void drop_prefixes(const struct sw_maps *maps, const struct sw_plan *last,
			  const struct sw_plan *next)
{
	size_t n = 0;

	for (size_t l = 0; l < last->prefix_count; l++) {
		while (n < next->prefix_count &&
		       sw_plan_compare_prefixes(&next->prefixes[n], &last->prefixes[l]) < 0)
			n++;
		if (n == next->prefix_count ||
		    sw_plan_compare_prefixes(&next->prefixes[n], &last->prefixes[l]))
			drop_prefix(maps, &last->prefixes[l]);
	}
}

static int put_listens(const struct sw_maps *maps, const struct sw_plan *next, struct sw_error *err)
{
	for (size_t i = 0; i < next->listen_count; i++) {
		const struct sw_plan_listen *listen = &next->listens[i];
		int failed = bpf_map_update_elem(maps->services_fd, &listen->key, &listen->service,
						 BPF_ANY);

		if (failed)
			return sw_error_set(err, failed, "the kernel's table of services: %s",
					    strerror(-failed));
	}
	return 0;
}

static void drop_listens(const struct sw_maps *maps, const struct sw_plan *last,
			 const struct sw_plan *next)
{
	for (size_t i = 0; i < last->listen_count; i++)
		if (!sw_plan_listens_on(next, &last->listens[i].key))
			bpf_map_delete_elem(maps->services_fd, &last->listens[i].key);
}

/* Sets all CPUs' words of one entry to zero: whoever had the id before takes nothing along. */
static int clear_row(int fd, uint32_t key, size_t bytes)
{
	int cpus = libbpf_num_possible_cpus();
	SW_FREE void *zeros = cpus > 0 ? calloc(cpus, bytes) : NULL;

	return zeros ? bpf_map_update_elem(fd, &key, zeros, BPF_EXIST) : -ENOMEM;
}

static int clear_new_rows(const struct sw_maps *maps, const struct sw_plan *last,
			  const struct sw_plan *next, struct sw_error *err)
{
	int failed = 0;

	for (size_t i = 0; !failed && i < next->class_count; i++)
		if (!sw_plan_class(last, next->classes[i].id))
			failed = clear_row(maps->verdicts_fd, next->classes[i].id,
					   sizeof(struct sw_verdicts));
	for (size_t i = 0; !failed && i < next->service_count; i++) {
		uint32_t id = next->services[i].id;

		if (sw_plan_service(last, id))
			continue;
		maps->service_state[id].hold = 0;
		maps->service_state[id].paused_until_ns = 0;
		maps->service_state[id].ramp_began_ns = 0;
		failed = clear_row(maps->counters_fd, id, sizeof(struct sw_counters));
		if (!failed)
			failed = clear_row(maps->lifetimes_fd, id, sizeof(struct sw_lifetimes));
		if (!failed)
			failed = clear_row(maps->waits_fd, id, sizeof(struct sw_waits));
	}
	return failed ? sw_error_set(err, failed, "the kernel's counters: %s", strerror(-failed))
		      : 0;
}

/* Writing what is the same would only make other CPUs fetch the cache line again. */
static void put_values(const struct sw_maps *maps, const struct sw_plan *next)
{
	for (size_t i = 0; i < next->class_count; i++) {
		const struct sw_plan_class *class = &next->classes[i];
		struct sw_class_conf *at = &maps->class_conf[class->id];
		struct sw_refusal_text *text = &maps->refusal_texts[class->id];

		if (memcmp(at, &class->conf, sizeof(*at)))
			*at = class->conf;
		if (memcmp(text, &class->refusal, sizeof(*text)))
			*text = class->refusal;
	}
	for (size_t i = 0; i < next->service_count; i++) {
		const struct sw_plan_service *service = &next->services[i];
		struct sw_service_conf *at = &maps->service_conf[service->id];

		if (memcmp(at, &service->conf, sizeof(*at)))
			*at = service->conf;
	}
}

static void put_ports(const struct sw_maps *maps, const struct sw_plan *next)
{
	for (size_t port = 0; port < sizeof(next->ports->service); port++)
		if (maps->ports->service[port] != next->ports->service[port])
			maps->ports->service[port] = next->ports->service[port];
}

int sw_apply_values(const struct sw_maps *maps, const struct sw_plan *last,
		    const struct sw_plan *next, struct sw_error *err)
{
	int failed = clear_new_rows(maps, last ? last : &nothing, next, err);

	if (!failed)
		put_values(maps, next);
	return failed;
}

int sw_apply_keys(const struct sw_maps *maps, const struct sw_plan *last,
		  const struct sw_plan *next, struct sw_error *err)
{
	int failed;

	if (!last)
		last = &nothing;
	failed = put_prefixes(maps, last, next, err);
	if (!failed)
		failed = put_listens(maps, next, err);
	if (failed)
		return failed;
	put_ports(maps, next);
	drop_listens(maps, last, next);
	drop_prefixes(maps, last, next);
	return 0;
}
