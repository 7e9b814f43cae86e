/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one row measures, and that it was what was meant.
 */
#include "rows.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "spillway/decision.h"
#include "spillway/limits.h"
#include "spillway/refusal.h"

#define ROUNDS_MOST 100
#define REPEATS	    200000

/* As long as a CancelRequest, the one thing that data is looked at for; and no SYN at all. */
static const struct packet bare_ack = {.flags = ACK, .padding = 6};
static const struct packet much_data = {.flags = ACK | PSH, .data = 1000};
static const struct packet like_cancel = {.flags = ACK | PSH, .data = 16};

const struct gate_row gate_rows[] = {
	{.key = "known", .name = "SYN of a known source", .goal_ns = 100},
	{.key = "known_told", .name = "and told in `events`", .in_events = true},
	{.key = "repeated", .name = "the same SYN again", .repeated = true},
	{.key = "new", .name = "SYN of a new source", .new_sources = true},
	{.key = "spoofed", .name = "SYN of a spoofed source", .new_sources = true, .full = true},
	{.key = "refused", .name = "SYN refused", .refused = true},
	{.key = "refused_told", .name = "and told in `events`", .refused = true, .in_events = true},
	{.key = "waits", .name = "SYN that has to wait", .waits = true},
	{.key = "waits_repeated", .name = "its repetition", .waits = true, .repeated = true},
	{.key = "waits_data",
	 .name = "data while 4,096 wait",
	 .goal_ns = 5,
	 .waits = true,
	 .other = &bare_ack},
	{.key = "why", .name = "SYN refused, to be told why", .told = true},
	{.key = "why_told", .name = "and told in `events`", .told = true, .in_events = true},
	{.key = "why_session",
	 .name = "a session's data meanwhile",
	 .told = true,
	 .session = true,
	 .other = &much_data},
	{.key = "why_stranger",
	 .name = "a stranger's data meanwhile",
	 .told = true,
	 .other = &much_data},
	{.key = "no_syn", .name = "not a SYN", .goal_ns = 5, .other = &bare_ack},
	{.key = "data", .name = "1,000 bytes of data", .goal_ns = 5, .other = &much_data},
	{.key = "like_cancel",
	 .name = "16 bytes of data, no cancel",
	 .goal_ns = 5,
	 .other = &like_cancel},
};
const size_t gate_rows_count = COUNT_OF(gate_rows);

static const struct packet *syn_of(const struct gate_row *row)
{
	return row->waits ? &gate_whole_syn : &gate_bare_syn;
}

static void prepare_round(struct gate_bench *bench, const struct gate_row *row)
{
	struct bench_feed *feed = &bench->skel->bss->feed;
	bool has_room = !row->refused && !row->told && !row->waits;

	gate_forget_flows(bench);
	feed->sources = row->new_sources ? 0 : bench->sources;
	gate_set_budget(bench, has_room ? GATE_UNLIMITED : 0);
	bench->service_conf[0].answers_as = row->told ? SW_ANSWERS_POSTGRES : SW_ANSWERS_RESET;
	bench->class_conf[0].lanes =
		SW_LANE_DIRECT | (row->waits ? SW_LANE_QUEUE | SW_LANE_REFUSE << 8 : SW_LANE_REFUSE)
					 << 8;
}

/* So few that all of them may be told. */
static int syns_of(const struct gate_row *row)
{
	return row->in_events ? SW_DECISIONS_ALL : GATE_SYNS;
}

/* In this second none were told so far, or as many as may be. By the kernel's clock, as the gate has it. */
static void set_told(struct gate_bench *bench, uint32_t told)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	bench->skel->bss->decisions_rate = (uint64_t)now.tv_sec << 32 | told;
	bench->told = 0;
}

static double run_syns(struct gate_bench *bench, const struct gate_row *row,
		       const struct bpf_program *program)
{
	set_told(bench, row->in_events ? 0 : SW_DECISIONS_MOST);
	return gate_run_syns(bench, program, syn_of(row), syns_of(row));
}

static void check(bool is_so, const struct gate_row *row, const char *what, uint64_t found)
{
	if (is_so)
		return;
	fprintf(stderr, "%s: %s: %s: %lu\n", program_invocation_short_name, row->name, what,
		(unsigned long)found);
	exit(1);
}

/* A key that only who is in the table has. */
static bool is_listed(const struct gate_bench *bench, uint32_t number)
{
	struct sw_source_key key = {.address = packet_client(&(struct packet){.client = number})};
	struct sw_source_live live;

	return !bpf_map_lookup_elem(bpf_map__fd(bench->skel->maps.source_live), &key, &live);
}

static void check_round(const struct gate_bench *bench, const struct gate_row *row)
{
	uint32_t first = bench->skel->bss->feed.new_source;

	if (row->in_events)
		check(bench->told == SW_DECISIONS_ALL, row, "not all decisions were told, but",
		      bench->told);
	if (row->waits)
		check(bench->service_state->waiting == GATE_SYNS, row, "not all SYNs wait, but",
		      bench->service_state->waiting);
	if (row->new_sources)
		check(is_listed(bench, first) != row->full, row,
		      row->full ? "there was room for source" : "there was no room for source",
		      first);
}

/*
 * New sources of the last round are known now: they have to go, the others to stay. Where the tables are full there
 * was no room for them, or the kernel made some: the next round has others, which were never seen.
 */
static void finish_round(struct gate_bench *bench, const struct gate_row *row)
{
	struct bench_feed *feed = &bench->skel->bss->feed;

	for (int i = 0; row->new_sources && !row->full && i < syns_of(row); i++)
		gate_forget_source(bench, feed->new_source + i);
	if (row->full)
		feed->new_source += syns_of(row);
}

static struct gate_cost syns_cost(struct gate_bench *bench, const struct gate_row *row,
				  const struct bpf_program *program, int rounds)
{
	double nets[ROUNDS_MOST];

	bench->skel->bss->feed.new_source = GATE_UNKNOWN;
	for (int i = -1; i < rounds; i++) { /* the first warms up */
		double feeding, all;

		prepare_round(bench, row);
		feeding = run_syns(bench, row, bench->skel->progs.feed_only);
		if (row->repeated)
			run_syns(bench, row, program);
		all = run_syns(bench, row, program);
		if (i >= 0)
			nets[i] = all - feeding;
		if (program == bench->skel->progs.feed_gate)
			check_round(bench, row);
		finish_round(bench, row);
	}
	return gate_cost_of(nets, rounds);
}

static struct gate_cost other_cost(const struct gate_bench *bench, const struct packet *packet,
				   int rounds)
{
	double nets[ROUNDS_MOST];

	for (int i = -1; i < rounds; i++) {
		double nothing = gate_run(bench->skel->progs.empty, packet, REPEATS);
		double all = gate_run(bench->skel->progs.gate_xdp, packet, REPEATS);

		if (i >= 0)
			nets[i] = all - nothing;
	}
	return gate_cost_of(nets, rounds);
}

static void let_in(const struct gate_bench *bench, const struct packet *packet)
{
	struct sw_flow_key key = packet_flow(packet);
	const struct sw_flow flow = {.tag = sw_flow_tag(&key), .state = SW_FLOW_OPEN};

	gate_must("flows",
		  bpf_map_update_elem(bpf_map__fd(bench->skel->maps.flows), &key, &flow, BPF_ANY));
}

struct gate_cost gate_row_cost(struct gate_bench *bench, const struct gate_row *row, int rounds)
{
	struct gate_cost cost;

	if (row->full)
		gate_know_sources(bench, SW_SOURCES_MAX);
	if (!row->other)
		return syns_cost(bench, row, bench->skel->progs.feed_gate, rounds);
	prepare_round(bench, row);
	run_syns(bench, row, bench->skel->progs.feed_gate);
	if (row->session)
		let_in(bench, row->other);
	cost = other_cost(bench, row->other, rounds);
	/* Half a minute after the last refusal nobody's data is looked at. */
	check(!!bench->skel->bss->answering_ns == row->told, row,
	      row->told ? "refusals are no longer told" : "refusals are told",
	      bench->skel->bss->answering_ns);
	return cost;
}

struct gate_cost gate_part_cost(struct gate_bench *bench, const struct bpf_program *part,
				int rounds)
{
	return syns_cost(bench, &gate_rows[0], part, rounds);
}
