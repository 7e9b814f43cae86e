/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a map takes of memory. Used by verdict_cost.c.
 */
#ifndef TEST_BENCH_MAP_BYTES_H
#define TEST_BENCH_MAP_BYTES_H

#include <bpf/libbpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As the kernel accounts it, with what it allocates for each CPU. 0: it does not say. */
static inline uint64_t bytes_of(const struct bpf_map *map)
{
	char path[64], line[128];
	unsigned long long bytes = 0;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", bpf_map__fd(map));
	info = fopen(path, "re");
	if (!info)
		return 0;
	while (fgets(line, sizeof(line), info))
		if (!strncmp(line, "memlock:", 8))
			bytes = strtoull(line + 8, NULL, 10);
	fclose(info);
	return bytes;
}

#endif
