/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps as memory, and the descriptors of those that cannot be.
 */
#include "kern/mapped.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "spillway.skel.h"
#include "spillway/names.h"

static size_t mapped_bytes(const struct bpf_map *map)
{
	size_t value = (bpf_map__value_size(map) + 7) & ~7ul;
	size_t page = sysconf(_SC_PAGESIZE);

	return (value * bpf_map__max_entries(map) + page - 1) & ~(page - 1);
}

static int map_memory(const struct bpf_map *map, void **out)
{
	void *memory = mmap(NULL, mapped_bytes(map), PROT_READ | PROT_WRITE, MAP_SHARED,
			    bpf_map__fd(map), 0);

	if (memory == MAP_FAILED)
		return -errno;
	*out = memory;
	return 0;
}

/* One row for each map that userspace reads and writes as memory. */
struct mapped_row {
	const struct bpf_map *map;
	void **at;
};

int sw_mapped_open(const struct spillway_bpf *skel, struct sw_maps *maps)
{
	struct mapped_row rows[] = {
		{skel->maps.control, (void **)&maps->control},
		{skel->maps.ports, (void **)&maps->ports},
		{skel->maps.service_conf, (void **)&maps->service_conf},
		{skel->maps.service_state, (void **)&maps->service_state},
		{skel->maps.class_conf, (void **)&maps->class_conf},
		{skel->maps.class_state, (void **)&maps->class_state},
		{skel->maps.refusal_texts, (void **)&maps->refusal_texts},
		{skel->maps.cookie_secrets, (void **)&maps->cookie_secrets},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int err = map_memory(rows[i].map, rows[i].at);

		if (err)
			return err;
	}
	maps->untold_of = skel->bss->untold_of;
	maps->untold_count = (const uint64_t *)&skel->bss->untold_count;
	maps->services_fd = bpf_map__fd(skel->maps.services);
	maps->classes_fd = bpf_map__fd(skel->maps.classes);
	maps->source_rate_fd = bpf_map__fd(skel->maps.source_rate);
	maps->source_live_fd = bpf_map__fd(skel->maps.source_live);
	maps->flows_fd = bpf_map__fd(skel->maps.flows);
	maps->refused_fd = bpf_map__fd(skel->maps.refused);
	maps->counters_fd = bpf_map__fd(skel->maps.counters);
	maps->verdicts_fd = bpf_map__fd(skel->maps.verdicts);
	maps->lifetimes_fd = bpf_map__fd(skel->maps.lifetimes);
	maps->waits_fd = bpf_map__fd(skel->maps.waits);
	maps->wakeups_fd = bpf_map__fd(skel->maps.wakeups);
	maps->decisions_fd = bpf_map__fd(skel->maps.decisions);
	maps->sampled_fd = bpf_map__fd(skel->maps.sampled);
	maps->sweep_timer_fd = bpf_map__fd(skel->maps.sweep_timer);
	maps->control->layout_version = SW_LAYOUT_VERSION;
	return 0;
}

void sw_mapped_close(const struct spillway_bpf *skel, struct sw_maps *maps)
{
	if (maps->control)
		munmap(maps->control, mapped_bytes(skel->maps.control));
	if (maps->ports)
		munmap(maps->ports, mapped_bytes(skel->maps.ports));
	if (maps->service_conf)
		munmap(maps->service_conf, mapped_bytes(skel->maps.service_conf));
	if (maps->service_state)
		munmap(maps->service_state, mapped_bytes(skel->maps.service_state));
	if (maps->class_conf)
		munmap(maps->class_conf, mapped_bytes(skel->maps.class_conf));
	if (maps->class_state)
		munmap(maps->class_state, mapped_bytes(skel->maps.class_state));
	if (maps->refusal_texts)
		munmap(maps->refusal_texts, mapped_bytes(skel->maps.refusal_texts));
	if (maps->cookie_secrets)
		munmap(maps->cookie_secrets, mapped_bytes(skel->maps.cookie_secrets));
}
