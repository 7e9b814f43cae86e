/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How full the maps are, and what they cost.
 */
#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "kern/read.h"

static int count_one(void *arg, const void *key, const void *value)
{
	(void)key, (void)value;
	(*(uint64_t *)arg)++;
	return 0;
}

static int count_flow(void *arg, const struct sw_flow_key *key, const struct sw_flow *flow)
{
	return count_one(arg, key, flow);
}

static int count_live(void *arg, const struct sw_source_key *key, const struct sw_source_live *live)
{
	return count_one(arg, key, live);
}

static int count_rate(void *arg, const struct sw_source_key *key, const struct sw_source_rate *rate)
{
	return count_one(arg, key, rate);
}

void sw_read_usage(const struct sw_maps *maps, struct sw_map_usage out[SW_MAP_USAGE_ROWS])
{
	struct sw_map_usage rows[SW_MAP_USAGE_ROWS] = {
		{"flows", 0, SW_FLOWS_MAX},
		{"source_live", 0, SW_SOURCES_MAX},
		{"source_rate", 0, SW_SOURCES_MAX},
	};

	sw_read_flows(maps, count_flow, &rows[0].entries);
	sw_read_live(maps, count_live, &rows[1].entries);
	sw_read_rates(maps, count_rate, &rows[2].entries);
	memcpy(out, rows, sizeof(rows));
}

/* "memlock" of the map's descriptor: bytes that the kernel accounts to it (not over-allocation). */
static uint64_t map_bytes(int fd)
{
	char path[64], line[128];
	SW_FCLOSE FILE *info = NULL;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "re");
	while (info && fgets(line, sizeof(line), info))
		if (!strncmp(line, "memlock:", strlen("memlock:")))
			return strtoull(line + strlen("memlock:"), NULL, 10);
	return 0;
}

uint64_t sw_read_memory(const struct sw_maps *maps)
{
	const int fds[] = {
		maps->services_fd,  maps->classes_fd, maps->source_rate_fd, maps->source_live_fd,
		maps->flows_fd,	    maps->refused_fd, maps->counters_fd,    maps->verdicts_fd,
		maps->lifetimes_fd, maps->waits_fd,   maps->wakeups_fd,	    maps->decisions_fd,
		maps->sampled_fd,
	};
	uint64_t bytes =
		sizeof(struct sw_ports) +
		SW_SERVICES_MAX *
			(sizeof(struct sw_service_conf) + sizeof(struct sw_service_state)) +
		SW_CLASSES_MAX * (sizeof(struct sw_class_conf) + sizeof(struct sw_class_state));

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		bytes += map_bytes(fds[i]);
	return bytes;
}
