/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a verdict costs: nanoseconds a packet, net of a program that does nothing but write the same
 * packet, measured in turns with it; and what the maps take of memory. `make bench` runs it. Of one kind of packet,
 * in JSON, the benchmark's scenario `verdicts` has it: verdict_cost --rows says which there are, verdict_cost --row
 * KEY ROUNDS SOURCES... measures one at each number of known sources.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"
#include "map_bytes.h"
#include "rows.h"
#include "spillway/limits.h"

#define ROUNDS 15

static void show_cell(struct gate_cost cost)
{
	char text[48];

	snprintf(text, sizeof(text), "%.0f (%.0f-%.0f)", cost.median, cost.least, cost.most);
	printf("%18s", text);
	fflush(stdout);
}

struct column {
	uint32_t sources;
	uint32_t prefixes;
};

static void show_table(struct gate_bench *bench, const char *what, const struct column *columns,
		       size_t count)
{
	printf("\n%-28s%10s", what, "goal");
	for (size_t i = 0; i < count; i++)
		printf("%18u", columns[i].prefixes ? columns[i].prefixes : columns[i].sources);
	for (size_t row = 0; row < gate_rows_count; row++) {
		char goal[16] = "";

		if (gate_rows[row].goal_ns > 0)
			snprintf(goal, sizeof(goal), "%.0f", gate_rows[row].goal_ns);
		printf("\n%-28s%10s", gate_rows[row].name, goal);
		for (size_t i = 0; i < count; i++) {
			gate_know_sources(bench, columns[i].sources);
			gate_remove_prefixes(bench);
			gate_add_prefixes(bench, columns[i].prefixes);
			show_cell(gate_row_cost(bench, &gate_rows[row], ROUNDS));
		}
	}
	printf("\n");
}

static void show_parts(struct gate_bench *bench)
{
	const struct {
		const char *name;
		const struct bpf_program *program;
	} parts[] = {
		{"the clock", bench->skel->progs.part_clock},
		{"five arrays looked up", bench->skel->progs.part_arrays},
		{"flow looked up, not found", bench->skel->progs.part_miss},
		{"flow put in", bench->skel->progs.part_insert},
		{"class among 100 prefixes", bench->skel->progs.part_class},
		{"rate found and taken", bench->skel->progs.part_rate},
		{"source found and counted", bench->skel->progs.part_live},
		{"slot taken, arrays included", bench->skel->progs.part_slots},
		{"verdict counted", bench->skel->progs.part_count},
	};

	gate_know_sources(bench, 1000);
	gate_remove_prefixes(bench);
	gate_add_prefixes(bench, 100);
	printf("\n%-38s%18s\n", "Parts of it, 1,000 sources", "alone");
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		printf("%-38s", parts[i].name);
		show_cell(gate_part_cost(bench, parts[i].program, ROUNDS));
		printf("\n");
	}
}

static void show_memory(const struct gate_bench *bench)
{
	uint64_t sum = 0;
	struct bpf_map *map;

	printf("\n%-28s%10s%18s\n", "Memory at the default sizes", "entries", "bytes");
	bpf_object__for_each_map(map, bench->skel->obj)
	{
		if (bpf_map__is_internal(map))
			continue;
		printf("%-28s%10u%18lu\n", bpf_map__name(map), bpf_map__max_entries(map),
		       bytes_of(map));
		sum += bytes_of(map);
	}
	printf("%-28s%10s%18lu\n", "all maps", "", sum);
}

static void begin(struct gate_bench *bench)
{
	gate_load(bench, SW_SOURCES_MAX);
	gate_stay_on_one_cpu();
	gate_set_services(bench, 1);
	gate_set_refusals(bench);
}

static int show_all(void)
{
	static const struct column by_sources[] = {{1, 0}, {1000, 0}, {100000, 0}};
	static const struct column by_prefixes[] = {{1000, 1}, {1000, 100}, {1000, 10000}};
	struct gate_bench bench = {0};

	begin(&bench);
	printf("Nanoseconds a packet in XDP, net of an empty program: median (least-most) of %d "
	       "rounds;\na spoofed source is a new one while both tables of sources are full\n",
	       ROUNDS);
	show_table(&bench, "Known sources", by_sources, COUNT_OF(by_sources));
	show_table(&bench, "Class prefixes", by_prefixes, COUNT_OF(by_prefixes));
	show_parts(&bench);
	show_memory(&bench);
	gate_unload(&bench);
	return 0;
}

/* KEY, goal (0: none), name. */
static int list_rows(void)
{
	for (size_t i = 0; i < gate_rows_count; i++)
		printf("%s\t%.0f\t%s\n", gate_rows[i].key, gate_rows[i].goal_ns, gate_rows[i].name);
	return 0;
}

static uint32_t number(const char *text, uint32_t most)
{
	uint32_t value;

	if (sw_parse_u32(text, &value) || !value || value > most) {
		fprintf(stderr, "verdict_cost: '%s' is no number from 1 to %u\n", text, most);
		exit(2);
	}
	return value;
}

/* {"ns_SOURCES": median, ...} */
static int measure_one(const char *key, const char *rounds, char **sources, int count)
{
	struct gate_bench bench = {0};
	const struct gate_row *row = NULL;

	for (size_t i = 0; i < gate_rows_count; i++)
		if (!strcmp(gate_rows[i].key, key))
			row = &gate_rows[i];
	if (!row) {
		fprintf(stderr, "verdict_cost: there is no row '%s'; --rows says which there are\n",
			key);
		return 2;
	}
	begin(&bench);
	for (int i = 0; i < count; i++) {
		uint32_t known = number(sources[i], SW_SOURCES_MAX);

		gate_know_sources(&bench, known);
		printf("%s\"ns_%u\": %.2f", i ? ", " : "{", known,
		       gate_row_cost(&bench, row, number(rounds, 100)).median);
	}
	printf("}\n");
	gate_unload(&bench);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 1)
		return show_all();
	if (argc == 2 && !strcmp(argv[1], "--rows"))
		return list_rows();
	if (argc > 4 && !strcmp(argv[1], "--row"))
		return measure_one(argv[2], argv[3], argv + 4, argc - 4);
	fprintf(stderr, "usage: verdict_cost [--rows | --row KEY ROUNDS SOURCES...]\n");
	return 2;
}
