/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries in batches, until the kernel has no room for more.
 */
#include "fill.h"

#include <bpf/bpf.h>

#define BATCH	  4096
#define STRANGERS 0x800000

static void fill(int fd, void *keys, const void *values, void (*name)(void *keys, uint32_t from))
{
	int failed = 0;

	for (uint32_t from = STRANGERS; !failed; from += BATCH) {
		uint32_t count = BATCH;

		name(keys, from);
		failed = bpf_map_update_batch(fd, keys, values, &count, NULL);
	}
}

static void name_flows(void *keys, uint32_t from)
{
	struct sw_flow_key *key = keys;

	for (uint32_t i = 0; i < BATCH; i++)
		key[i] = packet_flow(&(struct packet){.client = from + i});
}

static void name_sources(void *keys, uint32_t from)
{
	struct sw_source_key *key = keys;

	for (uint32_t i = 0; i < BATCH; i++)
		key[i].address = packet_client(&(struct packet){.client = from + i});
}

void fill_flows(struct rig *rig)
{
	struct sw_flow_key *keys = calloc(BATCH, sizeof(*keys));
	struct sw_flow *flows = calloc(BATCH, sizeof(*flows));

	assert_true(keys && flows);
	for (int i = 0; i < BATCH; i++)
		flows[i] = (struct sw_flow){.state = SW_FLOW_OPEN, .lane = SW_LANE_DIRECT};
	fill(rig->maps->flows_fd, keys, flows, name_flows);
	free(keys);
	free(flows);
}

void fill_flows_but(struct rig *rig, uint32_t places)
{
	fill_flows(rig);
	for (uint32_t i = 0; i < places; i++) {
		struct sw_flow_key key = packet_flow(&(struct packet){.client = STRANGERS + i});

		assert_int_equal(bpf_map_delete_elem(rig->maps->flows_fd, &key), 0);
	}
}

void fill_sources(struct rig *rig)
{
	struct sw_source_key *keys = calloc(BATCH, sizeof(*keys));
	struct sw_source_live *sources = calloc(BATCH, sizeof(*sources));

	assert_true(keys && sources);
	fill(rig->maps->source_live_fd, keys, sources, name_sources);
	free(keys);
	free(sources);
}
