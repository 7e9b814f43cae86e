/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the benchmark and its BPF programs tell each other.
 */
#ifndef TEST_BENCH_H
#define TEST_BENCH_H

#define BENCH_FRAME 60
#define BENCH_PORT  5432 /* of service 0 */
/* Multiplier: 2^32 / golden ratio, so that neighbours in time are not neighbours in a table. */
#define BENCH_SCATTER 2654435761u

/* Which SYN comes next, in the programs' own memory. */
struct bench_feed {
	unsigned char frame[64]; /* the SYN, but for client's address and both ports */
	unsigned int sum;	 /* of what its checksum covers, but for those */
	unsigned long long next; /* number of the next SYN; each is of a flow of its own */
	unsigned int sources;	 /* known sources, met in no order; 0: each SYN is of a new one */
	unsigned int new_source; /* then the first one's number */
	unsigned int services;	 /* to which the sources come by turns */
};

#endif
