/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading what the programs count and hold.
 */
#include "kern/read.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/clock.h"

/* Entries a system call brings. A hash map's bucket has to fit, and few are longer than some. */
#define BATCH 2048

/* Sums the words of one entry of a per-CPU map over all CPUs. */
static void sum_cpus(int fd, uint32_t key, uint64_t *out, size_t words)
{
	int cpus = libbpf_num_possible_cpus();
	SW_FREE uint64_t *values = cpus > 0 ? calloc(cpus * words, sizeof(*values)) : NULL;

	memset(out, 0, words * sizeof(*out));
	if (!values || bpf_map_lookup_elem(fd, &key, values))
		return;
	for (int cpu = 0; cpu < cpus; cpu++)
		for (size_t i = 0; i < words; i++)
			out[i] += values[cpu * words + i];
}

void sw_read_counters(const struct sw_maps *maps, uint32_t row, uint64_t out[SW_COUNTER_COUNT])
{
	sum_cpus(maps->counters_fd, row, out, SW_COUNTER_COUNT);
}

void sw_read_verdicts(const struct sw_maps *maps, uint32_t class_id, uint64_t out[SW_VERDICT_CELLS])
{
	sum_cpus(maps->verdicts_fd, class_id, out, SW_VERDICT_CELLS);
}

void sw_read_lifetimes(const struct sw_maps *maps, uint32_t service, struct sw_lifetimes *out)
{
	sum_cpus(maps->lifetimes_fd, service, (uint64_t *)out, sizeof(*out) / sizeof(uint64_t));
}

void sw_read_waits(const struct sw_maps *maps, uint32_t service, struct sw_waits *out)
{
	sum_cpus(maps->waits_fd, service, (uint64_t *)out, sizeof(*out) / sizeof(uint64_t));
}

/* A walk over a hash map: sizes of its entries, and whom to show them to. */
struct walk {
	int fd;
	size_t key_size;
	size_t value_size;
	int (*each)(void *arg, const void *key, const void *value);
	void *arg;
};

static int show_batch(const struct walk *walk, const char *keys, const char *values, __u32 count)
{
	int stop = 0;

	for (__u32 i = 0; !stop && i < count && walk->each; i++)
		stop = walk->each(walk->arg, keys + i * walk->key_size,
				  values + i * walk->value_size);
	return stop;
}

static int walk_map(const struct walk *walk)
{
	SW_FREE char *keys = malloc(BATCH * walk->key_size);
	SW_FREE char *values = malloc(BATCH * walk->value_size);
	char cursor[64]; /* as large as a key at most */
	bool started = false;
	int stop = 0;

	if (!keys || !values)
		return -ENOMEM;
	while (!stop) {
		__u32 count = BATCH;
		int err = bpf_map_lookup_batch(walk->fd, started ? cursor : NULL, cursor, keys,
					       values, &count, NULL);

		if (err && err != -ENOENT)
			return err;
		started = true;
		stop = show_batch(walk, keys, values, count);
		if (err == -ENOENT) /* that was the last one */
			break;
	}
	return stop;
}

/* One typed callback behind the untyped walk. */
struct typed {
	union {
		int (*flow)(void *arg, const struct sw_flow_key *key, const struct sw_flow *flow);
		int (*live)(void *arg, const struct sw_source_key *key,
			    const struct sw_source_live *live);
		int (*rate)(void *arg, const struct sw_source_key *key,
			    const struct sw_source_rate *rate);
	};
	void *arg;
};

static int show_flow(void *arg, const void *key, const void *value)
{
	const struct typed *typed = arg;

	return typed->flow(typed->arg, key, value);
}

static int show_live(void *arg, const void *key, const void *value)
{
	const struct typed *typed = arg;

	return typed->live(typed->arg, key, value);
}

static int show_rate(void *arg, const void *key, const void *value)
{
	const struct typed *typed = arg;

	return typed->rate(typed->arg, key, value);
}

int sw_read_flows(const struct sw_maps *maps,
		  int (*each)(void *arg, const struct sw_flow_key *key, const struct sw_flow *flow),
		  void *arg)
{
	struct typed typed = {.flow = each, .arg = arg};
	const struct walk walk = {
		.fd = maps->flows_fd,
		.key_size = sizeof(struct sw_flow_key),
		.value_size = sizeof(struct sw_flow),
		.each = show_flow,
		.arg = &typed,
	};

	return walk_map(&walk);
}

int sw_read_live(const struct sw_maps *maps,
		 int (*each)(void *arg, const struct sw_source_key *key,
			     const struct sw_source_live *live),
		 void *arg)
{
	struct typed typed = {.live = each, .arg = arg};
	const struct walk walk = {
		.fd = maps->source_live_fd,
		.key_size = sizeof(struct sw_source_key),
		.value_size = sizeof(struct sw_source_live),
		.each = show_live,
		.arg = &typed,
	};

	return walk_map(&walk);
}

int sw_read_rates(const struct sw_maps *maps,
		  int (*each)(void *arg, const struct sw_source_key *key,
			      const struct sw_source_rate *rate),
		  void *arg)
{
	struct typed typed = {.rate = each, .arg = arg};
	const struct walk walk = {
		.fd = maps->source_rate_fd,
		.key_size = sizeof(struct sw_source_key),
		.value_size = sizeof(struct sw_source_rate),
		.each = show_rate,
		.arg = &typed,
	};

	return walk_map(&walk);
}

int sw_read_flow(const struct sw_maps *maps, const struct sw_flow_key *key, struct sw_flow *out)
{
	return bpf_map_lookup_elem(maps->flows_fd, key, out) ? -ENOENT : 0;
}

int sw_read_source_live(const struct sw_maps *maps, const struct sw_source_key *key,
			struct sw_source_live *out)
{
	return bpf_map_lookup_elem(maps->source_live_fd, key, out) ? -ENOENT : 0;
}

int sw_read_source_rate(const struct sw_maps *maps, const struct sw_source_key *key,
			struct sw_source_rate *out)
{
	return bpf_map_lookup_elem(maps->source_rate_fd, key, out) ? -ENOENT : 0;
}

double sw_read_rate_per_second(const struct sw_source_rate *rate, uint64_t now_ns)
{
	uint32_t second = now_ns / SW_NS_PER_S;
	double part = (double)(now_ns % SW_NS_PER_S) / SW_NS_PER_S;

	if (rate->second == second)
		return rate->previous * (1 - part) + rate->current;
	if (rate->second + 1 == second)
		return rate->current * (1 - part);
	return 0;
}
