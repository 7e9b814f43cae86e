/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kinds of packets whose verdict is measured, a row of a table each. Used by verdict_cost.c.
 */
#ifndef TEST_BENCH_ROWS_H
#define TEST_BENCH_ROWS_H

#include <stdbool.h>

#include "gate.h"

/* What is measured: how a round is prepared, and which SYNs it sees. */
struct gate_row {
	const char *key;
	const char *name;
	double goal_ns; /* 0: none */
	bool new_sources;
	bool full; /* no room in the tables of sources for those who are new */
	bool refused;
	bool repeated; /* the round's flows are known already */
	bool waits;
	bool in_events;		    /* each decision is told to the daemon, as while they are few */
	bool told;		    /* refused by a SYN-ACK, after which the client is told why */
	bool session;		    /* `other` is of one that is in */
	const struct packet *other; /* measured instead of SYNs, after all those */
};

extern const struct gate_row gate_rows[];
extern const size_t gate_rows_count;

/* `rounds` of the row, each net of a program that does nothing but write the same packets. */
struct gate_cost gate_row_cost(struct gate_bench *bench, const struct gate_row *row, int rounds);
/* Likewise of one part of the verdict on known sources. */
struct gate_cost gate_part_cost(struct gate_bench *bench, const struct bpf_program *part,
				int rounds);

#endif
