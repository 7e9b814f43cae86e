/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a storm is to be: the command line as one struct. Filled once by main.c, read-only after.
 */
#ifndef STORM_OPTIONS_H
#define STORM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/addr.h"
#include "core/error.h"
#include "core/number.h"
#include "sources.h"
#include "spread.h"

struct sw_options {
	struct sw_endpoint target;
	uint32_t clients;
	struct sw_sources sources;
	uint32_t source_count;	     /* with source_base: another way to write sources */
	struct sw_addr source_base;  /* all zeros: not given */
	struct sw_spread spread;     /* which client has which source */
	uint64_t within_ns;	     /* 0: all at once */
	struct sw_rate connect_rate; /* count 0: none, within_ns holds */
	bool even;		     /* arrivals at equal distances instead of at random */
	uint32_t seed;
	const char *user, *database, *password; /* password NULL: none */
	const char *query;
	bool no_query;
	uint32_t rounds; /* queries of a client, at least 1 */
	uint64_t think_ns;
	bool reconnect; /* each round in a connection of its own */
	uint64_t hold_ns;
	uint64_t timeout_ns; /* SYN to the first answer, then for each query; the hold is no part */
	bool tls_request;
	uint32_t max_in_flight; /* 0: no cap */
	bool json;
	bool histogram, by_source;
	const char *each; /* a file; NULL: none */
	bool progress, no_progress;
	bool fail_if_any;
	bool help, version;
};

/*
 * 0, or -EINVAL/-ERANGE with err saying which option and why. With help or version set nothing
 * else has been checked. The strings point into argv.
 */
int sw_options_parse(int argc, char **argv, struct sw_options *out, struct sw_error *err);
void sw_options_usage(FILE *to);

#endif
