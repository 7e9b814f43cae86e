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
#include "sources.h"

struct sw_options {
	struct sw_endpoint target;
	uint32_t clients;
	struct sw_sources sources;
	uint32_t source_count;	    /* with source_base: another way to write sources */
	struct sw_addr source_base; /* all zeros: not given */
	uint64_t within_ns;	    /* 0: all at once */
	bool even;		    /* arrivals at equal distances instead of uniformly at random */
	uint32_t seed;
	const char *user, *database, *password; /* password NULL: none */
	const char *query;
	bool no_query;
	uint64_t hold_ns;
	uint64_t timeout_ns; /* SYN to the last answer; the hold is not part of it */
	bool tls_request;
	uint32_t max_in_flight; /* 0: no cap */
	bool json;
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
