/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts alone do not tell whether an id is free: an expired flow is counted nowhere, and its connection,
 * if it comes all the same, is under the ids that the flow has.
 */
#include "kern/busy.h"

#include <bpf/bpf.h>
#include <string.h>

#include "kern/read.h"

static int note_flow(void *arg, const struct sw_flow_key *key, const struct sw_flow *flow)
{
	struct sw_busy *busy = arg;

	(void)key;
	busy->services[flow->service % SW_SERVICES_MAX] = true;
	busy->classes[flow->class_id % SW_CLASSES_MAX] = true;
	return 0;
}

/* Flows that cannot be read may be anybody's. */
static void read_once(struct sw_busy *busy)
{
	if (busy->is_read)
		return;
	busy->is_read = true;
	if (!sw_read_flows(busy->maps, note_flow, busy))
		return;
	memset(busy->services, true, sizeof(busy->services));
	memset(busy->classes, true, sizeof(busy->classes));
}

/* In this order: what expires after the flows were read was among them. */
static bool service_is_busy(void *arg, uint32_t id)
{
	struct sw_busy *busy = arg;
	const struct sw_service_state *state = &busy->maps->service_state[id];

	if (state->direct || state->pooler || state->waiting)
		return true;
	read_once(busy);
	return busy->services[id];
}

static bool class_is_busy(void *arg, uint32_t id)
{
	struct sw_busy *busy = arg;
	const struct sw_class_state *state = &busy->maps->class_state[id];

	if (state->direct || state->pooler || state->waiting)
		return true;
	read_once(busy);
	return busy->classes[id];
}

static bool serves(void *arg, const struct sw_service_key *at, uint32_t *id)
{
	const struct sw_busy *busy = arg;

	return !bpf_map_lookup_elem(busy->maps->services_fd, at, id);
}

struct sw_plan_busy sw_busy_ask(struct sw_busy *busy, const struct sw_maps *maps)
{
	*busy = (struct sw_busy){.maps = maps};
	return (struct sw_plan_busy){
		.service = service_is_busy,
		.class = class_is_busy,
		.serves = serves,
		.arg = busy,
	};
}
