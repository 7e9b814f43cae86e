/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filling and emptying the maps.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "gate.h"
#include "spillway/cookie.h"
#include "spillway/refusal.h"
#include "spillway/source.h"

static void empty_map(const struct bpf_map *map)
{
	enum { BATCH = 8192, LARGEST = 64 };
	static uint8_t keys[BATCH * LARGEST], values[BATCH * LARGEST];
	int fd = bpf_map__fd(map), failed = 0;
	void *from = NULL;
	uint32_t next, count;

	while (!failed) {
		count = BATCH;
		failed = bpf_map_lookup_and_delete_batch(fd, from, &next, keys, values, &count,
							 NULL);
		from = &next;
	}
	if (failed != -ENOENT)
		gate_die(bpf_map__name(map), failed);
}

static struct sw_source_key source_key(const struct gate_bench *bench, uint32_t number)
{
	struct sw_source_key key = {
		.service = number % bench->services,
		.address = packet_client(&(struct packet){.client = number}),
	};

	return key;
}

void gate_know_sources(struct gate_bench *bench, uint32_t count)
{
	empty_map(bench->skel->maps.source_rate);
	empty_map(bench->skel->maps.source_live);
	for (uint32_t i = 0; i < count; i++) {
		struct sw_source_key key = source_key(bench, i);
		const struct sw_source_rate rate = {0};
		const struct sw_source_live live = {.word = sw_source_empty(&key)};

		gate_must("source_rate",
			  bpf_map_update_elem(bpf_map__fd(bench->skel->maps.source_rate), &key,
					      &rate, BPF_ANY));
		gate_must("source_live",
			  bpf_map_update_elem(bpf_map__fd(bench->skel->maps.source_live), &key,
					      &live, BPF_ANY));
	}
	bench->sources = count;
}

void gate_forget_source(struct gate_bench *bench, uint32_t number)
{
	struct sw_source_key key = source_key(bench, number);

	bpf_map_delete_elem(bpf_map__fd(bench->skel->maps.source_rate), &key);
	bpf_map_delete_elem(bpf_map__fd(bench->skel->maps.source_live), &key);
}

void gate_add_prefixes(struct gate_bench *bench, uint32_t count)
{
	/* Three lengths, spread over all clients: as an inventory of subnets and hosts is. */
	static const int host_bits[] = {8, 4, 0};
	const uint32_t class_id = 0;
	uint32_t added = 0;

	for (uint32_t i = 0; added < count; i++) {
		int bits = host_bits[i % COUNT_OF(host_bits)];
		uint32_t client = (i * 2654435761u >> 8) & ~((1u << bits) - 1);
		struct sw_class_key key = {
			.prefix_bits = 32 + 128 - bits,
			.address = packet_client(&(struct packet){.client = client}),
		};

		added += !bpf_map_update_elem(bpf_map__fd(bench->skel->maps.classes), &key,
					      &class_id, BPF_NOEXIST);
	}
	bench->service_conf[0].has_prefixes = count > 0;
}

void gate_remove_prefixes(struct gate_bench *bench)
{
	int fd = bpf_map__fd(bench->skel->maps.classes);
	struct sw_class_key key;

	while (!bpf_map_get_next_key(fd, NULL, &key))
		bpf_map_delete_elem(fd, &key);
}

static void set_service(struct gate_bench *bench, uint32_t id)
{
	bench->ports->service[GATE_PORT + id] = id + 1;
	bench->service_conf[id] = (struct sw_service_conf){
		.over_limit = SW_LANE_REFUSE,
		.budget = GATE_UNLIMITED,
		.shared_limit = GATE_UNLIMITED,
		.default_class = id,
		.ipv4_bits = 32,
		.ipv6_bits = 64,
	};
	bench->class_conf[id] = (struct sw_class_conf){
		.lanes = SW_LANE_DIRECT | SW_LANE_REFUSE << 8,
		.interval_ns = 1,
		.tolerance_ns = 1000000000,
		.service = id,
	};
}

void gate_set_services(struct gate_bench *bench, uint32_t count)
{
	for (uint32_t id = 0; id < count; id++)
		set_service(bench, id);
	bench->services = count;
	/* A heartbeat that never grows old: nobody waits for a daemon that is gone. */
	bench->control->heartbeat_ns = UINT64_MAX / 2;
	bench->control->heartbeat_timeout_ns = 1000000000;
}

void gate_set_budget(struct gate_bench *bench, uint32_t budget)
{
	for (uint32_t id = 0; id < bench->services; id++)
		bench->service_conf[id].budget = budget;
}

void gate_set_refusals(struct gate_bench *bench)
{
	const struct sw_cookie_secrets secrets = {.key = {{.word = {1, 2}}}, .is_set = 1};
	const struct sw_refusal_text text = {.bytes = 100};
	const uint32_t first = 0;

	gate_must("cookie_secrets",
		  bpf_map_update_elem(bpf_map__fd(bench->skel->maps.cookie_secrets), &first,
				      &secrets, BPF_ANY));
	gate_must("refusal_texts", bpf_map_update_elem(bpf_map__fd(bench->skel->maps.refusal_texts),
						       &first, &text, BPF_ANY));
}

void gate_add_flows(struct gate_bench *bench, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct packet packet = {.client = GATE_UNKNOWN + i};
		struct sw_flow_key key = packet_flow(&packet);
		const struct sw_flow flow = {.tag = sw_flow_tag(&key), .state = SW_FLOW_OPEN};

		gate_must("flows", bpf_map_update_elem(bpf_map__fd(bench->skel->maps.flows), &key,
						       &flow, BPF_ANY));
	}
}

void gate_forget_flows(struct gate_bench *bench)
{
	empty_map(bench->skel->maps.flows);
	empty_map(bench->skel->maps.refused);
	memset(bench->service_state, 0, sizeof(*bench->service_state) * bench->services);
	memset(bench->class_state, 0, sizeof(*bench->class_state) * bench->services);
	bench->skel->bss->feed.next = 0;
	bench->skel->bss->answering_ns = 0;
}

uint32_t gate_source_of(const struct gate_bench *bench, uint32_t number)
{
	return bench->sources ? number * BENCH_SCATTER % bench->sources : GATE_UNKNOWN + number;
}
